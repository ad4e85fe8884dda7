//! Self-supervised learning from semantic pairs.
//!
//! A semantic pair consists of two different pictures of the same class; an augmented pair consists
//! of the same picture twice. This crate is the entry point of a workspace that pre-trains a
//! backbone on either kind of pair, with the same initial weights, data order and augmentation, and
//! reports the difference in downstream accuracy with a confidence interval. The parts are separate
//! crates, re-exported here: [`data`], [`augment`], [`backbone`], [`objective`], [`train`],
//! [`eval`].
//!
//! A complete program with custom pictures: augmented and semantic pairs, SimCLR, linear probe and
//! k-NN evaluation, and the comparison.
//!
//! ```
//! use std::sync::Arc;
//!
//! use sempairs::backbone::{Architecture, BackboneConfig};
//! use sempairs::data::{DataError, Picture, PictureSource};
//! use sempairs::objective::SimClrConfig;
//! use sempairs::{Study, Training, device, run::Runner};
//!
//! /// Squares of two sizes, each on a background of a different grey.
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
//! Since Burn 0.22 a tensor carries its device, and the device determines the backend. The types of
//! this crate therefore work with every backend without a type parameter: pass a
//! [`Device`](burn::tensor::Device), or a tensor on one. [`device::open`] turns a name such as
//! `flex` or `cuda:0` into a device; the Cargo features `flex`, `wgpu`, `vulkan` and `cuda`
//! determine which names are available.

#![deny(clippy::print_stdout, clippy::print_stderr)]

pub mod attention;
pub mod comparison;
pub mod device;
pub mod experiment;
pub mod grid;
pub mod method_table;
pub mod png;
mod rendered;
pub mod report;
pub mod run;
pub mod signals;

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
pub use experiment::{Arm, Evaluation, Study, Training, presets};
pub use sempairs_data::ConfigError;
