//! Lists of every number of a table: one line per accuracy, and one per difference; and of the
//! times of runs.

use sempairs_eval::stats::Estimate;

use super::entry::{interval, over_pictures};
use crate::comparison::grid::{GridComparison, GridTable};
use crate::report::number;

/// A list of numbers as text; the first column names the line.
pub struct List {
    /// Headings of the columns.
    pub headings: Vec<String>,
    /// The lines, one text per column.
    pub rows: Vec<Vec<String>>,
}

/// The accuracies of a table in percent: mean, interval and every seed.
pub fn scores(grid: &GridComparison, table: &GridTable) -> List {
    let seeds = grid.seeds();
    let percent = |value: f64| number::fixed(100.0 * value, 2);
    let rows = table.scores.iter().filter(|cell| cell.accuracy.is_some());
    let rows = rows.map(|cell| {
        let place = [grid.label(cell.point), cell.arm.clone(), cell.dataset.clone()];
        place
            .into_iter()
            .chain(numbers(&cell.accuracy, percent))
            .chain([or_missing(cell.published.map(percent))])
            .chain(each(&seeds, &cell.values, percent))
            .collect()
    });
    let fixed = ["experiment", "arm", "data", "mean", "95 % interval", "published"];
    List { headings: headings(&fixed, &seeds), rows: rows.collect() }
}

/// The differences of a table in percentage points: mean, intervals, p-values and every seed.
pub fn differences(grid: &GridComparison, table: &GridTable) -> List {
    let seeds = grid.seeds();
    let rows = table.differences.iter().filter_map(|cell| {
        let found = cell.difference?;
        let mut row = vec![grid.place(cell), cell.name(), cell.dataset.clone()];
        row.extend(numbers(&cell.difference, number::points));
        row.extend([
            number::p_value(found.p_value),
            number::p_value(cell.holm),
            or_missing(cell.pictures.as_ref().and_then(over_pictures)),
            or_missing(cell.published.map(number::points)),
        ]);
        row.extend(each(&seeds, &cell.values, number::points));
        Some(row)
    });
    let fixed = [
        "experiment",
        "difference",
        "data",
        "mean",
        "95 % interval",
        "p",
        "Holm",
        "over pictures",
        "published",
    ];
    List { headings: headings(&fixed, &seeds), rows: rows.collect() }
}

/// The times of runs, with the published ones.
pub fn times(grid: &GridComparison) -> List {
    let rows = grid.times().into_iter().map(|cell| {
        let [time, interval] = match &cell.seconds {
            Some(found) => {
                let ends = number::ends(found);
                let said = ends.map(|(low, high)| {
                    // The interval of a mean of a few times may reach below zero.
                    format!("[{}, {}]", number::duration(low.max(0.0)), number::duration(high))
                });
                [number::duration(found.mean), said.unwrap_or_else(|| interval(found))]
            }
            None => [number::MISSING, number::MISSING].map(String::from),
        };
        let rate = cell.pairs_per_second.map(|rate| number::fixed(rate, 0));
        let published =
            cell.published.map(|it| format!("{} {}", number::fixed(it.value, 2), it.metric));
        let place = [grid.label(cell.point), cell.arm, time, interval];
        place.into_iter().chain([or_missing(rate), or_missing(published)]).collect()
    });
    let headings = ["experiment", "arm", "time of a run", "95 % interval", "pairs/s", "published"];
    List { headings: headings.map(String::from).to_vec(), rows: rows.collect() }
}

fn headings(fixed: &[&str], seeds: &[u64]) -> Vec<String> {
    let fixed = fixed.iter().map(|heading| (*heading).to_owned());
    fixed.chain(seeds.iter().map(|seed| format!("seed {seed}"))).collect()
}

fn or_missing(text: Option<String>) -> String {
    text.unwrap_or_else(|| number::MISSING.into())
}

/// Mean and interval.
fn numbers(found: &Option<Estimate>, format: impl Fn(f64) -> String) -> [String; 2] {
    match found {
        Some(found) => [format(found.mean), interval(found)],
        None => [number::MISSING, number::MISSING].map(String::from),
    }
}

/// The value of every seed.
fn each(seeds: &[u64], values: &[(u64, f64)], format: impl Fn(f64) -> String) -> Vec<String> {
    let value = |seed: &u64| values.iter().find(|(of, _)| of == seed).map(|(_, value)| *value);
    seeds.iter().map(|seed| or_missing(value(seed).map(&format))).collect()
}
