//! Grids: all experiments that one file describes, with the axes along which they differ.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::file::text_of;
use super::vary::expanded;
use super::{Experiment, Origins, StudyAbout};
use crate::Error;

/// The experiments of a file: the product of its `[[vary]]` tables, or a single experiment.
#[derive(Clone, Debug)]
pub struct Grid {
    /// The `[study]` table.
    pub about: StudyAbout,
    /// Name of the file's experiment, and of the folder of the grid's own files.
    pub name: String,
    /// The `[[vary]]` tables, in the order of the file; none for a single experiment.
    pub axes: Vec<GridAxis>,
    /// The experiments, the last axis varying fastest.
    pub points: Vec<GridPoint>,
}

/// An axis of a grid: one `[[vary]]` table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GridAxis {
    /// Name of the axis.
    pub name: String,
    /// Labels of its values.
    pub labels: Vec<String>,
}

/// One experiment of a grid.
#[derive(Clone, Debug)]
pub struct GridPoint {
    /// One label per axis.
    pub labels: Vec<String>,
    /// The experiment, whose name is that of the grid followed by the labels.
    pub experiment: Experiment,
    /// Where the values of the experiment come from.
    pub origins: Origins,
}

impl Grid {
    /// Parses a file with `[[vary]]` and `[study]` tables; `file` is the file name used in error
    /// messages. The assignments `key=value` in `overrides` are applied before the grid is
    /// expanded.
    ///
    /// # Errors
    /// As [`read_grid`](super::read_grid); [`Error::Config`] for a name in the `[study]` table that
    /// is none of the grid.
    pub fn parse(text: &str, file: &str, overrides: &[String]) -> Result<Self, Error> {
        expanded(text, file, overrides)
    }

    /// Reads a file as [`parse`](Self::parse).
    ///
    /// # Errors
    /// [`Error::Io`], and as [`parse`](Self::parse).
    pub fn read(path: &Path, overrides: &[String]) -> Result<Self, Error> {
        let (text, file) = text_of(path)?;
        Self::parse(&text, &file, overrides)
    }
}
