//! The pre-training section: loss curves of every run, and statistics of the embeddings at the end.

use super::axes::{Axes, Chart, EndLabel, brief};
use super::markup::{arm_name, paragraph, section, side_by_side};
use super::scale::range;
use super::table::Table;
use super::{marker, number};
use crate::comparison::{Comparison, RunResult, finite_mean};

/// Returns the section as HTML; empty if no loss was logged.
pub fn losses(comparison: &Comparison) -> String {
    let Some(chart) = chart(comparison) else { return String::new() };
    let several = comparison.arms.iter().any(|arm| arm.runs.len() > 1);
    let lines = if several { ": the mean over the seeds, and each run as a thin line" } else { "" };
    let about = format!(
        "The training loss{lines}. Arms with different pairs solve different tasks, so their \
         losses cannot be compared: a lower loss does not mean a better arm."
    );
    section("Pre-training", &(paragraph(&about) + &side_by_side(&[chart, table(comparison)])))
}

/// Maximum number of points of a line; more could not be distinguished.
const POINTS: usize = 240;

type Line = Vec<(usize, f64)>;

fn chart(comparison: &Comparison) -> Option<String> {
    let runs: Vec<Vec<Line>> =
        comparison.arms.iter().map(|arm| arm.runs.iter().map(line).collect()).collect();
    let all = || runs.iter().flatten().flatten();
    let axes = Axes {
        steps: range(all().map(|(step, _)| *step as f64), 0.0)?,
        values: range(all().map(|(_, loss)| *loss), 0.04)?,
        title: "loss",
        label: "Loss against steps",
        notes: 0,
    };
    let mut chart = Chart::new(&axes);
    let mut labels = Vec::new();
    let means: Vec<Line> = runs.iter().map(|runs| mean(runs)).collect();
    for (style, lines) in
        [("thin", &runs), ("line", &means.iter().map(|m| vec![m.clone()]).collect())]
    {
        for (i, line) in
            lines.iter().enumerate().flat_map(|(i, lines)| lines.iter().map(move |l| (i, l)))
        {
            let points: Vec<[f64; 2]> =
                line.iter().map(|(step, loss)| chart.at(*step, *loss)).collect();
            chart.svg.polyline(&format!("a{} {style}", i % marker::ARMS), &points);
        }
    }
    for (i, (line, arm)) in means.iter().zip(&comparison.arms).enumerate() {
        labels.extend(line.last().map(|(_, value)| EndLabel {
            value: *value,
            style: format!("a{} name", i % marker::ARMS),
            text: brief(&arm.arm.name),
        }));
    }
    chart.end_labels(&labels);
    Some(format!("<figure>{}</figure>", chart.svg.finish("chart")))
}

/// The finite losses of a run, averaged over intervals if there are more than [`POINTS`].
fn line(run: &RunResult) -> Line {
    let finite: Line = run.loss.iter().copied().filter(|(_, loss)| loss.is_finite()).collect();
    let stretch = finite.len().div_ceil(POINTS).max(1);
    let average = |part: &[(usize, f64)]| {
        let mean = part.iter().map(|(_, loss)| loss).sum::<f64>() / part.len() as f64;
        (part[part.len() / 2].0, mean)
    };
    finite.chunks(stretch).map(average).collect()
}

/// The mean over the runs at the steps that were logged in all of them.
fn mean(runs: &[Line]) -> Line {
    let Some((first, others)) = runs.split_first() else { return Vec::new() };
    let at = |&(step, loss): &(usize, f64)| {
        let others = others.iter().map(|line| {
            line.binary_search_by_key(&step, |(step, _)| *step).ok().map(|i| line[i].1)
        });
        let sum = others.sum::<Option<f64>>()? + loss;
        Some((step, sum / runs.len() as f64))
    };
    first.iter().filter_map(at).collect()
}

fn table(comparison: &Comparison) -> String {
    let all = || comparison.arms.iter().flat_map(|arm| &arm.runs);
    let counted = all().any(|run| run.negatives.is_some());
    let mut heads = vec!["arm", "last loss", "std. dev.", "rank", "pairs/s"];
    if counted {
        heads.extend(["negatives", "same class", "itself", "partner"]);
    }
    let mut table = Table::new(&heads);
    for (i, arm) in comparison.arms.iter().enumerate() {
        let mean = |of: &dyn Fn(&RunResult) -> Option<f64>, decimals| {
            let found = finite_mean(arm.runs.iter().filter_map(of));
            found.map_or(number::MISSING.into(), |found| number::fixed(found.mean, decimals))
        };
        let mut row = vec![
            arm_name(i, &arm.arm.name),
            mean(&|run| run.loss.last().map(|(_, loss)| *loss), 3),
            mean(&|run| run.collapse.map(|c| c.deviation), 3),
            mean(&|run| run.collapse.map(|c| c.rank), 1),
            mean(&|run| Some(run.pairs_per_second), 0),
        ];
        if counted {
            row.extend([
                mean(&|run| run.negatives.map(|n| n.all), 0),
                mean(&|run| run.negatives?.same_class, 2),
                mean(&|run| run.negatives.map(|n| n.own), 2),
                mean(&|run| run.negatives.map(|n| n.partner), 2),
            ]);
        }
        table.row(&row);
    }
    let mut about = String::from("Means over the runs.");
    if all().any(|run| run.collapse.is_some()) {
        about += " Std. dev. is the standard deviation of the L2-normalised embeddings times √d: 1 \
                  if they are uniform on the sphere, 0 if they have collapsed to a point. Rank is \
                  the effective rank of the embeddings.";
    }
    if counted {
        about += " The last columns are mean counts per anchor in the last epoch: negatives, \
                  negatives of the anchor's class, negatives that are the anchor's own picture, \
                  and negatives that are its partner.";
    }
    format!("<div>{}{}</div>", table.finish(), paragraph(&about))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_are_taken_at_steps_that_all_runs_have() {
        let runs = [vec![(1, 2.0), (2, 4.0), (3, 1.0)], vec![(1, 4.0), (3, 2.0)]];
        assert_eq!(mean(&runs), [(1, 3.0), (3, 1.5)]);
        assert!(mean(&[]).is_empty());
    }

    #[test]
    fn long_lines_are_averaged_and_short_ones_are_not() {
        let run = |n| RunResult {
            seed: 0,
            loss: (0..n).map(|i| (i, i as f64)).collect(),
            chance: None,
            information: Vec::new(),
            curve: Vec::new(),
            invariance: None,
            collapse: None,
            negatives: None,
            alarms: Vec::new(),
            pairs_per_second: 1.0,
        };
        assert_eq!(line(&run(100)).len(), 100);
        let long = line(&run(1000));
        assert_eq!((long.len(), long[0]), (200, (2, 2.0)));
    }
}
