//! The frame of a line chart against steps: grid, ticks, titles, and labels at the ends of the
//! lines.

use super::number;
use super::scale::{Scale, spread};
use super::svg::Svg;

/// Width of every chart in SVG units; the page scales the chart.
pub const WIDTH: f64 = 540.0;
const HEIGHT: f64 = 340.0;
const LEFT: f64 = 44.0;
/// Space for the labels of lines.
const RIGHT: f64 = 126.0;
const BOTTOM: f64 = 44.0;
const TOP: f64 = 30.0;
/// Height of a line of text.
pub const LINE: f64 = 16.0;

/// Ranges and texts of a chart.
pub struct Axes<'a> {
    /// First and last step.
    pub steps: [f64; 2],
    /// Minimum and maximum value.
    pub values: [f64; 2],
    /// Title of the value axis.
    pub title: &'a str,
    /// Description of the chart for screen readers.
    pub label: &'a str,
    /// Number of lines of text to reserve above the plot.
    pub notes: usize,
}

/// A chart with its frame.
pub struct Chart {
    /// The SVG drawing.
    pub svg: Svg,
    /// Horizontal scale of steps.
    pub x: Scale,
    /// Vertical scale of values.
    pub y: Scale,
}

/// A label at the end of a line.
pub struct EndLabel {
    /// Last value of the line.
    pub value: f64,
    /// CSS classes.
    pub style: String,
    /// Text of the label.
    pub text: String,
}

impl Chart {
    /// Draws the frame of a chart against steps.
    pub fn new(axes: &Axes) -> Self {
        let ticks = Scale::new(axes.steps, [0.0, 1.0]).ticks(5).0.into_iter();
        let ticks = ticks.filter(|tick| tick.fract() == 0.0);
        let ticks: Vec<(f64, String)> =
            ticks.map(|tick| (tick, number::count(tick.max(0.0) as usize))).collect();
        Self::with_ticks(axes, &ticks, "steps")
    }

    /// Draws the frame of a chart whose horizontal axis has these ticks and this title.
    pub fn with_ticks(axes: &Axes, ticks: &[(f64, String)], title: &str) -> Self {
        let top = TOP + LINE * axes.notes as f64;
        let bottom = HEIGHT - BOTTOM + LINE * axes.notes as f64;
        let x = Scale::new(axes.steps, [LEFT, WIDTH - RIGHT]);
        let y = Scale::new(axes.values, [bottom, top]);
        let mut svg = Svg::new([WIDTH, bottom + BOTTOM], axes.label);
        svg.text("title", [0.0, 12.0], axes.title);
        let (rows, decimals) = y.ticks(6);
        for tick in rows {
            let place = y.at(tick);
            svg.line("grid", [LEFT, place], [WIDTH - RIGHT, place]);
            svg.text("tick end", [LEFT - 7.0, place + 4.0], &number::fixed(tick, decimals));
        }
        svg.line("axis", [LEFT, bottom], [WIDTH - RIGHT, bottom]);
        for (tick, text) in ticks {
            let place = x.at(*tick);
            svg.line("axis", [place, bottom], [place, bottom + 5.0]);
            svg.text("tick mid", [place, bottom + 19.0], text);
        }
        svg.text("title end", [WIDTH - RIGHT, bottom + 37.0], title);
        Self { svg, x, y }
    }

    /// Coordinates of a step and a value.
    pub fn at(&self, step: usize, value: f64) -> [f64; 2] {
        [self.x.at(step as f64), self.y.at(value)]
    }

    /// Coordinates of the upper left and lower right corner of the plot.
    pub fn corners(&self) -> [[f64; 2]; 2] {
        let ([left, right], [bottom, top]) = (self.x.places(), self.y.places());
        [[left, top], [right, bottom]]
    }

    /// Writes labels beside the plot without overlap, each connected to the end of its line.
    pub fn end_labels(&mut self, labels: &[EndLabel]) {
        let [[_, top], [right, bottom]] = self.corners();
        let ends: Vec<f64> = labels.iter().map(|l| self.y.at(l.value).clamp(top, bottom)).collect();
        let places = spread(&ends, LINE, top, bottom);
        for ((label, end), place) in labels.iter().zip(ends).zip(places) {
            self.svg.line("leader", [right + 3.0, end], [right + 12.0, place]);
            self.svg.text(&label.style, [right + 15.0, place + 4.0], &label.text);
        }
    }
}

/// Shortens a name so that it fits beside a plot.
pub fn brief(name: &str) -> String {
    /// Maximum number of characters.
    const FIT: usize = 16;
    shortened(name, FIT)
}

/// Shortens a text to this number of characters.
pub fn shortened(name: &str, fit: usize) -> String {
    if name.chars().count() <= fit {
        return name.into();
    }
    // Cut between words if possible.
    let mut whole = String::new();
    for word in name.split(' ') {
        if whole.chars().count() + 1 + word.chars().count() > fit {
            break;
        }
        if !whole.is_empty() {
            whole.push(' ');
        }
        whole += word;
    }
    if whole.is_empty() {
        whole = name.chars().take(fit - 1).chain(['…']).collect();
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::brief;

    #[test]
    fn long_names_are_cut_between_words() {
        assert_eq!(brief("raw pixels 32x32"), "raw pixels 32x32");
        assert_eq!(brief("colour histogram 8x8x8"), "colour histogram");
        assert_eq!(brief("abcdefghijklmnopqrstuvwxyz"), "abcdefghijklmno…");
    }
}
