//! The section of accuracy against steps: one chart per protocol and data set, with baselines as
//! horizontal lines.

use sempairs_eval::Score;
use sempairs_eval::stats::Estimate;

use super::axes::{Axes, Chart, EndLabel, LINE, brief};
use super::escape::escape;
use super::markup::{arm_name, legend, paragraph, section, side_by_side};
use super::scale::range;
use super::summary::{self, Lead};
use super::{marker, number};
use crate::comparison::{ArmResult, Comparison};

/// Returns the section as HTML; empty if there are no scores.
pub fn curves(comparison: &Comparison) -> String {
    let protocols = comparison.protocols();
    let charts = protocols.iter().enumerate().filter_map(|(i, name)| chart(comparison, i, name));
    let charts: Vec<String> = charts.collect();
    if charts.is_empty() {
        return String::new();
    }
    let data = escape(&comparison.datasets_in_words());
    let about = if comparison.seeds().len() > 1 {
        format!(
            "Mean top-1 accuracy on {data} over the seeds; no arm was pre-trained on these data. \
             The bands are 95 % intervals. For each seed all arms start from the same weights."
        )
    } else {
        format!(
            "Top-1 accuracy on {data}; no arm was pre-trained on these data. With one seed there \
             are no intervals. All arms start from the same weights."
        )
    };
    section("Accuracy against steps", &(paragraph(&about) + &side_by_side(&charts)))
}

/// A horizontal line for comparison.
struct Level {
    name: String,
    value: f64,
    style: &'static str,
}

fn levels(comparison: &Comparison, protocol: usize) -> Vec<Level> {
    let level = |style, name: &str, value| Level { name: name.into(), value, style };
    let untrained = comparison.untrained(protocol);
    let mut levels: Vec<Level> =
        untrained.map(|found| level("untrained", "untrained", found.mean)).into_iter().collect();
    // A baseline is shown in the chart of its protocol, or in all charts of its data set if no arm
    // has that protocol there.
    let (name, dataset) = (comparison.protocol_name(protocol), comparison.dataset_of(protocol));
    let is_known = |protocol: &str| {
        let all = 0..comparison.protocols().len();
        all.filter(|i| comparison.dataset_of(*i) == dataset)
            .any(|i| comparison.protocol_name(i) == protocol)
    };
    let stands = |s: &&Score| s.protocol == name || !is_known(&s.protocol);
    let baselines = comparison.baselines_of(protocol).filter(stands);
    for (score, style) in baselines.zip(BASELINES.iter().cycle()) {
        levels.push(level(style, &score.views, score.top1));
    }
    levels.extend(comparison.chance_of(protocol).map(|x| level("guessing", "chance level", x)));
    levels.retain(|level| level.value.is_finite());
    levels
}

const BASELINES: [&str; 2] = ["baseline", "baseline two"];

type Curve = Vec<(usize, Estimate)>;

fn chart(comparison: &Comparison, protocol: usize, name: &str) -> Option<String> {
    let score = comparison.score_name(protocol);
    let curves: Vec<Curve> = comparison.arms.iter().map(|arm| arm.curve(score)).collect();
    let levels = levels(comparison, protocol);
    let leads = leads(comparison, protocol);
    let overtakings: Vec<&Lead> = leads.iter().filter(|lead| lead.overtook).collect();
    let title = format!("{name}: top-1 accuracy, %");
    let axes = Axes {
        steps: range(curves.iter().flatten().map(|(step, _)| *step as f64), 0.0)?,
        values: values(&curves, &levels)?,
        title: &title,
        label: &format!("Accuracy against steps under {name}"),
        notes: overtakings.len(),
    };
    let mut chart = Chart::new(&axes);
    let [[left, top], [right, bottom]] = chart.corners();
    for level in &levels {
        let y = chart.y.at(100.0 * level.value);
        chart.svg.line(&format!("level {}", level.style), [left, y], [right, y]);
    }
    let number_of = |arm: &str| comparison.arms.iter().position(|a| a.arm.name == arm).unwrap_or(0);
    for (i, lead) in overtakings.iter().enumerate() {
        let (x, y) = (chart.x.at(lead.since as f64), top - LINE * (i as f64 + 0.5));
        let style = format!("a{}", number_of(lead.ahead) % marker::ARMS);
        chart.svg.line(&format!("{style} crossing"), [x, y + 4.0], [x, bottom]);
        let anchor = if x < (left + right) / 2.0 { "" } else { " end" };
        let (ahead, behind) = (brief(lead.ahead), brief(lead.behind));
        let text = format!("{ahead} overtakes {behind}: step {}", number::count(lead.since));
        let beside = if anchor.is_empty() { x - 3.0 } else { x + 3.0 };
        chart.svg.text(&format!("{style} note{anchor}"), [beside, y], &text);
    }
    for (i, curve) in curves.iter().enumerate() {
        draw(&mut chart, i, curve, &comparison.arms[i].arm.name);
    }
    let last = |(i, curve): (usize, &Curve)| {
        Some(EndLabel {
            value: 100.0 * curve.last()?.1.mean,
            style: format!("a{} name", i % marker::ARMS),
            text: brief(&comparison.arms[i].arm.name),
        })
    };
    let mut labels: Vec<EndLabel> = curves.iter().enumerate().filter_map(last).collect();
    labels.extend(levels.iter().map(|level| EndLabel {
        value: 100.0 * level.value,
        style: "small".into(),
        text: brief(&level.name),
    }));
    chart.end_labels(&labels);
    let drawn = chart.svg.finish("chart");
    let said: Vec<String> = leads.iter().map(|lead| escape(&sentence(lead))).collect();
    Some(format!(
        "<figure>{drawn}{}<figcaption>{}</figcaption></figure>",
        key(comparison, &curves, &levels),
        said.join("<br>")
    ))
}

