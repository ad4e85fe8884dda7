//! Results of a grid of experiments: one [`Comparison`] per point, and the scores and differences
//! of all points in one [table](GridTable) per protocol.

mod cells;
mod published;
mod table;
mod times;

use std::path::Path;

use sempairs_eval::stats::Estimate;
use sempairs_internal::{counted, join_limited};

pub use cells::{DifferenceCell, ScoreCell, State};
pub use published::unmatched;
pub use table::GridTable;
pub use times::TimeCell;

use super::{ArmResult, Comparison, ScoreName};
use crate::Error;
use crate::grid::GridRecord;
use crate::run;

/// The results of a grid of experiments. A single experiment is a grid without axes and with one
/// point.
#[derive(Clone, Debug)]
pub struct GridComparison {
    /// The grid: its axes, its points and what the file says about it.
    pub record: GridRecord,
    /// The results of each point, in the order of [`GridRecord::points`]; `None` for a point
    /// without a result.
    pub points: Vec<Option<Comparison>>,
}

/// Maximum number of points in the message of an unfinished grid.
const NAMED: usize = 8;

/// The place of a difference between points that have no label in common.
pub(crate) const BETWEEN: &str = "between experiments";

impl GridComparison {
    /// Reads the stored results of every point; `runs` is the folder that contains the folders of
    /// the points. Runs without a result are listed on standard error.
    ///
    /// # Errors
    ///
    /// [`Error::File`] for a damaged file, [`Error::Io`] for one that cannot be read.
    pub fn stored(runs: &Path, record: GridRecord) -> Result<Self, Error> {
        let read = record.points.iter().map(|point| run::stored_if_any(&runs.join(&point.folder)));
        let points = read.collect::<Result<_, _>>()?;
        Ok(Self { record, points })
    }

    /// The results with the index of their point.
    pub fn results(&self) -> impl Iterator<Item = (usize, &Comparison)> {
        self.points.iter().enumerate().filter_map(|(i, point)| Some((i, point.as_ref()?)))
    }

    /// The names of the arms, in the order in which they first occur. The first is the one that all
    /// others are compared with, unless the study says what is compared. Without results, the arms
    /// of the published numbers.
    pub fn arms(&self) -> Vec<&str> {
        let ours = self.results().flat_map(|(_, comparison)| &comparison.arms);
        let published = self.published_accuracies().map(|entry| entry.arm.as_str());
        match distinct(ours.map(|arm| arm.arm.name.as_str())) {
            none if none.is_empty() => distinct(published),
            ours => ours,
        }
    }

    /// The names of the protocols, in the order in which they first occur.
    pub fn protocols(&self) -> Vec<&str> {
        let names = self.results().flat_map(|(_, comparison)| comparison.score_names());
        distinct(names.map(|name| name.protocol))
    }

    /// The names of the data sets that are scored under a protocol, in the order in which they
    /// first occur. Without results, the data sets of the published numbers.
    pub fn datasets(&self, protocol: &str) -> Vec<&str> {
        let names = self.results().flat_map(|(_, comparison)| comparison.score_names());
        let names = names.filter(|name| name.protocol == protocol);
        let published = self.published_accuracies().map(|entry| entry.dataset.as_str());
        match distinct(names.map(|name| name.dataset)) {
            none if none.is_empty() => distinct(published),
            ours => ours,
        }
    }

    /// One table per protocol; the first one is the main table. A grid without results has one
    /// table with the published numbers.
    pub fn tables(&self) -> Vec<GridTable> {
        let protocols = self.protocols();
        if protocols.is_empty() {
            return vec![GridTable::new(self, "")];
        }
        protocols.iter().map(|protocol| GridTable::new(self, protocol)).collect()
    }

    /// The seeds of all runs, in the order in which they first occur.
    pub fn seeds(&self) -> Vec<u64> {
        let mut seeds = Vec::new();
        for seed in self.results().flat_map(|(_, comparison)| comparison.seeds()) {
            if !seeds.contains(&seed) {
                seeds.push(seed);
            }
        }
        seeds
    }

    /// The mean accuracy of an arm at each scored step, as [`ArmResult::curve`]; `score` is the
    /// data set and the protocol.
    pub fn curve(&self, point: usize, score: [&str; 2], arm: &str) -> Vec<(usize, Estimate)> {
        let found = self.points[point].as_ref().and_then(|comparison| arm_of(comparison, arm));
        found.map_or(Vec::new(), |arm| arm.curve(ScoreName::first(score)))
    }

