//! Accuracy against steps: one chart per point and data set, on the same scales.

use super::lines::{Line, LineCharts};
use super::plot::Plot;
use super::rows::percent;
use crate::comparison::grid::{GridComparison, GridTable};

/// Draws the accuracies of a table against steps. Nothing is drawn if only the last step is scored.
pub fn plots(grid: &GridComparison, table: &GridTable) -> Vec<Plot> {
    table.datasets.iter().flat_map(|dataset| of_dataset(grid, table, dataset)).collect()
}

fn of_dataset(grid: &GridComparison, table: &GridTable, dataset: &str) -> Vec<Plot> {
    let line = |point: usize, (i, arm): (usize, &String)| {
        let curve = grid.curve(point, [dataset, &table.protocol], arm);
        let points = curve.iter().map(|(step, found)| (*step, percent(found))).collect();
        Line { arm: i, name: arm.clone(), points }
    };
    let lines =
        |point| table.arms.iter().enumerate().map(|arm| line(point, arm)).collect::<Vec<_>>();
    let charts: Vec<(String, Vec<Line>)> =
        (0..grid.points.len()).map(|point| (grid.label(point), lines(point))).collect();
    if charts.iter().flat_map(|(_, lines)| lines).all(|line| line.points.len() < 2) {
        return Vec::new();
    }
    let label = format!("Accuracy on {dataset} against steps");
    let charts = LineCharts { title: "top-1 accuracy, %", label: &label, decimals: 2, charts };
    let several = table.datasets.len() > 1;
    let plot = |(name, svg): (&str, _)| {
        let heading = if several { format!("{name}: {dataset}") } else { name.to_owned() };
        Plot::new(&["curve", dataset, &table.protocol, name], heading, svg)
    };
    charts.draw().into_iter().map(plot).collect()
}
