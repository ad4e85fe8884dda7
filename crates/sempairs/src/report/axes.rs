//! The frame of a chart with steps along and a value up: grid, ticks, titles, and names at the
//! lines' ends.

use super::number;
use super::scale::{Scale, spread};
use super::svg::Svg;

/// The width of every chart, in its own units; the page scales it.
pub const WIDTH: f64 = 540.0;
const HEIGHT: f64 = 340.0;
const LEFT: f64 = 44.0;
/// Room for the names of lines.
const RIGHT: f64 = 126.0;
const BOTTOM: f64 = 44.0;
const TOP: f64 = 30.0;
/// The height of a line of text.
pub const LINE: f64 = 16.0;

/// What the two axes show.
pub struct Axes<'a> {
    /// The first and last step.
    pub steps: [f64; 2],
    /// The least and greatest value.
    pub values: [f64; 2],
    /// What the values are.
    pub title: &'a str,
    /// What the chart shows, for those who cannot see it.
    pub label: &'a str,
    /// Lines of text to leave room for above the plot.
    pub notes: usize,
}

/// A chart whose frame is drawn.
pub struct Chart {
    /// The drawing.
    pub svg: Svg,
    /// Where steps stand.
    pub x: Scale,
    /// Where values stand.
    pub y: Scale,
}

/// The name of a line, at its end.
pub struct EndLabel {
    /// The value at which the line ends.
    pub value: f64,
    /// Classes of the style sheet.
    pub style: String,
    /// What it says.
    pub text: String,
}

impl Chart {
    /// Draws the frame.
    pub fn new(axes: &Axes) -> Self {
        let top = TOP + LINE * axes.notes as f64;
        let bottom = HEIGHT - BOTTOM + LINE * axes.notes as f64;
        let x = Scale::new(axes.steps, [LEFT, WIDTH - RIGHT]);
        let y = Scale::new(axes.values, [bottom, top]);
        let mut svg = Svg::new([WIDTH, bottom + BOTTOM], axes.label);
        svg.text("title", [0.0, 12.0], axes.title);
        let (ticks, decimals) = y.ticks(6);
        for tick in ticks {
            let place = y.at(tick);
            svg.line("grid", [LEFT, place], [WIDTH - RIGHT, place]);
            svg.text("tick end", [LEFT - 7.0, place + 4.0], &number::fixed(tick, decimals));
        }
        svg.line("axis", [LEFT, bottom], [WIDTH - RIGHT, bottom]);
        for tick in x.ticks(5).0.into_iter().filter(|tick| tick.fract() == 0.0) {
            let place = x.at(tick);
            svg.line("axis", [place, bottom], [place, bottom + 5.0]);
            svg.text("tick mid", [place, bottom + 19.0], &number::count(tick.max(0.0) as usize));
        }
        svg.text("title end", [WIDTH - RIGHT, bottom + 37.0], "steps");
        Self { svg, x, y }
    }

    /// Where a step and a value meet.
    pub fn at(&self, step: usize, value: f64) -> [f64; 2] {
        [self.x.at(step as f64), self.y.at(value)]
    }

    /// The upper left and lower right corner of the plot.
    pub fn corners(&self) -> [[f64; 2]; 2] {
        let ([left, right], [bottom, top]) = (self.x.places(), self.y.places());
        [[left, top], [right, bottom]]
    }

    /// Writes names beside the plot, none over another, each joined to the end of its line.
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

/// A name that fits beside a plot, cut if it is longer.
pub fn brief(name: &str) -> String {
    /// Characters of the small type that fit.
    const FIT: usize = 16;
    if name.chars().count() <= FIT {
        return name.into();
    }
    // A whole number of words reads better than a cut one.
    let mut whole = String::new();
    for word in name.split(' ') {
        if whole.chars().count() + 1 + word.chars().count() > FIT {
            break;
        }
        if !whole.is_empty() {
            whole.push(' ');
        }
        whole += word;
    }
    if whole.is_empty() {
        whole = name.chars().take(FIT - 1).chain(['…']).collect();
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