    /// Describes a point by its labels, a number with the name of its axis: `byol, epochs 200`. For
    /// a grid without axes, its name.
    pub fn label(&self, point: usize) -> String {
        let said = self.labels(point, |_| true);
        if said.is_empty() { self.record.name.clone() } else { said }
    }

    /// The labels of a point on the axes with the chosen indices, as in [`label`](Self::label).
    fn labels(&self, point: usize, is_chosen: impl Fn(usize) -> bool) -> String {
        let axes = self.record.axes.iter().zip(&self.record.points[point].labels);
        let chosen = axes.enumerate().filter(|(i, _)| is_chosen(*i));
        let said = chosen.map(|(_, (axis, label))| match label.parse::<f64>() {
            Ok(_) => format!("{} {label}", axis.name.replace('_', " ")),
            Err(_) => label.clone(),
        });
        said.collect::<Vec<String>>().join(", ")
    }

    /// Returns true if two points have the same label on the axis with this index.
    pub(crate) fn agree(&self, [one, other]: [usize; 2], axis: usize) -> bool {
        let points = &self.record.points;
        points[one].labels.get(axis) == points[other].labels.get(axis)
    }

    /// What two arms, each at a point, are called in reports: the names of the arms, with the
    /// labels in which their points differ.
    fn names(&self, places: [(usize, &str); 2]) -> [String; 2] {
        let points = places.map(|(point, _)| point);
        places.map(|(point, arm)| match self.labels(point, |axis| !self.agree(points, axis)) {
            none if none.is_empty() => arm.to_owned(),
            labels => format!("{arm} ({labels})"),
        })
    }

    /// The point of a difference, as in [`label`](Self::label); if it has two, the labels that they
    /// have in common.
    pub fn place(&self, cell: &DifferenceCell) -> String {
        if cell.is_within() {
            return self.label(cell.point);
        }
        let points = [cell.point, cell.against_point];
        match self.labels(cell.point, |axis| self.agree(points, axis)) {
            none if none.is_empty() => BETWEEN.into(),
            common => common,
        }
    }

    /// The index of the point with these indices of labels, one per axis.
    pub fn point_at(&self, labels: &[usize]) -> Option<usize> {
        let axes = self.record.axes.iter().zip(labels);
        let wanted: Vec<&String> =
            axes.map(|(axis, &i)| axis.labels.get(i)).collect::<Option<_>>()?;
        self.record.points.iter().position(|point| point.labels.iter().eq(wanted.iter().copied()))
    }

    /// How many points are complete and which are not; `None` for a finished grid.
    pub fn unfinished(&self) -> Option<String> {
        let missing = |comparison: &Comparison| -> usize {
            comparison.arms.iter().map(|arm| arm.missing.len()).sum()
        };
        let absent: Vec<String> = (0..self.points.len())
            .filter(|&i| self.points[i].is_none())
            .map(|i| self.label(i))
            .collect();
        let partial: Vec<String> = self
            .results()
            .map(|(i, comparison)| (i, missing(comparison)))
            .filter(|(_, missing)| *missing > 0)
            .map(|(i, missing)| format!("{} ({} missing)", self.label(i), counted(missing, "run")))
            .collect();
        let open = absent.len() + partial.len();
        if open == 0 {
            return None;
        }
        let all = self.points.len();
        let are = if all - open == 1 { "is" } else { "are" };
        let mut text =
            format!("Unfinished: {} of {} {are} complete", all - open, counted(all, "experiment"));
        for (what, points) in [("incomplete", partial), ("without results", absent)] {
            if !points.is_empty() {
                text += &format!("; {what}: {}", join_limited(points, ", ", NAMED));
            }
        }
        Some(text)
    }
}

/// The distinct names, in the order in which they first occur.
fn distinct<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut distinct = Vec::new();
    for name in names {
        if !distinct.contains(&name) {
            distinct.push(name);
        }
    }
    distinct
}

/// The arm of a comparison with this name.
fn arm_of<'a>(comparison: &'a Comparison, name: &str) -> Option<&'a ArmResult> {
    comparison.arms.iter().find(|arm| arm.arm.name == name)
}
