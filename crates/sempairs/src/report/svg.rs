//! SVG drawings. Colours and line widths are set by CSS classes in the style sheet.

use std::fmt::Write;

use super::escape::escape;

/// An SVG drawing.
pub struct Svg {
    size: [f64; 2],
    label: String,
    body: String,
}

/// Formats a coordinate with at most one decimal, which is sufficient for a screen.
pub fn short(value: f64) -> String {
    debug_assert!(value.is_finite(), "a coordinate that is not finite");
    let text = format!("{value:.1}");
    let text = text.strip_suffix(".0").unwrap_or(&text);
    if text == "-0" { "0".into() } else { text.into() }
}

impl Svg {
    /// Creates an empty drawing; `label` is its description for screen readers.
    pub fn new(size: [f64; 2], label: &str) -> Self {
        Self { size, label: label.into(), body: String::new() }
    }

    /// Draws a line between two points.
    pub fn line(&mut self, style: &str, from: [f64; 2], to: [f64; 2]) {
        let [x1, y1, x2, y2] = [from[0], from[1], to[0], to[1]].map(short);
        let _ = writeln!(
            self.body,
            "<line class=\"{style}\" x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\"/>"
        );
    }

    /// Draws a line through a sequence of points.
    pub fn polyline(&mut self, style: &str, points: &[[f64; 2]]) {
        if points.len() > 1 {
            self.path(style, &outline(points), "");
        }
    }

    /// Fills the area between two lines with the same number of points.
    pub fn band(&mut self, style: &str, low: &[[f64; 2]], high: &[[f64; 2]]) {
        if low.len() > 1 {
            let around: Vec<[f64; 2]> = high.iter().chain(low.iter().rev()).copied().collect();
            self.path(style, &format!("{}z", outline(&around)), "");
        }
    }

    /// Draws a path; the title is its tooltip.
    pub fn path(&mut self, style: &str, commands: &str, title: &str) {
        let _ = match title {
            "" => writeln!(self.body, "<path class=\"{style}\" d=\"{commands}\"/>"),
            title => writeln!(
                self.body,
                "<path class=\"{style}\" d=\"{commands}\"><title>{}</title></path>",
                escape(title)
            ),
        };
    }

    /// Draws a rectangle between two corners.
    pub fn bar(&mut self, style: &str, from: [f64; 2], to: [f64; 2], title: &str) {
        let [x, y] = [from[0].min(to[0]), from[1].min(to[1])].map(short);
        let [w, h] = [(to[0] - from[0]).abs(), (to[1] - from[1]).abs()].map(short);
        let _ = writeln!(
            self.body,
            "<rect class=\"{style}\" x=\"{x}\" y=\"{y}\" width=\"{w}\" \
             height=\"{h}\"><title>{}</title></rect>",
            escape(title)
        );
    }

    /// Draws text.
    pub fn text(&mut self, style: &str, at: [f64; 2], text: &str) {
        let [x, y] = at.map(short);
        let _ = writeln!(
            self.body,
            "<text class=\"{style}\" x=\"{x}\" y=\"{y}\">{}</text>",
            escape(text)
        );
    }

    /// Draws with clipping to the rectangle between two corners.
    pub fn within(&mut self, from: [f64; 2], to: [f64; 2], draw: impl FnOnce(&mut Self)) {
        let [x, y, w, h] = [from[0], from[1], to[0] - from[0], to[1] - from[1]].map(short);
        let _ = writeln!(
            self.body,
            "<svg x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\" viewBox=\"{x} {y} {w} {h}\">"
        );
        draw(self);
        self.body += "</svg>\n";
    }

    /// Returns the drawing as an HTML element.
    pub fn finish(&self, style: &str) -> String {
        let [w, h] = self.size.map(short);
        format!(
            "<svg class=\"{style}\" viewBox=\"0 0 {w} {h}\" role=\"img\" \
             aria-label=\"{}\">\n{}</svg>\n",
            escape(&self.label),
            self.body
        )
    }

    /// Returns the drawing as the text of an SVG file with a margin, a title in its first line, and
    /// a style sheet, which must not contain `<` or `&`.
    pub fn file(&self, title: &str, style_sheet: &str) -> String {
        /// Height of the title.
        const TITLE: f64 = 30.0;
        const MARGIN: f64 = 12.0;
        let [w, h] = [self.size[0] + 2.0 * MARGIN, self.size[1] + TITLE + 2.0 * MARGIN].map(short);
        let [left, top] = [-MARGIN, -TITLE - MARGIN].map(short);
        let label = escape(&self.label);
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{w}\" height=\"{h}\" \
             viewBox=\"{left} {top} {w} {h}\" role=\"img\" aria-label=\"{label}\">\n\
             <title>{label}</title>\n<style>\n{style_sheet}</style>\n\
             <rect class=\"paper\" x=\"{left}\" y=\"{top}\" width=\"{w}\" height=\"{h}\"/>\n\
             <text class=\"heading\" x=\"0\" y=\"{}\">{}</text>\n{}</svg>\n",
            short(4.0 - TITLE / 2.0),
            escape(title),
            self.body
        )
    }
}

fn outline(points: &[[f64; 2]]) -> String {
    let mut path = String::new();
    for (i, [x, y]) in points.iter().enumerate() {
        let _ = write!(path, "{}{} {}", if i == 0 { 'M' } else { 'L' }, short(*x), short(*y));
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coordinates_are_short() {
        assert_eq!([1.0, 1.25, -0.04, -3.0].map(short), ["1", "1.2", "0", "-3"]);
    }

    #[test]
    fn bands_close_and_text_is_escaped() {
        let mut svg = Svg::new([10.0, 5.0], "a \"chart\"");
        svg.band("b", &[[0.0, 1.0], [2.0, 1.0]], &[[0.0, 3.0], [2.0, 4.0]]);
        svg.text("t", [1.0, 1.0], "a < b");
        let drawn = svg.finish("chart");
        assert!(drawn.contains("M0 3L2 4L2 1L0 1z"));
        assert!(drawn.contains("a &lt; b") && drawn.contains("a &quot;chart&quot;"));
    }
}
