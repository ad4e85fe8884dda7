use crate::report::grid::Plot;

/// The style sheet of SVG files: the colours of the light mode, without features of CSS that
/// editors of drawings do not know.
const STYLE: &str = include_str!("plot.css");

/// Returns a drawing as the text of an SVG file.
pub fn svg(plot: &Plot) -> String {
    plot.svg.file(&plot.heading, STYLE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::svg::Svg;

    #[test]
    fn a_file_has_its_own_style_and_title() {
        assert!(!STYLE.contains(['<', '&']) && !STYLE.contains("var("));
        let mut drawing = Svg::new([100.0, 50.0], "a chart");
        drawing.line("axis", [0.0, 0.0], [100.0, 0.0]);
        let file = svg(&Plot::new(&["a"], "far & near", drawing));
        assert!(file.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"124\""));
        assert!(file.contains(">far &amp; near</text>") && file.contains("line.axis"));
        assert!(file.contains("<line class=\"axis\"") && file.ends_with("</svg>\n"));
    }
}
