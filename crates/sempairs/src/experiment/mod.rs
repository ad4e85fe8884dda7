//! An experiment as a person writes it: one TOML file that says which pictures, which pairs, which
//! views, which network, which objective, how long, and how it is scored.
//!
//! Unknown keys are errors. `[[vary]]` tables make a grid of experiments from one file, and every
//! experiment has an [`identity`](Experiment::identity), a hash of everything it says, which its
//! checkpoints and its results carry.

mod assign;
pub mod bounds;
mod check;
pub(crate) mod differences;
mod locals;
mod method;
mod misfit;
mod names;
mod opened;
mod pictures;
mod refusal;
pub(crate) mod sizes;
mod vary;
mod views;
pub(crate) mod written;

use std::path::Path;

pub use assign::{parse_assignment, set};
pub use locals::LocalViews;
pub use method::{MethodConfig, Objective, UseMethod};
pub use opened::Opened;
pub use pictures::{Cache, Classes, OwnPictures, Pictures};
pub use vary::read_grid;
pub use views::Views;

use crate::Error;
use crate::study::Study;
pub use crate::study::{Arm, Evaluation, Training};

/// A [`Study`] of built-in parts, which is what a TOML file describes.
pub type Experiment = Study;

impl Experiment {
    /// Parses one experiment without `[[vary]]`; `file` is what errors call the text.
    ///
    /// # Errors
    ///
    /// [`Error::Experiment`] with the line and, for a misspelt name, the nearest right one.
    pub fn parse(text: &str, file: &str) -> Result<Self, Error> {
        vary::parse_text(text, file)
    }
}

/// Reads a file of experiments: one, or the grid that its `[[vary]]` tables span, each with the
/// assignments of `overrides` (`training.steps=100`) made first.
///
/// # Errors
///
/// [`Error::Io`] and [`Error::Experiment`] with the file's name, or the assignment's if that is at
/// fault.
pub fn read(path: &Path, overrides: &[String]) -> Result<Vec<Experiment>, Error> {
    let bytes = std::fs::read(path).map_err(|e| Error::io(path, e))?;
    let file = path.display().to_string();
    match str::from_utf8(&bytes) {
        Ok(text) => read_grid(text, &file, overrides),
        Err(error) => Err(Error::experiment(file, not_utf8(&bytes, error.valid_up_to()))),
    }
}

/// What to say of a text whose first byte that is no UTF-8 is at `bad`.
fn not_utf8(text: &[u8], bad: usize) -> String {
    let line = 1 + text[..bad].iter().filter(|&&byte| byte == b'\n').count();
    format!("line {line}: the byte {:#04X} is no UTF-8; save the file as UTF-8", text[bad])
}
