//! The per-class section: one row per class with one marker per arm.

use super::axes::WIDTH;
use super::escape::escape;
use super::markup::{arm_name, legend, paragraph, section, side_by_side};
use super::scale::{Scale, range};
use super::svg::Svg;
use super::table::Table;
use super::{marker, number};
use crate::comparison::{ArmResult, Comparison, finite_mean};

/// Maximum number of rows of the chart; the table has all classes.
const ROWS: usize = 40;

/// A class with the mean accuracy of each arm.
struct Row {
    class: String,
    shares: Vec<Option<f64>>,
}

impl Row {
    /// Accuracy of the second arm minus that of the first.
    fn difference(&self) -> Option<f64> {
        Some((*self.shares.get(1)?)? - (*self.shares.first()?)?)
    }

    fn mean(&self) -> f64 {
        finite_mean(self.shares.iter().flatten().copied()).map_or(0.0, |found| found.mean)
    }
}

/// Returns the section as HTML, with a chart per data set; empty if no score has per-class
/// accuracies.
pub fn classes(comparison: &Comparison) -> String {
    let first = comparison.first_protocols();
    let several = first.len() > 1;
    let part = |protocol: usize| {
        let body = data_set(comparison, protocol)?;
        let heading = match several {
            true => format!("<h3>{}</h3>\n", escape(comparison.dataset_of(protocol))),
            false => String::new(),
        };
        Some(heading + &body)
    };
    let parts: String = first.into_iter().filter_map(part).collect();
    if parts.is_empty() { parts } else { section("Accuracy per class", &parts) }
}

/// The accuracy of every class under the protocol with this index, which is the first of its data
/// set.
fn data_set(comparison: &Comparison, protocol: usize) -> Option<String> {
    let mut rows = rows(comparison, protocol);
    if rows.is_empty() {
        return None;
    }
    rows.sort_by(|a, b| {
        let key = |row: &Row| row.difference().unwrap_or_else(|| row.mean());
        key(b).total_cmp(&key(a)).then_with(|| a.class.cmp(&b.class))
    });
    let names: Vec<&str> = comparison.arms.iter().map(|arm| arm.arm.name.as_str()).collect();
    let order = match names[..] {
        [first, second, ..] => format!(
            "Sorted by {} minus {}: classes with the largest gain of {} come first.",
            escape(second),
            escape(first),
            escape(second)
        ),
        _ => "Sorted by accuracy.".into(),
    };
    let mut about = format!(
        "Top-1 accuracy at the last step under {}{}. {order}",
        escape(comparison.protocol_name(protocol)),
        if comparison.seeds().len() > 1 { ", the mean over the seeds" } else { "" }
    );
    let half = ROWS / 2;
    let shown: Vec<&Row> = if rows.len() > ROWS {
        about += &format!(" The chart shows the first and last {half} of {} classes.", rows.len());
        rows[..half].iter().chain(&rows[rows.len() - half..]).collect()
    } else {
        rows.iter().collect()
    };
    let key: Vec<String> = names.iter().enumerate().map(|(i, name)| arm_name(i, name)).collect();
    let figure = format!("<figure>{}{}</figure>", draw(&names, &shown), legend(&key));
    // A long table is collapsed so that the following sections stay visible.
    let open = if rows.len() > ROWS { "" } else { " open" };
    let table = table(&names, &rows);
    let details = format!("<details{open}><summary>As a table</summary>{table}</details>");
    Some(paragraph(&about) + &side_by_side(&[figure, details]))
}

