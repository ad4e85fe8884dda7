//! The section of the experiments of a grid, with links to their reports.

use super::{list, table};
use crate::comparison::grid::{GridComparison, GridTable, unmatched};
use crate::experiment::Published;
use crate::report::escape::escape;
use crate::report::markup::{paragraph, section};
use crate::report::number;
use crate::report::table::Table;

/// Returns the section as HTML; `folder` is the name of the grid's own folder.
pub fn experiments(grid: &GridComparison, tables: &[GridTable], folder: &str) -> String {
    let mut table = Table::new(&["experiment", "runs", "identity", "device", "report"]);
    for (i, point) in grid.record.points.iter().enumerate() {
        let name = escape(&grid.label(i));
        let Some(comparison) = &grid.points[i] else {
            table.row(&[name, "not run yet".into()]);
            continue;
        };
        let done: usize = comparison.arms.iter().map(|arm| arm.runs.len()).sum();
        let missing: usize = comparison.arms.iter().map(|arm| arm.missing.len()).sum();
        let link = match point.folder == folder {
            true => "this page".into(),
            false => format!("<a href=\"../{}/report.html\">report</a>", href(&point.folder)),
        };
        table.row(&[
            name,
            format!("{done} of {}", done + missing),
            format!("<code>{}</code>", escape(&comparison.identity)),
            escape(&comparison.device),
            link,
        ]);
    }
    let mut body = table.finish() + &times(grid) + &other_numbers(grid, tables) + &needs(grid);
    body += &paragraph(
        "The tables as files: <a href=\"tables.md\">Markdown</a>, <a \
         href=\"tables.csv\">accuracies</a> and <a href=\"differences.csv\">differences</a> as \
         CSV, <a href=\"tables.tex\">LaTeX</a>. The drawings are in the folder \
         <code>plots</code>.",
    );
    section("Experiments", &body)
}

/// The times of runs.
fn times(grid: &GridComparison) -> String {
    let times = list::times(grid);
    if times.rows.is_empty() {
        return String::new();
    }
    paragraph(
        "The time of a run is its number of pairs divided by its pairs per second: pre-training \
         alone, on the device above, without scoring. Means over the runs.",
    ) + &table::list(&times)
}

/// The published numbers that are not beside one of ours.
fn other_numbers(grid: &GridComparison, tables: &[GridTable]) -> String {
    let others = unmatched(grid, tables);
    if others.is_empty() {
        return String::new();
    }
    let mut table = Table::new(&["published", "arm", "data", "metric", "value"]);
    for Published { at, arm, dataset, value, metric, .. } in others {
        let at: Vec<String> = at.iter().map(|(axis, label)| format!("{axis} {label}")).collect();
        let value = number::fixed(*value, 2);
        table.row(&[&at.join(", "), arm, dataset, metric, &value].map(|text| escape(text)));
    }
    paragraph("Published numbers that none of the tables has a counterpart of:") + &table.finish()
}

/// What the study needs.
fn needs(grid: &GridComparison) -> String {
    let about = &grid.record.about;
    let mut items: Vec<(&str, &String)> = about.needs.iter().map(|need| ("needs", need)).collect();
    if !about.gpu_hours.is_empty() {
        items.push(("GPU hours", &about.gpu_hours));
    }
    if items.is_empty() {
        return String::new();
    }
    let item = |(name, text): (&str, &String)| format!("<dt>{name}</dt><dd>{}</dd>", escape(text));
    format!("<dl>{}</dl>\n", items.into_iter().map(item).collect::<String>())
}

/// Encodes the name of a folder for a relative URL (RFC 3986, section 2).
fn href(folder: &str) -> String {
    let mut url = String::new();
    for byte in folder.bytes() {
        match byte {
            b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'-' | b'.' | b'_' | b'~' | b'=' | b',' => {
                url.push(byte.into());
            }
            _ => url += &format!("%{byte:02X}"),
        }
    }
    url
}

#[cfg(test)]
mod tests {
    use super::href;

    #[test]
    fn names_of_folders_are_encoded() {
        assert_eq!(href("grid-epochs=200"), "grid-epochs=200");
        assert_eq!(href("a b#\"ü"), "a%20b%23%22%C3%BC");
    }
}
