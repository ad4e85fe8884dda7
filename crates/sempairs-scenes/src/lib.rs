//! Procedural scenes: labelled pictures rendered from a random seed, without any download.
//!
//! A scene shows an object of a [`Class`], composed of parts, under explicit and recorded
//! [`Factors`]: background, occlusion, surface pattern, illumination, pose and scale. Two crops of
//! the same scene share mostly these nuisance factors; two scenes of the same class share only the
//! parts of the class.
//!
//! - [`SceneSource`] is a [`PictureSource`](sempairs_data::PictureSource) of scenes, for one of the
//!   splits in [`SceneSplit`].
//! - [`Distribution`] is the distribution of the nuisance factors. The classes and the
//!   distributions of pre-training and of the downstream task are disjoint, so the downstream task
//!   is unseen in pre-training. Settings are chosen on validation scenes of further classes.
//! - [`render`] draws a scene, and [`mask`] the opacity of its object.
//! - [`contact_sheet`] arranges any pictures in a grid.
//!
//! ```
//! use sempairs_data::PictureSource;
//! use sempairs_scenes::{Factor, SceneSource, SceneSplit, render};
//!
//! let scenes = SceneSource::new(SceneSplit::Pretrain, 4, 64, 0);
//! assert_eq!(scenes.len(), 20 * 4);
//! let factors = scenes.factors(0);
//! // The same car in front of another background.
//! let moved = factors.redraw(Factor::Background, scenes.distribution(), scenes.key(1));
//! assert_eq!(moved.pattern, factors.pattern);
//! assert_ne!(render(scenes.scene_class(0), &moved, 64), scenes.read(0).unwrap());
//! ```

#![deny(clippy::print_stdout, clippy::print_stderr)]

mod background;
mod classes;
mod colour;
mod contact_sheet;
mod distribution;
mod factors;
mod figure;
mod illumination;
mod instance;
mod kinds;
mod occlusion;
mod pose;
mod render;
mod silhouette;
mod source;
mod split;
mod surface;
mod texture;

pub use background::Background;
pub use classes::Class;
pub use colour::{Colour, Palette};
pub use contact_sheet::{contact_sheet, sheet_size};
pub use distribution::Distribution;
pub use factors::{Factor, Factors};
pub use illumination::Illumination;
pub use instance::{Instance, PROPORTIONS};
pub use kinds::{BackgroundKind, OcclusionKind, PatternKind};
pub use occlusion::Occlusion;
pub use pose::Pose;
pub use render::{mask, render};
pub use sempairs_data::ConfigError;
pub use silhouette::Silhouette;
pub use source::SceneSource;
pub use split::SceneSplit;
pub use surface::Pattern;
