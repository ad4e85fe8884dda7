//! Markers of arms and classes. They differ in shape as well as in colour, so that colour is not
//! needed to distinguish them.

use super::svg::short;

/// Number of colours of arms.
pub const ARMS: usize = 8;

/// Number of colours of classes.
const CLASS_COLOURS: usize = 9;

/// Number of classes with distinct markers.
pub const CLASSES: usize = CLASS_COLOURS * 4;

/// The shape of a marker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    Circle,
    Square,
    Triangle,
    Diamond,
}

const SHAPES: [Shape; 4] = [Shape::Circle, Shape::Square, Shape::Triangle, Shape::Diamond];

impl Shape {
    /// Returns the shape around `at` as SVG path commands. All shapes of the same radius have about
    /// the same area.
    pub fn path(self, at: [f64; 2], radius: f64) -> String {
        let r = |share: f64| short(share * radius);
        let outline = match self {
            Self::Circle => {
                format!("m-{0} 0a{0} {0} 0 1 0 {1} 0a{0} {0} 0 1 0-{1} 0", r(1.0), r(2.0))
            }
            Self::Square => format!("m-{0}-{0}h{1}v{1}h-{1}z", r(0.89), r(1.78)),
            Self::Triangle => format!("m0-{0}l{1} {2}h-{3}z", r(1.4), r(1.21), r(2.1), r(2.42)),
            Self::Diamond => format!("m0-{0}l{0} {0}l-{0} {0}l-{0}-{0}z", r(1.25)),
        };
        format!("M{} {}{outline}", short(at[0]), short(at[1]))
    }
}

/// The shape of arm `number`.
pub fn arm(number: usize) -> Shape {
    SHAPES[number % SHAPES.len()]
}

/// The CSS classes and the shape of class `number`; the first [`CLASSES`] classes all differ.
pub fn class(number: usize) -> (String, Shape) {
    let (colour, round) = (number % CLASS_COLOURS, number / CLASS_COLOURS);
    (format!("c{colour} dot"), SHAPES[(colour + round) % SHAPES.len()])
}

/// A marker as inline SVG for use in text.
pub fn key(style: &str, shape: Shape) -> String {
    format!(
        "<svg class=\"mark\" viewBox=\"0 0 12 12\" aria-hidden=\"true\"><path class=\"{style}\" \
         d=\"{}\"/></svg>",
        shape.path([6.0, 6.0], 4.2)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn classes_differ_until_they_repeat() {
        let marks: HashSet<String> =
            (0..CLASSES).map(class).map(|(style, shape)| format!("{style} {shape:?}")).collect();
        assert_eq!(marks.len(), CLASSES);
        assert_eq!(class(0), class(CLASSES));
    }
}
