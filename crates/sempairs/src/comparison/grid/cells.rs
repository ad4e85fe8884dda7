//! The cells of a table: accuracies of arms, and differences between arms.

use sempairs_eval::stats::{self, Estimate, Interval};
use sempairs_eval::{Correct, Score};

use super::{GridComparison, arm_of};
use crate::comparison::{ScoreName, finite_mean};

/// Seed of the bootstrap, so that a report is the same each time it is drawn.
const BOOTSTRAP_SEED: u64 = 0;

/// Whether a cell has a score.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// At least one run has a score.
    Scored,
    /// No run of the cell has finished.
    NotRun,
    /// The runs have no finite score on this data set under this protocol.
    NotScored,
    /// The experiment at this point has no such arm.
    NoArm,
}

/// The accuracy of an arm at a point of a grid, on one data set under one protocol.
#[derive(Clone, Debug, PartialEq)]
pub struct ScoreCell {
    /// Index of the point.
    pub point: usize,
    /// Name of the data set.
    pub dataset: String,
    /// Name of the arm.
    pub arm: String,
    /// Whether there are scores.
    pub state: State,
    /// Seed and top-1 accuracy at the last step, in [0, 1], of each run.
    pub values: Vec<(u64, f64)>,
    /// Number of seeds whose run has no result yet.
    pub missing: usize,
    /// Mean accuracy over the seeds with its t interval.
    pub accuracy: Option<Estimate>,
    /// Published accuracy in [0, 1].
    pub published: Option<f64>,
}

/// The difference between two arms, at one point of a grid or at two.
#[derive(Clone, Debug, PartialEq)]
pub struct DifferenceCell {
    /// Index of the point.
    pub point: usize,
    /// Name of the data set.
    pub dataset: String,
    /// Name of the arm.
    pub arm: String,
    /// Index of the point of the arm that is subtracted.
    pub against_point: usize,
    /// Name of the arm that is subtracted.
    pub against: String,
    /// What the two are called in reports: the arms, with the labels in which their points differ.
    pub names: [String; 2],
    /// Seed and difference of the accuracies, of each seed for which both arms have a score.
    pub values: Vec<(u64, f64)>,
    /// Mean difference over the seeds with its t interval and the p-value of the paired t-test.
    pub difference: Option<Estimate>,
    /// The p-value after Holm's correction for all differences of the table.
    pub holm: Option<f64>,
    /// 95 % bootstrap interval over the test pictures within the seeds; `None` unless every score
    /// has the correct pictures, and all scores are of the same number of pictures.
    pub pictures: Option<Interval>,
    /// Difference of the published accuracies.
    pub published: Option<f64>,
}

impl DifferenceCell {
    /// The name of the difference in reports.
    pub fn name(&self) -> String {
        self.names.join(" \u{2212} ")
    }

    /// Returns true if both arms are at the same point.
    pub fn is_within(&self) -> bool {
        self.point == self.against_point
    }
}

/// The scores that a table is about.
pub(super) struct Column<'a> {
    pub dataset: &'a str,
    pub protocol: &'a str,
}

impl Column<'_> {
    fn name(&self) -> ScoreName<'_> {
        ScoreName::first([self.dataset, self.protocol])
    }

    pub(super) fn score(&self, grid: &GridComparison, point: usize, name: &str) -> ScoreCell {
        let mut cell = ScoreCell {
            point,
            dataset: self.dataset.into(),
            arm: name.into(),
            state: State::NotRun,
            values: Vec::new(),
            missing: 0,
            accuracy: None,
            published: grid.published(point, [self.dataset, self.protocol, name]),
        };
        let Some(comparison) = &grid.points[point] else { return cell };
        let Some(arm) = arm_of(comparison, name) else {
            return ScoreCell { state: State::NoArm, ..cell };
        };
        cell.missing = arm.missing.len();
        if arm.runs.is_empty() {
            return cell;
        }
        cell.values = arm.final_top1(self.name());
        cell.accuracy = finite_mean(cell.values.iter().map(|(_, top1)| *top1));
        cell.state = if cell.values.is_empty() { State::NotScored } else { State::Scored };
        cell
    }

    /// The difference of two cells, paired by seed, without Holm's correction.
    pub(super) fn difference(
        &self,
        grid: &GridComparison,
        [cell, base]: [&ScoreCell; 2],
    ) -> DifferenceCell {
        let both = cell.values.iter().filter_map(|(seed, top1)| {
            let (_, other) = base.values.iter().find(|(of, _)| of == seed)?;
            Some((*seed, top1 - other))
        });
        let values: Vec<(u64, f64)> = both.collect();
        DifferenceCell {
            point: cell.point,
            dataset: cell.dataset.clone(),
            arm: cell.arm.clone(),
            against_point: base.point,
            against: base.arm.clone(),
            names: grid.names([cell, base].map(|it| (it.point, it.arm.as_str()))),
            difference: finite_mean(values.iter().map(|(_, difference)| *difference)),
            holm: None,
            pictures: self.bootstrap(grid, [cell, base], &values),
            published: cell.published.zip(base.published).map(|(one, other)| one - other),
            values,
        }
    }

    /// The bootstrap interval over the test pictures, for the seeds of `values`.
    fn bootstrap(
        &self,
        grid: &GridComparison,
        cells: [&ScoreCell; 2],
        values: &[(u64, f64)],
    ) -> Option<Interval> {
        let [one, other] = cells;
        let pair = |(seed, _): &(u64, f64)| {
            let (one, other) = (self.last(grid, one, *seed)?, self.last(grid, other, *seed)?);
            let correct = (one.correct.as_ref()?, other.correct.as_ref()?);
            Some((correct, [one.n_test, other.n_test, correct.0.len(), correct.1.len()]))
        };
        let pairs = values.iter().map(pair).collect::<Option<Vec<_>>>()?;
        // Scores of different numbers of pictures are not of the same test set.
        let pictures = pairs.first()?.1[0];
        let alike = pairs.iter().all(|(_, counts)| *counts == [pictures; 4]);
        let pairs: Vec<(&Correct, &Correct)> = pairs.into_iter().map(|(pair, _)| pair).collect();
        (alike && pictures > 0).then(|| stats::bootstrap_difference(&pairs, BOOTSTRAP_SEED))
    }

    /// The score of the run of a cell with a seed at its last step.
    fn last<'a>(&self, grid: &'a GridComparison, cell: &ScoreCell, seed: u64) -> Option<&'a Score> {
        let arm = arm_of(grid.points[cell.point].as_ref()?, &cell.arm)?;
        let run = arm.runs.iter().find(|run| run.seed == seed)?;
        run.curve.last()?.score(self.name())
    }
}
