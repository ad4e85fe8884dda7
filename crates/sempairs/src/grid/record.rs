//! The record of a grid, from which its report is made without the experiment file.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::Error;
pub use crate::experiment::GridAxis;
use crate::experiment::{Grid, StudyAbout};
use crate::run::{Runner, read_json, write_json};

/// The contents of `runs/NAME/grid.json`: what the grid is about, its axes, and the folder of every
/// point.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GridRecord {
    /// Name of the grid.
    pub name: String,
    /// The `[study]` table of the file.
    pub about: StudyAbout,
    /// The axes, in the order of the file; none for a single experiment.
    pub axes: Vec<GridAxis>,
    /// The points, the last axis varying fastest.
    pub points: Vec<PointRecord>,
}

/// A point of a grid in `grid.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PointRecord {
    /// One label per axis.
    pub labels: Vec<String>,
    /// Name of the point's folder beside that of the grid.
    pub folder: String,
}

impl GridRecord {
    /// The record of a grid whose runs are in the folders of this runner.
    pub fn new(grid: &Grid, runner: &Runner) -> Self {
        let point = |point: &crate::experiment::GridPoint| {
            let folder = runner.folder(&point.experiment);
            let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
            PointRecord { labels: point.labels.clone(), folder: name }
        };
        Self {
            name: grid.name.clone(),
            about: grid.about.clone(),
            axes: grid.axes.clone(),
            points: grid.points.iter().map(point).collect(),
        }
    }

    /// Path of the file in the folder of a grid.
    pub fn path(folder: &Path) -> PathBuf {
        folder.join("grid.json")
    }

    /// Writes the file atomically into the folder of the grid.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn write(&self, folder: &Path) -> Result<(), Error> {
        write_json(&Self::path(folder), self)
    }

    /// Reads the file from the folder of a grid; `None` if there is none.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::File`] if the file is damaged.
    pub fn read(folder: &Path) -> Result<Option<Self>, Error> {
        read_json(&Self::path(folder))
    }
}
