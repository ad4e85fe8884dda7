//! All drawings of a grid's report.

use super::plot::{Plot, distinct};
use super::training::{self, Quantity};
use super::{bars, curves, differences, invariance};
use crate::comparison::Comparison;
use crate::comparison::grid::{GridComparison, GridTable};

/// All drawings of a grid's report, by section. Those of accuracies are about the main table.
pub struct Plots {
    /// Accuracy of every arm at every point.
    pub bars: Vec<Plot>,
    /// Differences between the arms.
    pub differences: Vec<Plot>,
    /// Accuracy against steps.
    pub curves: Vec<Plot>,
    /// Invariance of the features.
    pub invariance: Vec<Plot>,
    /// Information bound against steps, and the loss of the points without one.
    pub training: Vec<(Quantity, Vec<Plot>)>,
}

impl Plots {
    /// Draws everything.
    pub fn new(grid: &GridComparison, main: &GridTable) -> Self {
        let points: Vec<(String, &Comparison)> =
            grid.results().map(|(point, comparison)| (grid.label(point), comparison)).collect();
        let mut plots = Self {
            bars: bars::plots(grid, main),
            differences: differences::plots(grid, main),
            curves: curves::plots(grid, main),
            invariance: invariance::plots(grid),
            training: training::plots(&points, &grid.arms()),
        };
        // The names of different sections begin differently.
        let Self { bars, differences, curves, invariance, training } = &mut plots;
        let training = training.iter_mut().map(|(_, plots)| plots);
        for section in [bars, differences, curves, invariance].into_iter().chain(training) {
            distinct(section);
        }
        plots
    }

    /// All drawings.
    pub fn all(&self) -> impl Iterator<Item = &Plot> {
        let Self { bars, differences, curves, invariance, training } = self;
        let training = training.iter().map(|(_, plots)| plots);
        [bars, differences, curves, invariance].into_iter().chain(training).flatten()
    }
}
