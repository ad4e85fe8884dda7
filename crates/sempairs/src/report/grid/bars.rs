//! Bars of the accuracy of every arm at every point, one chart per data set and protocol.

use super::plot::Plot;
use super::rows::{Group, Mark, Row, RowChart, percent};
use crate::comparison::grid::{GridComparison, GridTable};
use crate::report::number;

/// Draws the bars of a table.
pub fn plots(grid: &GridComparison, table: &GridTable) -> Vec<Plot> {
    table.datasets.iter().filter_map(|dataset| plot(grid, table, dataset)).collect()
}

fn plot(grid: &GridComparison, table: &GridTable, dataset: &str) -> Option<Plot> {
    let row = |point: usize, (i, arm): (usize, &String)| {
        let cell = table.score(point, dataset, arm)?;
        let found = cell.accuracy.as_ref()?;
        Some(Row {
            name: arm.clone(),
            arm: i,
            value: percent(found),
            published: cell.published.map(|value| 100.0 * value),
            text: number::fixed(100.0 * found.mean, 2),
        })
    };
    let group = |point| Group {
        name: grid.label(point),
        rows: table.arms.iter().enumerate().filter_map(|arm| row(point, arm)).collect(),
    };
    let label = format!("Accuracy on {dataset} under {}, one bar per arm", table.protocol);
    let chart = RowChart {
        mark: Mark::Bar,
        title: "top-1 accuracy, %",
        label: &label,
        groups: (0..grid.points.len()).map(group).collect(),
    };
    let heading = format!("{dataset}, {}", table.protocol);
    Some(Plot::new(&["accuracy", dataset, &table.protocol], heading, chart.draw()?))
}
