//! Reading of experiments from text and files.

use std::path::Path;

use super::vary::parse_text;
use super::{Experiment, Grid, Origins};
use crate::Error;

impl Experiment {
    /// Parses one experiment without `[[vary]]`; `file` is the file name used in error messages.
    ///
    /// # Errors
    /// [`Error::Config`] with the line and, for a misspelt name, the closest valid name.
    pub fn parse(text: &str, file: &str) -> Result<Self, Error> {
        parse_text(text, file)
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
    let experiments = read_with_origins(path, overrides)?;
    Ok(experiments.into_iter().map(|(experiment, _)| experiment).collect())
}

/// As [`read`], each experiment with the [`Origins`] of its values for later errors.
///
/// # Errors
/// As [`read`].
pub fn read_with_origins(
    path: &Path,
    overrides: &[String],
) -> Result<Vec<(Experiment, Origins)>, Error> {
    let points = Grid::read(path, overrides)?.points.into_iter();
    Ok(points.map(|point| (point.experiment, point.origins)).collect())
}

/// The text of an experiment file, and the file's name in error messages.
pub(super) fn text_of(path: &Path) -> Result<(String, String), Error> {
    let bytes = std::fs::read(path).map_err(|e| Error::io(path, e))?;
    let file = path.display().to_string();
    match String::from_utf8(bytes) {
        Ok(text) => Ok((text, file)),
        Err(error) => {
            let bad = error.utf8_error().valid_up_to();
            Err(Error::invalid(file, not_utf8(error.as_bytes(), bad)))
        }
    }
}

/// Error message for a text whose first byte that is not valid UTF-8 is at offset `bad`.
fn not_utf8(text: &[u8], bad: usize) -> String {
    let line = 1 + text[..bad].iter().filter(|&&byte| byte == b'\n').count();
    format!("line {line}: the byte {:#04X} is not valid UTF-8; save the file as UTF-8", text[bad])
}
