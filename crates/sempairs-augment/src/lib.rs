//! Data augmentation: makes two views of the pictures of a pair.
//!
//! - A [`Transform`] describes a random operation with its ranges and probabilities, and a
//!   [`Pipeline`] is a list of them. Both are plain data, which can be read from a file.
//! - [`Augmentation`] lists the presets of published methods (SimCLR, BYOL, DINO, ...), each with
//!   one pipeline for each of the two views.
//! - [`Pipeline::plan`] draws all random numbers for one view and returns them as a [`Plan`].
//! - [`Plan::apply`] makes the view from an 8-bit picture, and [`apply_batch`] makes a batch of
//!   views on all cores. The result depends only on the picture and the plan.
//! - [`Pipeline::render`] does both for one view. [`render_views`] calls a function for every row
//!   of a batch on all cores.
//!
//! The values equal those of torchvision's `transforms.v2.functional` on float tensors with
//! antialiasing, with which the reference implementations of these methods in PyTorch are trained.
//!
//! Every transform draws from its own random stream. Removing one from a pipeline therefore does
//! not change the random numbers of the others.
//!
//! ```
//! use sempairs_augment::{Augmentation, Scratch};
//! use sempairs_data::{Key, Picture, Side};
//!
//! let picture = Picture::new(80, 60, vec![128; 3 * 80 * 60]);
//! let [one, _two] = Augmentation::Simclr.pipelines(64);
//! // A uniformly grey picture is not changed by crop, flip and blur, only by the colour jitter.
//! let one = one.without("color_jitter").unwrap();
//! let key = Key { seed: 0, epoch: 0, picture: 7, side: Side::Left };
//! let mut view = vec![0.0; 3 * 64 * 64];
//! one.render(&picture, key, &mut view, &mut Scratch::default());
//! assert!(view.iter().all(|value| (value - 128.0 / 255.0).abs() < 1e-6));
//! ```

#![deny(clippy::print_stdout, clippy::print_stderr)]

#[macro_use]
mod simd;

mod apply;
mod batch;
mod blur;
mod colour;
mod crop_window;
mod pipeline;
mod plan;
mod preset;
mod resample;
mod rng;
mod rotate;
mod transform;

pub use apply::Scratch;
pub use batch::{apply_batch, render_views};
pub use crop_window::CropWindow;
pub use pipeline::Pipeline;
pub use plan::{Plan, Step};
pub use preset::Augmentation;
pub use sempairs_data::{ConfigError, MAX_VIEW_SIDE as MAX_SIDE, Region};
pub use transform::{Interpolation, Transform};
