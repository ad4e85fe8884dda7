//! Horizontal charts with one row per value: bars from zero, or points with intervals.

use sempairs_eval::stats::Estimate;

use crate::report::axes::{LINE, WIDTH, brief, shortened};
use crate::report::scale::{Scale, range};
use crate::report::svg::Svg;
use crate::report::{marker, number};

/// How a value is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// A bar from zero.
    Bar,
    /// A marker.
    Point,
}

/// A value with its interval, in the unit of the chart.
pub struct Row {
    /// Name of the arm or the difference.
    pub name: String,
    /// Number of the arm, which determines the colour.
    pub arm: usize,
    /// The value.
    pub value: Estimate,
    /// Published value.
    pub published: Option<f64>,
    /// The value as text.
    pub text: String,
}

/// Rows below a common heading.
pub struct Group {
    /// The heading.
    pub name: String,
    /// The rows.
    pub rows: Vec<Row>,
}

/// A chart of groups of rows.
pub struct RowChart<'a> {
    /// How values are drawn.
    pub mark: Mark,
    /// Title of the value axis.
    pub title: &'a str,
    /// Description for screen readers.
    pub label: &'a str,
    /// The groups; those without rows are left out.
    pub groups: Vec<Group>,
}

/// Height of a row.
const ROW: f64 = 17.0;
/// Space above the first group.
const TOP: f64 = 22.0;
/// Space for the text of a value.
const RIGHT: f64 = 70.0;
/// Maximum number of characters of a heading, for the larger letters of narrow screens.
const HEADING: usize = 60;

impl RowChart<'_> {
    /// Draws the chart; `None` if there are no rows.
    pub fn draw(&self) -> Option<Svg> {
        let rows = || self.groups.iter().flat_map(|group| &group.rows);
        let groups: Vec<&Group> = self.groups.iter().filter(|g| !g.rows.is_empty()).collect();
        let longest = rows().map(|row| brief(&row.name).chars().count()).max()?;
        // Wide enough for the larger letters of narrow screens.
        let left = (8.5 * longest as f64 + 16.0).max(40.0);
        let x = Scale::new(self.values()?, [left, WIDTH - RIGHT]);
        let height = |group: &&Group| LINE + 6.0 + ROW * group.rows.len() as f64;
        let bottom = TOP + groups.iter().map(height).sum::<f64>() + 4.0;
        let mut svg = Svg::new([WIDTH, bottom + 24.0], self.label);
        svg.text("title", [0.0, 12.0], self.title);
        let (ticks, decimals) = x.ticks(6);
        for tick in ticks {
            let place = x.at(tick);
            svg.line(if tick == 0.0 { "axis" } else { "grid" }, [place, TOP], [place, bottom]);
            svg.text("tick mid", [place, bottom + 17.0], &number::fixed(tick, decimals));
        }
        let mut top = TOP;
        for group in groups {
            svg.text("group", [0.0, top + LINE], &shortened(&group.name, HEADING));
            for (i, row) in group.rows.iter().enumerate() {
                let middle = top + LINE + 6.0 + ROW * (i as f64 + 0.5);
                self.row(&mut svg, &x, (group.name.as_str(), row), middle);
            }
            top += height(&group);
        }
        Some(svg)
    }

    fn row(&self, svg: &mut Svg, x: &Scale, (group, row): (&str, &Row), middle: f64) {
        let [left, right] = x.places();
        let clamp = |value: f64| x.at(value).clamp(left, right);
        let colour = format!("a{}", row.arm % marker::ARMS);
        let at = clamp(row.value.mean);
        let interval = number::ends(&row.value).map_or("one seed: no interval".into(), |ends| {
            format!("[{}, {}]", number::fixed(ends.0, 2), number::fixed(ends.1, 2))
        });
        let title = format!("{group}, {}: {} {interval}", row.name, row.text);
        svg.text(&format!("{colour} name end"), [left - 8.0, middle + 4.0], &brief(&row.name));
        let mut end = at;
        if self.mark == Mark::Bar {
            let half = ROW / 2.0 - 1.5;
            let zero = clamp(0.0);
            let [from, to] = [[zero, middle - half], [at, middle + half]];
            svg.bar(&format!("{colour} fill"), from, to, &title);
            end = end.max(zero);
        }
        if let Some((low, high)) = number::ends(&row.value) {
            svg.line("whisker", [clamp(low), middle], [clamp(high), middle]);
            end = end.max(clamp(high));
        }
        if self.mark == Mark::Point {
            let shape = marker::arm(row.arm).path([at, middle], 4.4);
            svg.path(&format!("{colour} dot ring"), &shape, &title);
        }
        if let Some(published) = row.published.filter(|value| value.is_finite()) {
            let place = clamp(published);
            let title = format!("{group}, {}: published {}", row.name, number::fixed(published, 2));
            let shape = marker::Shape::Diamond.path([place, middle], 4.0);
            svg.path("published", &shape, &title);
            end = end.max(place + 5.0);
        }
        svg.text("small", [end + 6.0, middle + 4.0], &row.text);
    }

    /// Range of the value axis. It covers zero, all values and published values; the intervals of
    /// few seeds may be very wide and are cut off.
    fn values(&self) -> Option<[f64; 2]> {
        let rows = || self.groups.iter().flat_map(|group| &group.rows);
        let values = || rows().flat_map(|row| [Some(row.value.mean), row.published]).flatten();
        let room = if self.mark == Mark::Bar { 0.15 } else { 0.5 };
        let [low, high] = range(values().chain([0.0]), room)?;
        let ends = rows().filter_map(|row| number::ends(&row.value));
        let ends = ends.flat_map(|(a, b)| [a, b]).map(|x| x.clamp(low, high));
        let [low, high] = range(values().chain([0.0]).chain(ends), 0.03)?;
        // Bars begin at zero.
        let covers = |value: f64| values().all(|x| x >= value);
        let low = if self.mark == Mark::Bar && covers(0.0) { 0.0 } else { low };
        Some([low, high])
    }
}

