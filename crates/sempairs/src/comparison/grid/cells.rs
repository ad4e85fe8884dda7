//! The cells of a table: accuracies of arms, and differences between arms.

use sempairs_eval::Correct;
use sempairs_eval::stats::{self, Estimate, Interval};

use super::{GridComparison, arm_of, score_index};
use crate::comparison::{ArmResult, finite_mean};

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

/// The difference between an arm and the first arm at a point of a grid.
#[derive(Clone, Debug, PartialEq)]
pub struct DifferenceCell {
    /// Index of the point.
    pub point: usize,
    /// Name of the data set.
    pub dataset: String,
    /// Name of the arm.
    pub arm: String,
    /// Name of the arm that is subtracted.
    pub against: String,
    /// Seed and difference of the accuracies, of each seed for which both arms have a score.
    pub values: Vec<(u64, f64)>,
    /// Mean difference over the seeds with its t interval and the p-value of the paired t-test.
    pub difference: Option<Estimate>,
    /// The p-value after Holm's correction for all differences of the table.
    pub holm: Option<f64>,
    /// 95 % bootstrap interval over the test pictures within the seeds; `None` unless every score
    /// has the correct pictures.
    pub pictures: Option<Interval>,
    /// Difference of the published accuracies.
    pub published: Option<f64>,
}

/// The scores that a table is about.
pub(super) struct Column<'a> {
    pub dataset: &'a str,
    pub protocol: &'a str,
}

impl Column<'_> {
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
        cell.values = score_index(comparison, self.dataset, self.protocol)
            .map_or(Vec::new(), |i| arm.final_top1(i));
        cell.accuracy = finite_mean(cell.values.iter().map(|(_, top1)| *top1));
        cell.state = if cell.values.is_empty() { State::NotScored } else { State::Scored };
        cell
    }

    /// The difference of the cells of two arms at the same point, without Holm's correction.
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
            against: base.arm.clone(),
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
        let comparison = grid.points[cells[0].point].as_ref()?;
        let index = score_index(comparison, self.dataset, self.protocol)?;
        let [one, other] = cells.map(|cell| arm_of(comparison, &cell.arm));
        let (one, other) = (one?, other?);
        let pairs = values
            .iter()
            .map(|(seed, _)| Some((correct(one, *seed, index)?, correct(other, *seed, index)?)));
        let pairs: Vec<(&Correct, &Correct)> = pairs.collect::<Option<_>>()?;
        // Scores of different numbers of pictures are not of the same test set.
        let pictures = pairs.first()?.0.len();
        let alike = pairs.iter().all(|(a, b)| a.len() == pictures && b.len() == pictures);
        (alike && pictures > 0).then(|| stats::bootstrap_difference(&pairs, BOOTSTRAP_SEED))
    }
}

/// The correctly classified pictures of the run with a seed at its last step.
fn correct(arm: &ArmResult, seed: u64, index: usize) -> Option<&Correct> {
    let run = arm.runs.iter().find(|run| run.seed == seed)?;
    run.curve.last()?.scores.get(index)?.correct.as_ref()
}
