//! Pre-training against steps: the information bound of methods that have one, and the loss of
//! others.

use super::lines::{Line, LineCharts, over_runs};
use super::plot::Plot;
use crate::comparison::{Comparison, RunResult};
use crate::report::markup::{paragraph, section, side_by_side};

/// What is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantity {
    /// The lower bound on the mutual information of the two views.
    Information,
    /// The training loss.
    Loss,
}

impl Quantity {
    fn of(self, run: &RunResult) -> &[(usize, f64)] {
        match self {
            Self::Information => &run.information,
            Self::Loss => &run.loss,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Information => "information",
            Self::Loss => "loss",
        }
    }

    /// Heading of the section.
    pub fn heading(self) -> &'static str {
        match self {
            Self::Information => "Information bound",
            Self::Loss => "Training loss",
        }
    }

    /// Explanation of the section.
    pub fn about(self) -> &'static str {
        match self {
            Self::Information => {
                "The chance-level loss minus the loss, in nats: for InfoNCE-like losses a lower \
                 bound on the mutual information of the two views of a pair. It cannot exceed the \
                 chance-level loss. Means over the seeds; the bands are 95 % intervals."
            }
            Self::Loss => {
                "Arms with different pairs solve different tasks, so their losses cannot be \
                 compared: a lower loss does not mean a better arm. Means over the seeds; the \
                 bands are 95 % intervals."
            }
        }
    }
}

/// Draws one chart per point: the information bound of a point with a run that has one, and the
/// loss of other points.
pub fn plots(points: &[(String, &Comparison)], arms: &[&str]) -> Vec<(Quantity, Vec<Plot>)> {
    let has_bound = |(_, comparison): &&(String, &Comparison)| {
        let mut runs = comparison.arms.iter().flat_map(|arm| &arm.runs);
        runs.any(|run| !run.information.is_empty())
    };
    let (with, without): (Vec<_>, Vec<_>) = points.iter().partition(has_bound);
    let drawn = [(Quantity::Information, with), (Quantity::Loss, without)];
    drawn.into_iter().map(|(quantity, points)| (quantity, draw(quantity, &points, arms))).collect()
}

fn draw(quantity: Quantity, points: &[&(String, &Comparison)], arms: &[&str]) -> Vec<Plot> {
    let lines = |comparison: &Comparison| {
        let lines = comparison.arms.iter().filter_map(|arm| {
            let name = arm.arm.name.clone();
            let runs: Vec<&[(usize, f64)]> = arm.runs.iter().map(|run| quantity.of(run)).collect();
            let number = arms.iter().position(|arm| *arm == name)?;
            Some(Line { arm: number, name, points: over_runs(&runs) })
        });
        lines.collect()
    };
    let title = match quantity {
        Quantity::Information => "chance-level loss \u{2212} loss, nats",
        Quantity::Loss => "loss",
    };
    let charts = points.iter().map(|(name, comparison)| (name.clone(), lines(comparison)));
    let label = format!("{} against steps", quantity.heading());
    let charts = LineCharts { title, label: &label, decimals: 3, charts: charts.collect() };
    let plot = |(name, svg): (&str, _)| Plot::new(&[quantity.name(), name], name, svg);
    charts.draw().into_iter().map(plot).collect()
}

/// Returns the section with the information bound of one experiment as HTML; empty if no run has
/// one.
pub fn information(comparison: &Comparison) -> String {
    let arms: Vec<&str> = comparison.arms.iter().map(|arm| arm.arm.name.as_str()).collect();
    let quantity = Quantity::Information;
    let plots = draw(quantity, &[&(String::new(), comparison)], &arms);
    if plots.is_empty() {
        return String::new();
    }
    let figures = plots.iter().map(|plot| format!("<figure>{}</figure>", plot.svg.finish("chart")));
    let figures: Vec<String> = figures.collect();
    section(quantity.heading(), &(paragraph(quantity.about()) + &side_by_side(&figures)))
}
