//! The marks of arms and of classes. Shape and colour change together, so that either is enough.

use super::svg::short;

/// Arms that differ in colour.
pub const ARMS: usize = 8;

/// Classes that differ in colour.
const CLASS_COLOURS: usize = 9;

/// Classes that differ in colour or in shape.
pub const CLASSES: usize = CLASS_COLOURS * 4;

/// A shape around the current point, as the commands of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    Circle,
    Square,
    Triangle,
    Diamond,
}

const SHAPES: [Shape; 4] = [Shape::Circle, Shape::Square, Shape::Triangle, Shape::Diamond];

impl Shape {
    /// The shape around `at`; all shapes of one radius have about the same area.
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

/// The shape of the arm of this number.
pub fn arm(number: usize) -> Shape {
    SHAPES[number % SHAPES.len()]
}

/// The colour's style and the shape of the class of this number: the first [`CLASSES`] all differ.
pub fn class(number: usize) -> (String, Shape) {
    let (colour, round) = (number % CLASS_COLOURS, number / CLASS_COLOURS);
    (format!("c{colour} dot"), SHAPES[(colour + round) % SHAPES.len()])
}

/// A mark to stand in a line of text.
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
