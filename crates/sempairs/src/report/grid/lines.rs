//! Line charts against steps with one line per arm, for several points on the same scales.

use sempairs_eval::stats::Estimate;

use crate::comparison::finite_mean;
use crate::report::axes::{Axes, Chart, EndLabel, brief};
use crate::report::scale::range;
use crate::report::svg::Svg;
use crate::report::{marker, number};

/// Maximum number of points of a line.
const POINTS: usize = 120;

/// Maximum number of points of a line with a marker at every point.
const MARKED: usize = 25;

/// The line of an arm: mean over the seeds with its interval at each step.
pub struct Line {
    /// Number of the arm.
    pub arm: usize,
    /// Name of the arm.
    pub name: String,
    /// Step and value, sorted by step.
    pub points: Vec<(usize, Estimate)>,
}

/// Charts on the same scales.
pub struct LineCharts<'a> {
    /// Title of the value axis.
    pub title: &'a str,
    /// Description for screen readers, which the name of the chart follows.
    pub label: &'a str,
    /// Number of decimals in tooltips.
    pub decimals: usize,
    /// Name and lines of each chart.
    pub charts: Vec<(String, Vec<Line>)>,
}

impl LineCharts<'_> {
    /// Draws the charts that have a line, each with its name.
    pub fn draw(&self) -> Vec<(&str, Svg)> {
        let points = || {
            let lines = self.charts.iter().flat_map(|(_, lines)| lines);
            lines.flat_map(|line| &line.points)
        };
        let steps = range(points().map(|(step, _)| *step as f64), 0.0);
        let (Some(steps), Some(values)) = (steps, self.values()) else { return Vec::new() };
        let draw = |(name, lines): &'_ (String, Vec<Line>)| {
            let label = format!("{}: {name}", self.label);
            let axes = Axes { steps, values, title: self.title, label: &label, notes: 0 };
            let mut chart = Chart::new(&axes);
            lines.iter().for_each(|line| self.line(&mut chart, line));
            let ends = lines.iter().filter_map(|line| {
                Some(EndLabel {
                    value: line.points.last()?.1.mean,
                    style: format!("a{} name", line.arm % marker::ARMS),
                    text: brief(&line.name),
                })
            });
            chart.end_labels(&ends.collect::<Vec<_>>());
            chart.svg
        };
        let drawn = self.charts.iter().filter(|(_, lines)| has_points(lines));
        drawn.map(|chart| (chart.0.as_str(), draw(chart))).collect()
    }

    /// Range of the value axis. It covers all means; very wide intervals of few seeds are cut off.
    fn values(&self) -> Option<[f64; 2]> {
        let found = || {
            let lines = self.charts.iter().flat_map(|(_, lines)| lines);
            lines.flat_map(|line| &line.points).map(|(_, found)| found)
        };
        let means = || found().map(|found| found.mean);
        let [low, high] = range(means(), 0.3)?;
        let ends = found().filter_map(number::ends).flat_map(|(a, b)| [a, b]);
        range(means().chain(ends.map(|x| x.clamp(low, high))), 0.03)
    }

    fn line(&self, chart: &mut Chart, line: &Line) {
        let style = format!("a{}", line.arm % marker::ARMS);
        let mut means = Vec::new();
        let (mut low, mut high) = (Vec::new(), Vec::new());
        for (step, found) in &line.points {
            means.push(chart.at(*step, found.mean));
            if let Some(ends) = number::ends(found) {
                low.push(chart.at(*step, ends.0));
                high.push(chart.at(*step, ends.1));
            }
        }
        let [from, to] = chart.corners();
        chart.svg.within(from, to, |svg| svg.band(&format!("{style} band"), &low, &high));
        chart.svg.polyline(&format!("{style} line"), &means);
        if means.len() > MARKED {
            return;
        }
        for ((step, found), at) in line.points.iter().zip(means) {
            let interval = number::ends(found).map_or(String::new(), |(low, high)| {
                let [low, high] = [low, high].map(|end| number::fixed(end, self.decimals));
                format!(" [{low}, {high}]")
            });
            let title = format!(
                "{}, step {}: {}{interval}, {}",
                line.name,
                number::count(*step),
                number::fixed(found.mean, self.decimals),
                number::seeds(found.n)
            );
            let shape = marker::arm(line.arm).path(at, 3.6);
            chart.svg.path(&format!("{style} dot"), &shape, &title);
        }
    }
}

fn has_points(lines: &[Line]) -> bool {
    lines.iter().any(|line| !line.points.is_empty())
}

/// The mean over the runs, at the steps that all runs have, of values that were logged at many
/// steps. Values that are not finite are left out; more than [`POINTS`] values are averaged over
/// intervals.
pub fn over_runs(runs: &[&[(usize, f64)]]) -> Vec<(usize, Estimate)> {
    let runs: Vec<Vec<(usize, f64)>> = runs.iter().map(|run| thinned(run)).collect();
    let Some(first) = runs.first() else { return Vec::new() };
    let at = |step: usize| {
        let of = |run: &Vec<(usize, f64)>| {
            run.binary_search_by_key(&step, |(step, _)| *step).ok().map(|i| run[i].1)
        };
        let values: Vec<f64> = runs.iter().map(of).collect::<Option<_>>()?;
        Some((step, finite_mean(values)?))
    };
    first.iter().filter_map(|(step, _)| at(*step)).collect()
}

fn thinned(run: &[(usize, f64)]) -> Vec<(usize, f64)> {
    let finite: Vec<(usize, f64)> = run.iter().copied().filter(|(_, x)| x.is_finite()).collect();
    let stretch = finite.len().div_ceil(POINTS).max(1);
    let average = |part: &[(usize, f64)]| {
        let mean = part.iter().map(|(_, x)| x).sum::<f64>() / part.len() as f64;
        (part[part.len() / 2].0, mean)
    };
    finite.chunks(stretch).map(average).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_averaged_where_all_have_a_value() {
        let runs: [&[(usize, f64)]; 2] =
            [&[(1, 2.0), (2, 4.0), (3, 1.0)], &[(1, 4.0), (2, f64::NAN), (3, 2.0)]];
        let found: Vec<(usize, f64)> =
            over_runs(&runs).into_iter().map(|(step, found)| (step, found.mean)).collect();
        assert_eq!(found, [(1, 3.0), (3, 1.5)]);
        assert!(over_runs(&[]).is_empty());
        let long: Vec<(usize, f64)> = (0..1000).map(|i| (i, i as f64)).collect();
        let found = over_runs(&[&long]);
        assert_eq!((found.len(), found[0].0, found[0].1.mean), (112, 4, 4.0));
    }

    #[test]
    fn charts_share_their_scales_and_empty_ones_are_left_out() {
        let line = |mean: f64| {
            let found = Estimate { mean, low: None, high: None, n: 1, p_value: None };
            Line { arm: 0, name: "sp".into(), points: vec![(0, found), (100, found)] }
        };
        let chart = |mean| (format!("mean {mean}"), vec![line(mean)]);
        let (title, label) = ("loss", "Loss");
        let mut charts =
            LineCharts { title, label, decimals: 1, charts: vec![chart(1.0), chart(9.0)] };
        charts.charts.push(("empty".into(), Vec::new()));
        let drawn = charts.draw();
        let names: Vec<&str> = drawn.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, ["mean 1", "mean 9"]);
        for (_, svg) in drawn {
            let text = svg.finish("chart");
            assert!(text.contains(">2</text>") && text.contains(">8</text>"), "{text}");
        }
    }
}
