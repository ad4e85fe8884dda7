//! The settings section: experiment, protocols with their hashes, and device.

use super::escape::escape;
use super::markup::{paragraph, section};
use super::number;
use super::table::Table;
use crate::comparison::Comparison;
use sempairs_eval::Score;

/// Returns the section as HTML.
pub fn settings(comparison: &Comparison) -> String {
    let mut body = format!(
        "<dl><dt>experiment</dt><dd>{}</dd><dt>identity</dt><dd><code>{}</code></dd>\
         <dt>device</dt><dd><code>{}</code></dd></dl>\n",
        escape(&comparison.name),
        escape(&comparison.identity),
        escape(&comparison.device)
    );
    let last = comparison.arms.first().and_then(|arm| arm.runs.first()?.curve.last());
    let scores: Vec<&Score> =
        last.into_iter().flat_map(|point| &point.scores).chain(&comparison.baselines).collect();
    if !scores.is_empty() {
        // The column of the data set is left out if there is only one.
        let skipped = if comparison.datasets().len() > 1 { 0 } else { 1 };
        let headings =
            ["data", "protocol", "features", "hash", "training pictures", "test pictures"];
        let mut table = Table::new(&headings[skipped..]);
        for score in &scores {
            let network = !comparison.baselines.iter().any(|baseline| baseline == *score);
            let cells = [
                escape(&score.dataset),
                escape(&score.protocol),
                if network { "network".into() } else { escape(&score.views) },
                format!("<code>{}</code>", escape(&score.protocol_hash)),
                number::count(score.n_train),
                number::count(score.n_test),
            ];
            table.row(&cells[skipped..]);
        }
        body += &table.finish();
        let spelt: String = scores.iter().map(|score| spelt_out(score)).collect();
        body += &details("Protocol settings", &spelt);
    }
    if !comparison.experiment.is_empty() {
        body += &details("The experiment file", &comparison.experiment);
    }
    body += &paragraph(
        "The identity is a hash of the whole experiment. A protocol's hash covers the protocol and \
         the views from which its features are computed. Results with equal hashes were computed \
         with the same settings.",
    );
    section("Settings", &body)
}

fn spelt_out(score: &Score) -> String {
    let settings = serde_json::to_string(&score.settings).unwrap_or_default();
    format!("{}\n  {settings}\n  views: {}\n", score.protocol, score.views)
}

fn details(title: &str, text: &str) -> String {
    format!(
        "<details><summary>{}</summary><pre>{}</pre></details>\n",
        escape(title),
        escape(text.trim_end())
    )
}
