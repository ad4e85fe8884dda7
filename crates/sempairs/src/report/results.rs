//! The section with the results: scores at the last step, and differences between the arms.

use super::escape::escape;
use super::markup::{arm_name, paragraph, section};
use super::number;
use super::summary::finals;
use super::table::Table;
use crate::comparison::{ArmResult, Comparison, ScoreName, finite_mean};

/// Returns the section with the scores at the last step as HTML; empty if there are no scores.
pub fn results(comparison: &Comparison) -> String {
    let protocols = comparison.protocols();
    let tables = protocols.iter().enumerate().map(|(i, name)| protocol(comparison, i, name));
    let tables: String = tables.collect();
    if tables.is_empty() {
        return tables;
    }
    let mut about = "Top-1 and top-5 accuracy at the last step in percent.".to_owned();
    if comparison.seeds().len() > 1 {
        about += " Intervals are 95 % Student-t intervals over the seeds; differences are in \
                  percentage points and paired by seed.";
        if comparison.arms.len() > 2 {
            about += " p-values are not corrected for multiple comparisons.";
        }
    } else {
        about += " Intervals need at least two seeds.";
    }
    section("Results", &(paragraph(&about) + &tables))
}

fn protocol(comparison: &Comparison, protocol: usize, name: &str) -> String {
    let seeds = comparison.seeds();
    let titles: Vec<String> = seeds.iter().map(|seed| format!("seed {seed}")).collect();
    let mut headings = vec!["arm", "mean", "95 % interval", "top-5"];
    headings.extend(titles.iter().map(String::as_str));
    let mut table = Table::new(&headings);
    let hundred = |x: f64| number::fixed(100.0 * x, 2);
    let score = comparison.score_name(protocol);
    for (i, arm) in comparison.arms.iter().enumerate() {
        let values = finals(arm, score, &seeds);
        let found = finite_mean(values.iter().copied());
        let mut cells = vec![
            arm_name(i, &arm.arm.name),
            found.map_or(number::MISSING.into(), |f| format!("<b>{}</b>", hundred(f.mean))),
            found.and_then(|f| number::interval(&f)).unwrap_or(number::MISSING.into()),
            top5(arm, score).map_or(number::MISSING.into(), hundred),
        ];
        cells.extend(values.into_iter().map(hundred));
        table.row(&cells);
    }
    if let Some(found) = comparison.untrained(protocol) {
        let interval = number::interval(&found).unwrap_or(number::MISSING.into());
        table.row(&["untrained".into(), hundred(found.mean), interval]);
    }
    let bare = comparison.protocol_name(protocol);
    for score in comparison.baselines_of(protocol).filter(|score| score.protocol == bare) {
        let missing = number::MISSING.to_owned();
        table.row(&[escape(&score.views), hundred(score.top1), missing, hundred(score.top5)]);
    }
    if let Some(share) = comparison.chance_of(protocol) {
        table.row(&["chance level".into(), hundred(share)]);
    }
    let tables = table.finish() + &differences(comparison, name);
    format!("<h3>{}</h3>\n<div class=\"tables\">{tables}</div>\n", escape(name))
}

fn top5(arm: &ArmResult, name: ScoreName) -> Option<f64> {
    let last = arm.runs.iter().filter_map(|run| run.curve.last()?.score(name));
    finite_mean(last.map(|score| score.top5)).map(|found| found.mean)
}

fn differences(comparison: &Comparison, protocol: &str) -> String {
    let found = comparison.differences.iter().filter(|d| d.protocol == protocol);
    let mut table = Table::new(&["difference", "points", "95 % interval", "p", "seeds"]);
    let mut rows = 0;
    for d in found {
        let missing = number::MISSING.to_owned();
        table.row(&[
            format!("{} \u{2212} {}", escape(&d.arm), escape(&d.against)),
            format!("<b>{}</b>", number::points(d.top1.mean)),
            number::interval(&d.top1).unwrap_or(missing),
            escape(&number::p_value(d.top1.p_value)),
            d.top1.n.to_string(),
        ]);
        rows += 1;
    }
    if rows == 0 { String::new() } else { table.finish() }
}