fn rows(comparison: &Comparison, protocol: usize) -> Vec<Row> {
    let name = comparison.score_name(protocol);
    let last = |arm: &'_ ArmResult| -> Vec<(String, f64)> {
        let scores = arm.runs.iter().filter_map(|run| run.curve.last()?.score(name));
        scores.flat_map(|score| score.per_class.clone()).collect()
    };
    let shares: Vec<Vec<(String, f64)>> = comparison.arms.iter().map(last).collect();
    let mut rows: Vec<Row> = Vec::new();
    for (class, _) in shares.iter().flatten() {
        if rows.iter().any(|row| row.class == *class) {
            continue;
        }
        let of = |arm: &Vec<(String, f64)>| {
            let seeds = arm.iter().filter(|(name, _)| name == class).map(|(_, share)| *share);
            finite_mean(seeds).map(|found| found.mean)
        };
        rows.push(Row { class: class.clone(), shares: shares.iter().map(of).collect() });
    }
    rows.retain(|row| row.shares.iter().any(Option::is_some));
    rows
}

fn draw(arms: &[&str], rows: &[&Row]) -> String {
    const LEFT: f64 = 130.0;
    const RIGHT: f64 = 18.0;
    const ROW: f64 = 23.0;
    const TOP: f64 = 26.0;
    let shares = rows.iter().flat_map(|row| row.shares.iter().flatten().map(|x| 100.0 * x));
    let values = range(shares, 0.06).unwrap_or([0.0, 100.0]);
    let x = Scale::new([values[0].max(-1.0), values[1].min(101.0)], [LEFT, WIDTH - RIGHT]);
    let bottom = TOP + ROW * rows.len() as f64;
    let label = "Top-1 accuracy of each class, one marker per arm";
    let mut svg = Svg::new([WIDTH, bottom + 24.0], label);
    svg.text("title", [0.0, 12.0], "top-1 accuracy, %");
    let (ticks, decimals) = x.ticks(8);
    for tick in ticks {
        let place = x.at(tick);
        svg.line("grid", [place, TOP], [place, bottom]);
        svg.text("tick mid", [place, bottom + 17.0], &number::fixed(tick, decimals));
    }
    for (r, row) in rows.iter().enumerate() {
        let y = TOP + ROW * (r as f64 + 0.5);
        svg.text("group end", [LEFT - 10.0, y + 4.0], &super::axes::brief(&row.class));
        // Not by `range`, which widens the range of equal values.
        let places = row.shares.iter().flatten().map(|share| x.at(100.0 * share));
        let [low, high] = places.fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], place| {
            [low.min(place), high.max(place)]
        });
        if low < high {
            svg.line("span", [low, y], [high, y]);
        }
        for (i, share) in row.shares.iter().enumerate() {
            let Some(share) = share else { continue };
            let title = format!("{}, {}: {}", row.class, arms[i], number::percent(*share));
            let path = marker::arm(i).path([x.at(100.0 * share), y], 5.0);
            svg.path(&format!("a{} dot ring", i % marker::ARMS), &path, &title);
        }
    }
    svg.finish("chart")
}

fn table(arms: &[&str], rows: &[Row]) -> String {
    let difference = (arms.len() > 1).then(|| format!("{} \u{2212} {}", arms[1], arms[0]));
    let mut headings = vec!["class"];
    headings.extend(arms);
    headings.extend(difference.as_deref());
    let mut table = Table::new(&headings);
    for row in rows {
        let mut cells = vec![escape(&row.class)];
        let share =
            |x: &Option<f64>| x.map_or(number::MISSING.into(), |x| number::fixed(100.0 * x, 1));
        cells.extend(row.shares.iter().map(share));
        cells.push(
            row.difference().map_or(number::MISSING.into(), |x| number::signed(100.0 * x, 1)),
        );
        table.row(&cells);
    }
    table.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_different_accuracies_are_joined_by_a_line() {
        let spans = |shares: &[Option<f64>]| {
            let row = Row { class: "cat".into(), shares: shares.to_vec() };
            draw(&["ap", "sp"], &[&row]).matches("class=\"span\"").count()
        };
        assert_eq!(spans(&[Some(0.3), Some(0.5)]), 1);
        assert_eq!(spans(&[Some(0.3), Some(0.3)]), 0);
        assert_eq!(spans(&[None, Some(0.3)]), 0);
    }
}
