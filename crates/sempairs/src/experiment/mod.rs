//! Experiments: TOML files that describe a comparison, namely its pictures, pairs, views, network,
//! objective, training length and evaluation.
//!
//! Unknown keys are errors. `[[vary]]` tables describe a grid of experiments in one file, and its
//! `[study]` table says what the grid is about. Every
//! experiment has an [`identity`](Experiment::identity), a hash of all its settings, which is
//! stored with its checkpoints and results.

mod about;
mod assign;
mod axis;
mod check;
pub(crate) mod differences;
mod evaluation;
mod file;
mod grid;
mod kept;
pub mod limits;
mod locals;
mod method;
mod names;
mod open_sources;
mod origins;
mod pictures;
pub mod presets;
mod read_error;
pub(crate) mod sizes;
pub(crate) mod source_text;
mod study;
mod vary;
mod views;

pub(crate) use about::TOP1;
pub use about::{Compare, Published, StudyAbout};
pub use assign::{parse_assignment, set};
pub use evaluation::{Evaluation, Evaluations};
pub use file::{read, read_with_origins};
pub use grid::{Grid, GridAxis, GridPoint};
pub use locals::LocalViews;
pub use method::{MethodConfig, Objective, UseMethod};
pub use open_sources::OpenSources;
pub use origins::Origins;
pub use pictures::{Cache, Classes, OwnPictures, Pictures};
pub use study::{Arm, Experiment, Study, Training};
pub use vary::read_grid;
pub use views::ViewsConfig;
