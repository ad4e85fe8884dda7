//! HTML building blocks of the sections.

use super::escape::escape;
use super::marker;

/// A section with a heading; `body` is HTML.
pub fn section(title: &str, body: &str) -> String {
    format!("<section>\n<h2>{}</h2>\n{body}\n</section>\n", escape(title))
}

/// A paragraph of HTML.
pub fn paragraph(html: &str) -> String {
    format!("<p>{html}</p>\n")
}

/// Blocks of HTML side by side, or stacked on narrow screens.
pub fn side_by_side(blocks: &[String]) -> String {
    format!("<div class=\"columns\">{}</div>\n", blocks.concat())
}

/// The marker and name of arm `number`.
pub fn arm_name(number: usize, name: &str) -> String {
    format!(
        "<span class=\"key\">{}<b>{}</b></span>",
        marker::key(&format!("a{} dot", number % marker::ARMS), marker::arm(number)),
        escape(name)
    )
}

/// The legend of a chart; entries are HTML.
pub fn legend(entries: &[String]) -> String {
    let items: String = entries.iter().map(|entry| format!("<li>{entry}</li>")).collect();
    format!("<ul class=\"legend\">{items}</ul>\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_an_arm_is_escaped() {
        assert!(arm_name(0, "<sp>").contains("&lt;sp&gt;"));
    }
}
