//! Self-supervised learning from semantic pairs.
//!
//! A semantic pair is two different pictures of the same kind of thing; an augmented pair is one picture
//! twice. This crate is the front of a workspace that pre-trains a backbone on either, with the same
//! initial weights, the same order and the same augmentation, and says how much better it gets, with an
//! interval. Every part stands alone as a crate, re-exported here: [`data`], [`augment`], [`backbone`],
//! [`objective`], [`train`], [`eval`].
//!
//! A complete program: one's own pictures, pairs of them, SimCLR, a probe.
//!
//! ```
//! use std::sync::Arc;
//!
//! use sempairs::augment::Augmentation;
//! use sempairs::backbone::{Architecture, BackboneConfig};
//! use sempairs::data::{DataError, PairDataset, Pairing, Picture, PictureSource};
//! use sempairs::eval::{Downstream, Evaluate};
//! use sempairs::objective::{Method, ProjectorConfig, Reduction, SimClrConfig};
//! use sempairs::train::{Progress, RunDirectory, TrainConfig, Trainer};
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
//! let folder = tempfile::tempdir()?;
//! let device = sempairs::device::open("flex")?;
//! let squares = Arc::new(Squares(vec!["small".into(), "large".into()]));
//! let pairs = Pairing::RandomInClass.pairs(&squares, 0)?;
//! let projector = ProjectorConfig { hidden: vec![32], ..ProjectorConfig::simclr() };
//! let simclr = SimClrConfig { temperature: 0.2, reduction: Reduction::Mean, projector };
//! let backbone = BackboneConfig::new(Architecture::Resnet10Narrow).init_seeded(&device, 0);
//! let trainer = Trainer {
//!     config: TrainConfig::adamw(0, 16, 4, 1e-3),
//!     dataset: Arc::new(PairDataset::new(squares.clone(), pairs)),
//!     pipelines: Augmentation::SimclrCifar.pipelines(16).into(),
//!     device: device.clone(),
//!     directory: RunDirectory::create(folder.path())?,
//!     identity: "squares".into(),
//!     progress: Progress::Quiet,
//!     label: "squares".into(),
//!     observe: vec![],
//!     stop_on_collapse: false,
//!     interrupter: Default::default(),
//! };
//! let run = trainer.run(simclr.init(backbone, 0, &device), |_, _| Ok(()))?;
//! let view = Augmentation::SimclrCifar.evaluation(16);
//! let probe = Downstream::new("squares", squares.clone(), squares, view);
//! for score in probe.run(run.method.backbone(), &device)? {
//!     println!("{score}");
//! }
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
mod context;
pub mod device;
mod examples;
pub mod experiment;
pub mod method_table;
pub mod png;
pub mod presets;
pub mod report;
pub mod run;
mod scores;
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
