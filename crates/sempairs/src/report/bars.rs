//! The invariance section: a bar chart with one bar per arm for each nuisance factor.

use sempairs_eval::analysis::invariance::InvarianceReport;
use sempairs_eval::stats::Estimate;

use super::axes::{LINE, WIDTH};
use super::markup::{arm_name, legend, paragraph, section, side_by_side};
use super::scale::{Scale, range};
use super::svg::Svg;
use super::{marker, number};
use crate::comparison::{ArmResult, Comparison, finite_mean};

/// Returns the section as HTML; empty if no run has an invariance report.
pub fn bars(comparison: &Comparison) -> String {
    let groups = groups(comparison);
    if groups.is_empty() {
        return String::new();
    }
    let scenes = comparison.arms.iter().flat_map(reports).map(|report| report.scenes).max();
    let scenes = scenes.unwrap_or(0);
    let about = paragraph(&format!(
        "Invariance of the features to each nuisance factor: the similarity of two pictures that \
         differ only in this factor, scaled to 1 for identical features and to 0 for the \
         similarity of pictures of different classes. The last group compares different pictures \
         of the same class, in which all factors differ. From {} scenes; error bars are 95 % \
         intervals, over the seeds if there are several.",
        number::count(scenes)
    ));
    let arms = comparison.arms.iter().enumerate();
    let key: Vec<String> = arms.map(|(i, arm)| arm_name(i, &arm.arm.name)).collect();
    let figure = format!("<figure>{}{}</figure>", draw(comparison, &groups), legend(&key));
    let text = format!("<div>{about}</div>");
    section("Invariance of the features", &side_by_side(&[figure, text]))
}

/// The groups of the chart: every factor, and pictures of the same class.
pub fn groups(comparison: &Comparison) -> Vec<Group> {
    let reports = comparison.arms.iter().flat_map(reports);
    let mut factors: Vec<&str> = Vec::new();
    for factor in reports.flat_map(|report| &report.factors) {
        if !factors.contains(&factor.factor.as_str()) {
            factors.push(&factor.factor);
        }
    }
    let mut groups: Vec<Group> = factors.iter().map(|factor| group(comparison, factor)).collect();
    groups.push(same_class(comparison));
    groups.retain(|group| group.bars.iter().any(Option::is_some));
    groups
}

fn reports(arm: &ArmResult) -> impl Iterator<Item = &InvarianceReport> {
    arm.runs.iter().filter_map(|run| run.invariance.as_ref())
}

/// A group of bars: a factor with the value of each arm.
pub struct Group {
    /// Name of the factor.
    pub name: String,
    /// The value of each arm.
    pub bars: Vec<Option<Estimate>>,
}

fn group(comparison: &Comparison, factor: &str) -> Group {
    let bar = |arm: &ArmResult| {
        let rows =
            reports(arm).flat_map(|report| report.factors.iter().map(move |row| (report, row)));
        let rows: Vec<_> = rows.filter(|(_, row)| row.factor == factor).collect();
        let found = finite_mean(rows.iter().map(|(_, row)| row.invariance))?;
        // With one seed, use the interval over the scenes, scaled like the index.
        let [(report, row)] = rows[..] else { return Some(found) };
        let index = |x: f64| (x - report.other_classes) / (1.0 - report.other_classes);
        let ends = row.interval.map(|ends| ends.map(index));
        Some(Estimate { low: ends.map(|e| e[0]), high: ends.map(|e| e[1]), ..found })
    };
    Group { name: factor.into(), bars: comparison.arms.iter().map(bar).collect() }
}

fn same_class(comparison: &Comparison) -> Group {
    let index = |r: &InvarianceReport| (r.same_class - r.other_classes) / (1.0 - r.other_classes);
    let bar = |arm| finite_mean(reports(arm).map(index));
    Group { name: "same class".into(), bars: comparison.arms.iter().map(bar).collect() }
}

fn draw(comparison: &Comparison, groups: &[Group]) -> String {
    const LEFT: f64 = 108.0;
    const RIGHT: f64 = 56.0;
    const BAR: f64 = 15.0;
    let arms = comparison.arms.len();
    let (gap, height) = (LINE, BAR * arms as f64);
    let found = || groups.iter().flat_map(|group| group.bars.iter().flatten());
    let ends = found().flat_map(|bar| [bar.mean, bar.low.unwrap_or(0.0), bar.high.unwrap_or(0.0)]);
    let [low, high] = range(ends.chain([0.0, 1.0]), 0.0).unwrap_or([0.0, 1.0]);
    // A very wide interval of few seeds must not compress the bars.
    let x = Scale::new([low.max(-1.0), high.min(1.2)], [LEFT, WIDTH - RIGHT]);
    let bottom = gap + groups.len() as f64 * (height + gap);
    let mut svg = Svg::new([WIDTH, bottom + 26.0], "Invariance to each factor, one bar per arm");
    let (ticks, decimals) = x.ticks(6);
    for tick in ticks {
        let place = x.at(tick);
        svg.line(if tick == 0.0 { "axis" } else { "grid" }, [place, 4.0], [place, bottom]);
        svg.text("tick mid", [place, bottom + 17.0], &number::fixed(tick, decimals));
    }
    let clamp = |value: f64| x.at(value).clamp(x.places()[0], x.places()[1]);
    for (g, group) in groups.iter().enumerate() {
        let top = gap + g as f64 * (height + gap);
        svg.text("group end", [LEFT - 10.0, top + height / 2.0 + 4.0], &group.name);
        for (i, bar) in group.bars.iter().enumerate() {
            let Some(bar) = bar else { continue };
            let (y, colour) = (top + BAR * i as f64, format!("a{}", i % marker::ARMS));
            let value = number::fixed(bar.mean, 3);
            let title = format!("{}, {}: {value}", comparison.arms[i].arm.name, group.name);
            let corners = [[clamp(0.0), y + 1.0], [clamp(bar.mean), y + BAR - 1.0]];
            svg.bar(&format!("{colour} fill"), corners[0], corners[1], &title);
            let middle = y + BAR / 2.0;
            let mut end = clamp(bar.mean).max(clamp(0.0));
            if let Some((low, high)) = number::ends(bar) {
                svg.line("whisker", [clamp(low), middle], [clamp(high), middle]);
                end = end.max(clamp(high));
            }
            svg.text("small", [end + 6.0, middle + 4.0], &value);
        }
    }
    svg.finish("chart")
}
