//! The description of a grid, stored as `grid.json` in its folder.

use serde::{Deserialize, Serialize};

use crate::experiment::StudyAbout;

/// A grid of experiments: its axes, and the experiment at each point.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GridRecord {
    /// Name of the grid and of its folder.
    pub name: String,
    /// What the file says about the study.
    pub about: StudyAbout,
    /// The axes, in the order of the file; none for a single experiment.
    pub axes: Vec<GridAxis>,
    /// The points, the last axis varying fastest.
    pub points: Vec<PointRecord>,
}

/// An axis of a grid.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GridAxis {
    /// Name of the axis.
    pub name: String,
    /// Label of each value.
    pub labels: Vec<String>,
}

/// A point of a grid.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PointRecord {
    /// One label per axis.
    pub labels: Vec<String>,
    /// Folder of the experiment, relative to the folder of all runs.
    pub folder: String,
}
