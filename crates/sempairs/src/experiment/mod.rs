//! Experiments: TOML files that describe a comparison, namely its pictures, pairs, views, network,
//! objective, training length and evaluation.
//!
//! Unknown keys are errors. `[[vary]]` tables describe a grid of experiments in one file. Every
//! experiment has an [`identity`](Experiment::identity), a hash of all its settings, which is
//! stored with its checkpoints and results.

mod assign;
mod check;
pub(crate) mod differences;
mod kept;
pub mod limits;
mod locals;
mod method;
mod names;
mod open_sources;
mod pictures;
pub mod presets;
mod read_error;
pub(crate) mod sizes;
pub(crate) mod source_text;
mod study;
mod vary;
mod views;

use std::path::Path;

pub use assign::{parse_assignment, set};
pub use locals::LocalViews;
pub use method::{MethodConfig, Objective, UseMethod};
pub use open_sources::OpenSources;
pub use pictures::{Cache, Classes, OwnPictures, Pictures};
pub use study::{Arm, Evaluation, Study, Training};
pub use vary::read_grid;
pub use views::ViewsConfig;

use crate::Error;

/// A [`Study`] of built-in parts, as described by a TOML file.
pub type Experiment = Study;

impl Experiment {
    /// Parses one experiment without `[[vary]]`; `file` is the file name used in error messages.
    ///
    /// # Errors
    /// [`Error::Config`] with the line and, for a misspelt name, the closest valid name.
    pub fn parse(text: &str, file: &str) -> Result<Self, Error> {
        vary::parse_text(text, file)
    }
}

/// Reads the experiments of a file: a single one, or the grid described by its `[[vary]]` tables.
/// The assignments in `overrides` (such as `training.steps=100`) are applied before the grid is
/// expanded.
///
/// # Errors
/// [`Error::Io`] and [`Error::Config`] with the name of the file, or with the assignment if it
/// is the cause.
pub fn read(path: &Path, overrides: &[String]) -> Result<Vec<Experiment>, Error> {
    let bytes = std::fs::read(path).map_err(|e| Error::io(path, e))?;
    let file = path.display().to_string();
    match str::from_utf8(&bytes) {
        Ok(text) => read_grid(text, &file, overrides),
        Err(error) => Err(Error::invalid(file, not_utf8(&bytes, error.valid_up_to()))),
    }
}

/// Error message for a text whose first byte that is not valid UTF-8 is at offset `bad`.
fn not_utf8(text: &[u8], bad: usize) -> String {
    let line = 1 + text[..bad].iter().filter(|&&byte| byte == b'\n').count();
    format!("line {line}: the byte {:#04X} is not valid UTF-8; save the file as UTF-8", text[bad])
}