/// Range of the value axis. It covers all means and levels; very wide intervals of few seeds are
/// cut off.
fn values(curves: &[Curve], levels: &[Level]) -> Option<[f64; 2]> {
    let means = curves.iter().flatten().map(|(_, found)| found.mean);
    let [low, high] = range(means.chain(levels.iter().map(|level| level.value)), 0.5)?;
    let ends = curves.iter().flatten().filter_map(|(_, found)| number::ends(found));
    let ends = ends.flat_map(|(a, b)| [a, b]).map(|x| x.clamp(low, high));
    let means = curves.iter().flatten().map(|(_, found)| found.mean);
    let all = means.chain(levels.iter().map(|level| level.value)).chain(ends);
    range(all, 0.03).map(|[low, high]| [(100.0 * low).max(0.0), (100.0 * high).min(101.0)])
}

fn draw(chart: &mut Chart, arm: usize, curve: &Curve, name: &str) {
    let style = format!("a{}", arm % marker::ARMS);
    let place = |chart: &Chart, step, value: f64| chart.at(step, 100.0 * value);
    let banded = curve.iter().filter_map(|(step, found)| Some((*step, number::ends(found)?)));
    let (low, high): (Vec<[f64; 2]>, Vec<[f64; 2]>) = banded
        .map(|(step, (low, high))| (place(chart, step, low), place(chart, step, high)))
        .unzip();
    let means: Vec<[f64; 2]> =
        curve.iter().map(|(step, found)| place(chart, *step, found.mean)).collect();
    let [from, to] = chart.corners();
    chart.svg.within(from, to, |svg| svg.band(&format!("{style} band"), &low, &high));
    chart.svg.polyline(&format!("{style} line"), &means);
    for ((step, found), at) in curve.iter().zip(means) {
        let interval = number::interval(found).map_or(String::new(), |i| format!(" {i}"));
        let title = format!(
            "{name}, step {}: {}{interval}, {}",
            number::count(*step),
            number::percent(found.mean),
            number::seeds(found.n)
        );
        chart.svg.path(&format!("{style} dot"), &marker::arm(arm).path(at, 3.6), &title);
    }
}

/// The leading arm at the end, for every other arm against the first.
fn leads(comparison: &Comparison, protocol: usize) -> Vec<Lead<'_>> {
    let Some((first, others)) = comparison.arms.split_first() else { return Vec::new() };
    let score = comparison.score_name(protocol);
    let scored = |arm: &ArmResult| arm.curve(score).len() > 1;
    let others = others.iter().filter(|arm| scored(arm) && scored(first));
    others.filter_map(|arm| summary::lead(comparison, [arm, first], protocol)).collect()
}

fn sentence(lead: &Lead) -> String {
    let Lead { ahead, behind, since, overtook } = lead;
    let since = number::count(*since);
    if *overtook {
        format!("{ahead} overtakes {behind} at step {since} and stays ahead to the end.")
    } else {
        format!(
            "{ahead} is ahead of {behind} from step {since} to the end; {behind} is \
             never ahead."
        )
    }
}

fn key(comparison: &Comparison, curves: &[Curve], levels: &[Level]) -> String {
    let last = |(i, curve): (usize, &Curve)| {
        let mean = number::percent(curve.last()?.1.mean);
        Some(format!("{} {mean}", arm_name(i, &comparison.arms[i].arm.name)))
    };
    let mut entries: Vec<String> = curves.iter().enumerate().filter_map(last).collect();
    entries.extend(levels.iter().map(|level| {
        format!(
            "<span class=\"key\"><svg class=\"dash\" viewBox=\"0 0 24 12\" aria-hidden=\"true\">\
             <line class=\"level {}\" x1=\"0\" y1=\"6\" x2=\"24\" y2=\"6\"/></svg>{}</span> {}",
            level.style,
            escape(&level.name),
            number::percent(level.value)
        )
    }));
    legend(&entries)
}
