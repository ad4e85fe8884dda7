//! Self-supervised learning from semantic pairs.
//!
//! A semantic pair is two different pictures of the same kind of thing; an augmented pair is one picture
//! twice. This crate is the front of a workspace that pre-trains a backbone on either, with the same
//! initial weights, the same order and the same augmentation, and says how much better it gets, with an
//! interval. Every part stands alone as a crate, re-exported here: [`data`], [`augment`], [`backbone`],
//! [`objective`], [`train`], [`eval`].
//!
//! # Backends
//!
//! Since Burn 0.22 a tensor knows the device it lives on, and the device says which backend computes. So
//! every type here is generic over backends without a type parameter: hand it a
//! [`Device`](burn::tensor::Device), or a tensor that lives on one. [`device::open`] turns a name such as
//! `flex` or `cuda:0` into a device; the features `flex`, `wgpu`, `vulkan` and `cuda` say which names work.

pub mod comparison;
pub mod device;
mod examples;
pub mod experiment;
pub mod report;
pub mod run;
mod suggest;

pub use sempairs_augment as augment;
pub use sempairs_backbone as backbone;
pub use sempairs_data as data;
pub use sempairs_eval as eval;
pub use sempairs_kernels as kernels;
pub use sempairs_objective as objective;
pub use sempairs_train as train;

mod error;
pub use error::Error;
pub use suggest::nearest;
