//! All scores and differences of a grid under one protocol.

use sempairs_eval::stats;

use super::cells::Column;
use super::{DifferenceCell, GridComparison, ScoreCell};

/// All scores and differences of a grid under one protocol.
#[derive(Clone, Debug, PartialEq)]
pub struct GridTable {
    /// Name of the protocol; empty if the grid has no result.
    pub protocol: String,
    /// Names of the data sets.
    pub datasets: Vec<String>,
    /// Names of the arms; the first is the one that all others are compared with.
    pub arms: Vec<String>,
    /// The accuracies, by point, data set and arm.
    pub scores: Vec<ScoreCell>,
    /// The differences between every other arm and the first, by point, data set and arm. Their
    /// p-values are adjusted for the number of differences in this table that have one.
    pub differences: Vec<DifferenceCell>,
}

impl GridTable {
    /// The table of a protocol.
    pub(super) fn new(grid: &GridComparison, protocol: &str) -> Self {
        let names = |names: Vec<&str>| names.into_iter().map(String::from).collect::<Vec<_>>();
        let mut table = Self {
            protocol: protocol.into(),
            datasets: names(grid.datasets(protocol)),
            arms: names(grid.arms()),
            scores: Vec::new(),
            differences: Vec::new(),
        };
        for point in 0..grid.points.len() {
            for dataset in &table.datasets {
                let column = Column { dataset, protocol };
                let cells = table.arms.iter().map(|arm| column.score(grid, point, arm));
                let cells: Vec<ScoreCell> = cells.collect();
                if let Some((base, others)) = cells.split_first() {
                    let differences =
                        others.iter().map(|cell| column.difference(grid, [cell, base]));
                    table.differences.extend(differences);
                }
                table.scores.extend(cells);
            }
        }
        let p_value = |cell: &DifferenceCell| cell.difference.and_then(|found| found.p_value);
        let p_values: Vec<Option<f64>> = table.differences.iter().map(p_value).collect();
        for (cell, holm) in table.differences.iter_mut().zip(stats::holm(&p_values)) {
            cell.holm = holm;
        }
        table
    }

    /// The accuracy of an arm at a point.
    pub fn score(&self, point: usize, dataset: &str, arm: &str) -> Option<&ScoreCell> {
        let is_it = |cell: &&ScoreCell| {
            (cell.point, cell.dataset.as_str(), cell.arm.as_str()) == (point, dataset, arm)
        };
        self.scores.iter().find(is_it)
    }

    /// The difference between an arm and the first arm at a point.
    pub fn difference(&self, point: usize, dataset: &str, arm: &str) -> Option<&DifferenceCell> {
        let is_it = |cell: &&DifferenceCell| {
            (cell.point, cell.dataset.as_str(), cell.arm.as_str()) == (point, dataset, arm)
        };
        self.differences.iter().find(is_it)
    }

    /// Returns true if any cell has a score.
    pub fn is_scored(&self) -> bool {
        self.scores.iter().any(|cell| cell.accuracy.is_some())
    }
}