/// An estimate in [0, 1] in percent.
pub fn percent(of: &Estimate) -> Estimate {
    let scaled = |x: f64| 100.0 * x;
    Estimate { mean: scaled(of.mean), low: of.low.map(scaled), high: of.high.map(scaled), ..*of }
}

#[cfg(test)]
mod tests {
    use sempairs_eval::stats::mean;

    use super::*;

    fn chart(mark: Mark, samples: &[f64], published: Option<f64>) -> RowChart<'static> {
        let value = mean(samples);
        let row = Row { name: "sp".into(), arm: 1, value, published, text: "text".into() };
        let groups = vec![Group { name: "far".into(), rows: vec![row] }];
        RowChart { mark, title: "title", label: "label", groups }
    }

    #[test]
    fn bars_begin_at_zero_and_wide_intervals_are_cut_off() {
        let bars = chart(Mark::Bar, &[50.0, 60.0], None);
        let [low, high] = bars.values().unwrap();
        assert!(low == 0.0 && high > 60.0 && high < 70.0, "{low} {high}");
        let points = chart(Mark::Point, &[-1.0, 3.0], Some(4.0));
        let [low, high] = points.values().unwrap();
        assert!(low < -1.5 && high > 5.0 && high < 8.0, "{low} {high}");
    }

    #[test]
    fn published_values_are_drawn_and_empty_charts_are_not() {
        let drawn = chart(Mark::Point, &[1.0, 2.0], Some(4.0)).draw().unwrap().finish("chart");
        assert!(drawn.contains("class=\"published\"") && drawn.contains("published 4.00"));
        let without = chart(Mark::Point, &[1.0, 2.0], None).draw().unwrap().finish("chart");
        assert!(!without.contains("class=\"published\""));
        let mut empty = chart(Mark::Bar, &[1.0], None);
        empty.groups[0].rows.clear();
        assert!(empty.draw().is_none());
    }
}
