//! Example pairs of the points of a grid.

use toml::Value;

use super::Examples;
use crate::comparison::Comparison;
use crate::comparison::grid::GridComparison;
use crate::report::escape::escape;
use crate::report::markup::{paragraph, section};
use crate::report::pictures;

/// Maximum number of pairs of an arm if several points are shown.
const PAIRS: usize = 3;

/// The points whose examples are shown: the first one with results, and every further one whose
/// pictures or views are those of no earlier one.
pub fn shown(grid: &GridComparison) -> Vec<(usize, &Comparison)> {
    let mut seen: Vec<[Option<Value>; 2]> = Vec::new();
    let is_new = |(_, comparison): &(usize, &Comparison)| {
        let settings = comparison.settings().unwrap_or_default();
        let setting = ["pictures", "views"].map(|key| settings.get(key).cloned());
        let is_new = !seen.contains(&setting);
        if is_new {
            seen.push(setting);
        }
        is_new
    };
    grid.results().filter(is_new).collect()
}

/// Returns the section of the examples as HTML; empty if there are none.
pub fn section_of(grid: &GridComparison, examples: &Examples) -> String {
    let several = examples.len() > 1;
    let mut body = String::new();
    for (i, (point, examples)) in examples.iter().enumerate() {
        let Some(comparison) = &grid.points[*point] else { continue };
        let most = if several { PAIRS } else { usize::MAX };
        let arms = pictures::arms(comparison, examples, most);
        let open = if i == 0 { " open" } else { "" };
        body += &match (several, arms.is_empty()) {
            (_, true) => String::new(),
            (false, false) => arms,
            (true, false) => {
                let label = escape(&grid.label(*point));
                format!("<details{open}><summary>{label}</summary>\n{arms}</details>\n")
            }
        };
    }
    if body.is_empty() {
        return body;
    }
    let remark = match examples {
        [(point, _)] if grid.points.len() > 1 => {
            format!(" These are the pairs of the experiment {}.", grid.label(*point))
        }
        _ => String::new(),
    };
    let about = paragraph(&(escape(pictures::ABOUT) + &escape(&remark)));
    section(pictures::HEADING, &(about + &body))
}
