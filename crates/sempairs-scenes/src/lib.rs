//! Built-in scenes: pictures drawn from a seed, nothing downloaded.
//!
//! A scene is an object of a [`Class`], made of parts, under nuisances that are explicit, recorded
//! [`Factors`]: background, occlusion, surface pattern, illumination, pose and scale. What two
//! crops of one scene share is mostly these; what two scenes of a class share is the class's parts
//! alone. The classes and the nuisance [`Distribution`]s of pre-training and of the downstream
//! task are disjoint, so downstream is really unseen.
//!
//! ```
//! use sempairs_data::PictureSource;
//! use sempairs_scenes::{Factor, SceneSource, SceneSplit, render};
//!
//! let scenes = SceneSource::new(SceneSplit::Pretrain, 4, 64, 0);
//! assert_eq!(scenes.len(), 20 * 4);
//! let factors = scenes.factors(0);
//! // The same car before another background.
//! let moved = factors.redraw(Factor::Background, scenes.distribution(), scenes.key(1));
//! assert_eq!(moved.pattern, factors.pattern);
//! assert_ne!(render(scenes.scene_class(0), &moved, 64), scenes.read(0).unwrap());
//! ```

mod background;
mod classes;
mod colour;
mod contact_sheet;
mod distribution;
mod factors;
mod figure;
mod illumination;
mod instance;
mod occlusion;
mod pose;
mod render;
mod silhouette;
mod source;
mod surface;
mod texture;

pub use background::{Background, BackgroundKind};
pub use classes::Class;
pub use colour::{Colour, Palette};
pub use contact_sheet::{contact_sheet, sheet_size};
pub use distribution::{BadDistribution, Distribution};
pub use factors::{Factor, Factors};
pub use illumination::Illumination;
pub use instance::{Instance, PROPORTIONS};
pub use occlusion::{Occlusion, OcclusionKind};
pub use pose::Pose;
pub use render::{mask, render};
pub use silhouette::Silhouette;
pub use source::{SceneSource, SceneSplit};
pub use surface::{Pattern, PatternKind};
