//! Self-supervised learning from semantic pairs.
//!
//! A semantic pair is two different pictures of the same kind of thing; an augmented pair is one picture
//! twice. This crate is the front of a workspace that pre-trains a backbone on either, with the same
//! initial weights, the same order and the same augmentation, and says how much better it gets, with an
//! interval. Every part stands alone as a crate, re-exported here: [`data`], [`augment`], [`backbone`],
//! [`objective`], [`train`], [`eval`].
//!
//! A complete program: pictures of your own, augmented and semantic pairs of them, SimCLR, a linear
//! probe and k-NN, and the comparison.
//!
//! ```
//! use std::sync::Arc;
//!
//! use sempairs::backbone::{Architecture, BackboneConfig};
//! use sempairs::data::{DataError, Picture, PictureSource};
//! use sempairs::objective::SimClrConfig;
//! use sempairs::{Study, Training, device, run::Runner};
//!
//! /// Squares of two sizes, each on a grey of its own.
//! struct Squares(Vec<String>);
//!
//! impl PictureSource for Squares {
//!     fn len(&self) -> usize {
//!         32
//!     }
//!     fn classes(&self) -> &[String] {
//!         &self.0
//!     }
//!     fn class(&self, index: usize) -> Option<usize> {
//!         Some(index % 2)
//!     }
//!     fn name(&self, index: usize) -> String {
//!         format!("square {index}")
//!     }
//!     fn read(&self, index: usize) -> Result<Picture<'_>, DataError> {
//!         let inside = |at: usize| (4..8 + 4 * (index % 2)).contains(&at);
//!         let grey = |i: usize| inside(i / 3 % 16) && inside(i / 48);
//!         let pixels = (0..768).map(|i| if grey(i) { 255 } else { 5 * index as u8 });
//!         Ok(Picture::new(16, 16, pixels.collect::<Vec<u8>>()))
//!     }
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let runs = tempfile::tempdir()?; let runs = runs.path();
//! let squares = Arc::new(Squares(vec!["small".into(), "large".into()]));
//! let backbone = BackboneConfig::new(Architecture::Resnet10Narrow);
//! let study = Study::new("squares", squares, backbone, SimClrConfig::paper())
//!     .training(Training::adamw(16, 4, 1e-3));
//! println!("{}", Runner::new(runs, device::open("flex")?, "flex").compare(&study)?);
//! # Ok(())
//! # }
//! ```
//!
//! # Backends
//!
//! Since Burn 0.22 a tensor knows the device it lives on, and the device says which backend computes. So
//! every type here is generic over backends without a type parameter: hand it a
//! [`Device`](burn::tensor::Device), or a tensor that lives on one. [`device::open`] turns a name such as
//! `flex` or `cuda:0` into a device; the features `flex`, `wgpu`, `vulkan` and `cuda` say which names work.

#![deny(clippy::print_stdout, clippy::print_stderr)]

pub mod attention;
pub mod comparison;
pub mod device;
pub mod experiment;
pub mod method_table;
pub mod png;
pub mod presets;
mod rendered;
pub mod report;
pub mod run;
pub mod signals;
mod study;

pub use sempairs_augment as augment;
pub use sempairs_backbone as backbone;
pub use sempairs_data as data;
pub use sempairs_eval as eval;
pub use sempairs_kernels as kernels;
pub use sempairs_objective as objective;
pub use sempairs_scenes as scenes;
pub use sempairs_train as train;

mod error;
pub use error::Error;
pub use study::{Arm, Evaluation, Study, Training};
