//! HTML building blocks of the sections.

use super::marker;

/// Escapes text for use in HTML elements and quoted attributes.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            '\'' => out += "&#39;",
            // Control characters are not allowed in HTML documents.
            c if c.is_control() && !matches!(c, '\n' | '\t') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

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
    fn nothing_escapes() {
        assert_eq!(
            escape("<a href=\"x\">'&'\u{0}"),
            "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;\u{fffd}"
        );
        assert!(arm_name(0, "<sp>").contains("&lt;sp&gt;"));
    }
}
