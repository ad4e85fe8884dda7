//! All scores and differences of a grid under one protocol.

use sempairs_eval::stats;

use super::cells::{Column, State};
use super::{DifferenceCell, GridComparison, ScoreCell};
use crate::experiment::Compare;

/// All scores and differences of a grid under one protocol.
#[derive(Clone, Debug, PartialEq)]
pub struct GridTable {
    /// Name of the protocol; empty if the grid has no result.
    pub protocol: String,
    /// Names of the data sets.
    pub datasets: Vec<String>,
    /// Names of the arms; the first is the one that all others are compared with, unless the study
    /// says what is compared.
    pub arms: Vec<String>,
    /// The accuracies, by point, data set and arm.
    pub scores: Vec<ScoreCell>,
    /// The differences that the study asks for, in its order; without such a list those between
    /// every other arm and the first, by point, data set and arm. Their p-values are adjusted for
    /// the number of differences in this table that have one.
    pub differences: Vec<DifferenceCell>,
    /// The two arms of the differences within a point, each pair once.
    pub pairs: Vec<[String; 2]>,
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
            pairs: Vec::new(),
        };
        for point in 0..grid.points.len() {
            for dataset in &table.datasets {
                let column = Column { dataset, protocol };
                table.scores.extend(table.arms.iter().map(|arm| column.score(grid, point, arm)));
            }
        }
        let compared = match grid.record.about.compare.is_empty() {
            true => table.with_the_first(),
            false => table.as_asked(grid),
        };
        let difference = |[cell, base]: [&ScoreCell; 2]| {
            let column = Column { dataset: &cell.dataset, protocol };
            column.difference(grid, [cell, base])
        };
        table.differences = compared.into_iter().map(difference).collect();
        for cell in table.differences.iter().filter(|cell| cell.is_within()) {
            let pair = [&cell.arm, &cell.against].map(String::clone);
            if !table.pairs.contains(&pair) {
                table.pairs.push(pair);
            }
        }
        let p_value = |cell: &DifferenceCell| cell.difference.and_then(|found| found.p_value);
        let p_values: Vec<Option<f64>> = table.differences.iter().map(p_value).collect();
        for (cell, holm) in table.differences.iter_mut().zip(stats::holm(&p_values)) {
            cell.holm = holm;
        }
        table
    }

    /// Every other arm and the first, at every point.
    fn with_the_first(&self) -> Vec<[&ScoreCell; 2]> {
        // The cells of a point and data set are one for each arm.
        let groups = self.scores.chunks(self.arms.len().max(1));
        let compared = groups
            .filter_map(|cells| cells.split_first())
            .flat_map(|(base, others)| others.iter().map(move |cell| [cell, base]));
        compared.collect()
    }

    /// What the study says is compared, without arms that an experiment does not have.
    fn as_asked(&self, grid: &GridComparison) -> Vec<[&ScoreCell; 2]> {
        let cells = || self.scores.iter().filter(|cell| cell.state != State::NoArm);
        let is_asked = |asked: &Compare, cell: &ScoreCell, base: &ScoreCell| {
            let labels = |cell: &ScoreCell| &grid.record.points[cell.point].labels[..];
            let of = (labels(cell), cell.arm.as_str());
            asked.compares(&grid.record.axes, of, (labels(base), base.arm.as_str()))
        };
        let mut compared: Vec<[&ScoreCell; 2]> = Vec::new();
        for asked in &grid.record.about.compare {
            for cell in cells() {
                for base in cells().filter(|base| base.dataset == cell.dataset) {
                    if is_asked(asked, cell, base) && !compared.contains(&[cell, base]) {
                        compared.push([cell, base]);
                    }
                }
            }
        }
        compared
    }

    /// The accuracy of an arm at a point.
    pub fn score(&self, point: usize, dataset: &str, arm: &str) -> Option<&ScoreCell> {
        let is_it = |cell: &&ScoreCell| {
            (cell.point, cell.dataset.as_str(), cell.arm.as_str()) == (point, dataset, arm)
        };
        self.scores.iter().find(is_it)
    }

    /// The difference between two arms at a point, the second of which is subtracted.
    pub fn difference(
        &self,
        point: usize,
        dataset: &str,
        [arm, against]: [&str; 2],
    ) -> Option<&DifferenceCell> {
        let is_it = |cell: &&DifferenceCell| {
            let arms = [cell.arm.as_str(), cell.against.as_str()];
            (cell.point, cell.dataset.as_str(), arms) == (point, dataset, [arm, against])
                && cell.is_within()
        };
        self.differences.iter().find(is_it)
    }

    /// Returns true if any cell has a score.
    pub fn is_scored(&self) -> bool {
        self.scores.iter().any(|cell| cell.accuracy.is_some())
    }
}
