//! Augmentation: two pictures in, two views out.
//!
//! A [`Transform`] is data, a [`Pipeline`] a list of them, a [`Augmentation`] the two pipelines of a published
//! method. [`Pipeline::plan`] draws every random number of one view and writes it down in a [`Plan`];
//! [`Plan::apply`] turns an 8-bit picture into the view and is a pure function of picture and plan.
//! The values are those of torchvision's `transforms.v2.functional` on float tensors with
//! antialiasing, which PyTorch's users of these methods train with.
//!
//! Every transform draws from a random stream of its own, so that leaving one out of a pipeline
//! changes no draw of the others.
//!
//! ```
//! use sempairs_augment::{Augmentation, Scratch};
//! use sempairs_data::{Key, Picture, Side};
//!
//! let picture = Picture::new(80, 60, vec![128; 3 * 80 * 60]);
//! let [one, _two] = Augmentation::Simclr.pipelines(64);
//! // Cropped, flipped and blurred, a picture of one grey stays what it is; the jitter would change it.
//! let one = one.without("color_jitter").unwrap();
//! let key = Key { seed: 0, epoch: 0, picture: 7, side: Side::Left };
//! let plan = one.plan(picture.width(), picture.height(), key);
//! let mut view = vec![0.0; 3 * 64 * 64];
//! plan.apply(&picture, &mut view, &mut Scratch::default());
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
mod draw;
mod error;
mod pipeline;
mod plan;
mod preset;
mod resample;
mod rotate;
mod transform;

pub use apply::Scratch;
pub use batch::apply_batch;
pub use crop_window::{Crop, Frame};
pub use error::AugmentError;
pub use pipeline::Pipeline;
pub use plan::{Plan, Step};
pub use preset::Augmentation;
pub use transform::{Interpolation, MAX_SIDE, Transform};
