//! HTML tables.

use super::escape::escape;

/// An HTML table; all columns but the first contain numbers.
pub struct Table {
    columns: usize,
    html: String,
}

impl Table {
    /// Creates a table with these headings, which are plain text.
    pub fn new(headings: &[&str]) -> Self {
        let cells: String =
            headings.iter().map(|h| format!("<th scope=\"col\">{}</th>", escape(h))).collect();
        Self { columns: headings.len(), html: format!("<tr>{cells}</tr>") }
    }

    /// Adds a row; cells are HTML, and missing cells stay empty.
    pub fn row(&mut self, cells: &[String]) {
        let mut row = String::new();
        for i in 0..self.columns {
            let cell = cells.get(i).map_or("", String::as_str);
            row += &match i {
                0 => format!("<th scope=\"row\">{cell}</th>"),
                _ => format!("<td>{cell}</td>"),
            };
        }
        self.html += &format!("\n<tr>{row}</tr>");
    }

    /// Returns the table as HTML; a wide table scrolls horizontally within the page.
    pub fn finish(self) -> String {
        format!("<div class=\"scroll\"><table>{}</table></div>\n", self.html)
    }
}
