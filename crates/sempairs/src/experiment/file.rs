//! Reading of experiments from text and files.

use std::path::Path;

use super::vary::{grid_with_origins, parse_text};
use super::{Experiment, Origins};
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
    let bytes = std::fs::read(path).map_err(|e| Error::io(path, e))?;
    let file = path.display().to_string();
    match str::from_utf8(&bytes) {
        Ok(text) => grid_with_origins(text, &file, overrides),
        Err(error) => Err(Error::invalid(file, not_utf8(&bytes, error.valid_up_to()))),
    }
}

/// Error message for a text whose first byte that is not valid UTF-8 is at offset `bad`.
fn not_utf8(text: &[u8], bad: usize) -> String {
    let line = 1 + text[..bad].iter().filter(|&&byte| byte == b'\n').count();
    format!("line {line}: the byte {:#04X} is not valid UTF-8; save the file as UTF-8", text[bad])
}
