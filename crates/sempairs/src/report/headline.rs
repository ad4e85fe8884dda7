//! The result in sentences. A difference is only claimed if its interval excludes zero.

use super::number;
use crate::comparison::{ArmDifference, Comparison};

/// Returns one sentence per difference under the first protocol of each data set, followed by one
/// per run that has collapsed, as plain text.
pub fn sentences(comparison: &Comparison) -> Vec<String> {
    let warnings = comparison.warnings().into_iter().map(|warning| warning + ".");
    found(comparison).into_iter().chain(warnings).collect()
}

fn found(comparison: &Comparison) -> Vec<String> {
    let first = comparison.first_protocols().into_iter();
    let found: Vec<String> = first.flat_map(|protocol| found_under(comparison, protocol)).collect();
    if found.is_empty() { vec!["Nothing has been scored yet.".into()] } else { found }
}

/// The sentences about one data set, under the protocol with this index.
fn found_under(comparison: &Comparison, protocol: usize) -> Vec<String> {
    let labels = comparison.protocols();
    let found = comparison.differences.iter().filter(|d| d.protocol == labels[protocol]);
    let (dataset, name) = (comparison.dataset_of(protocol), comparison.protocol_name(protocol));
    let found = found.filter(|d| d.top1.mean.is_finite());
    let sentences: Vec<String> = found.map(|found| difference(found, dataset, name)).collect();
    if !sentences.is_empty() {
        return sentences;
    }
    let score = comparison.score_name(protocol);
    let alone = comparison.arms.iter().filter_map(|arm| {
        let found = arm.final_mean(score)?;
        let interval = number::interval(&found).map_or(String::new(), |i| format!(" {i}"));
        Some(format!(
            "{} reaches {}{interval} on {dataset} ({}, {name}).",
            arm.arm.name,
            number::percent(found.mean),
            number::seeds(found.n)
        ))
    });
    alone.collect()
}

/// The sentence about the difference of two arms on a data set under the protocol with this name.
fn difference(found: &ArmDifference, dataset: &str, protocol: &str) -> String {
    let ArmDifference { arm, against, top1, .. } = found;
    let seeds = number::ends(top1).map_or(String::new(), |_| number::seeds(top1.n) + ", ");
    let place = format!("on {dataset} ({seeds}{protocol})");
    let size = |x: f64| number::fixed(100.0 * x.abs(), 1);
    let direction = if top1.mean < 0.0 { "behind" } else { "ahead of" };
    match number::ends(top1) {
        Some(ends) if top1.excludes_zero() => {
            // The interval of the absolute difference, as the sign is in the word.
            let (low, high) = if top1.mean < 0.0 { (-ends.1, -ends.0) } else { ends };
            let by = size(top1.mean);
            format!("{arm} is {direction} {against} by {by} points {} {place}.", range(low, high))
        }
        Some((low, high)) => format!(
            "No difference is shown between {arm} and {against}: {} points {} {place}; the \
             interval contains zero.",
            number::signed(100.0 * top1.mean, 1),
            range(low, high)
        ),
        None if top1.mean == 0.0 => {
            format!("{arm} and {against} score the same {place}; one seed gives no interval.")
        }
        None => format!(
            "{arm} is {} points {direction} {against} {place}; one seed gives no interval.",
            size(top1.mean)
        ),
    }
}

/// An interval in percentage points with one decimal.
fn range(low: f64, high: f64) -> String {
    format!("[{}, {}]", number::fixed(100.0 * low, 1), number::fixed(100.0 * high, 1))
}

#[cfg(test)]
mod tests {
    use sempairs_eval::stats::mean;

    use super::*;

    fn said(samples: &[f64]) -> String {
        let found = ArmDifference {
            arm: "sp".into(),
            against: "ap".into(),
            protocol: "probe-lbfgs".into(),
            top1: mean(samples),
        };
        difference(&found, "cifar10", &found.protocol)
    }

    #[test]
    fn sentences_follow_the_interval() {
        assert_eq!(
            said(&[0.04, 0.041, 0.042]),
            "sp is ahead of ap by 4.1 points [3.9, 4.3] on cifar10 (3 seeds, probe-lbfgs)."
        );
        assert!(
            said(&[-0.04, -0.041, -0.042]).starts_with("sp is behind ap by 4.1 points [3.9, 4.3]")
        );
        let unsure = said(&[0.04, -0.01, 0.03]);
        assert!(unsure.starts_with("No difference is shown") && unsure.contains("+2.0 points"));
        let one = said(&[0.02]);
        assert!(
            one.starts_with("sp is 2.0 points ahead of ap")
                && one.ends_with("(probe-lbfgs); one seed gives no interval.")
        );
    }
}
