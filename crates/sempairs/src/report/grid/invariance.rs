//! Invariance of the features at every point: one chart per point with one bar per arm and factor.

use super::plot::Plot;
use super::rows::{Group, Mark, Row, RowChart};
use crate::comparison::Comparison;
use crate::comparison::grid::GridComparison;
use crate::report::{bars, number};

/// Draws the invariance of all points that have a report of it.
pub fn plots(grid: &GridComparison) -> Vec<Plot> {
    let arms = grid.arms();
    let plot = |(point, comparison)| plot(&grid.label(point), comparison, &arms);
    grid.results().filter_map(plot).collect()
}

fn plot(point: &str, comparison: &Comparison, arms: &[&str]) -> Option<Plot> {
    let group = |factor: bars::Group| {
        let rows = comparison.arms.iter().zip(factor.bars).filter_map(|(arm, bar)| {
            let name = arm.arm.name.clone();
            let value = bar?;
            Some(Row {
                arm: arms.iter().position(|arm| *arm == name)?,
                name,
                value,
                published: None,
                text: number::fixed(value.mean, 3),
            })
        });
        Group { name: factor.name, rows: rows.collect() }
    };
    let label = format!("{point}: invariance to each factor, one bar per arm");
    let groups = bars::groups(comparison).into_iter().map(group).collect();
    let chart = RowChart { mark: Mark::Bar, title: "invariance", label: &label, groups };
    Some(Plot::new(&["invariance", point], point, chart.draw()?))
}
