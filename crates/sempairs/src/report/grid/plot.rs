//! A drawing of the report, which is also a file of its own.

use crate::report::escape::escape;
use crate::report::svg::Svg;

/// A drawing with its heading and a note below it.
pub struct Plot {
    /// Name of its file without extension.
    pub name: String,
    /// Heading, plain text.
    pub heading: String,
    /// The drawing.
    pub svg: Svg,
    /// Note below the drawing, plain text; may be empty.
    pub note: String,
}

impl Plot {
    /// Creates a drawing; the parts of its file's name are joined with hyphens.
    pub fn new(name: &[&str], heading: impl Into<String>, svg: Svg) -> Self {
        let parts: Vec<String> = name.iter().map(|part| file_name(part)).collect();
        Self { name: parts.join("-"), heading: heading.into(), svg, note: String::new() }
    }

    /// Returns the drawing with its heading as HTML.
    pub fn html(&self) -> String {
        let note = match self.note.as_str() {
            "" => String::new(),
            note => format!("<figcaption>{}</figcaption>", escape(note)),
        };
        format!(
            "<div><h3>{}</h3><figure>{}{note}</figure></div>",
            escape(&self.heading),
            self.svg.finish("chart")
        )
    }
}

/// Lower-case letters and digits, and single hyphens for everything else.
fn file_name(text: &str) -> String {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    let words: Vec<String> =
        words.filter(|word| !word.is_empty()).map(str::to_ascii_lowercase).collect();
    words.join("-")
}

/// Makes the names of the files distinct by numbering repeated ones.
pub fn distinct(plots: &mut [Plot]) {
    for i in 0..plots.len() {
        let (before, rest) = plots.split_at_mut(i);
        let plot = &mut rest[0];
        let first = plot.name.clone();
        let mut number = 2;
        while before.iter().any(|other| other.name == plot.name) {
            plot.name = format!("{first}-{number}");
            number += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plot(name: &[&str]) -> Plot {
        Plot::new(name, "", Svg::new([1.0, 1.0], ""))
    }

    #[test]
    fn names_of_files_are_plain_and_distinct() {
        let mut plots =
            [&["accuracy", "far scenes"], &["accuracy", "Far/Scenes!"]].map(|n| plot(n));
        distinct(&mut plots);
        let names = plots.map(|plot| plot.name);
        assert_eq!(names, ["accuracy-far-scenes", "accuracy-far-scenes-2"]);
    }
}
