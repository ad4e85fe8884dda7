//! The tables of a grid as HTML: the layout of the study, and a list of every number.

use super::entry::{Entry, Said};
use super::list::List;
use super::sheet::Sheet;
use crate::report::escape::escape;
use crate::report::table::Table;

/// Returns a table in the study's layout as HTML.
pub fn sheet(sheet: &Sheet) -> String {
    let corners = sheet.corner.len();
    let lines = sheet.head.len();
    let mut html = String::from("<div class=\"scroll\"><table class=\"sheet\">\n<thead>");
    for line in 0..lines {
        html += "<tr>";
        if line + 1 < lines {
            html += &format!("<td{}></td>", span(corners.max(1)));
        } else {
            for name in &sheet.corner {
                html += &format!("<th scope=\"col\">{}</th>", escape(name));
            }
        }
        for (text, columns) in sheet.headings(line) {
            let scope = if columns > 1 { "colgroup" } else { "col" };
            html += &format!("<th scope=\"{scope}\"{}>{}</th>", span(columns), escape(text));
        }
        html += "</tr>\n";
    }
    html += "</thead>\n<tbody>";
    for (i, row) in sheet.rows.iter().enumerate() {
        html += "<tr>";
        for label in sheet.new_labels(i) {
            html += &format!("<th scope=\"row\">{}</th>", escape(label));
        }
        html.extend(row.entries.iter().map(entry));
        html += "</tr>\n";
    }
    html + "</tbody></table></div>\n"
}

fn span(columns: usize) -> String {
    if columns == 1 { String::new() } else { format!(" colspan=\"{columns}\"") }
}

fn entry(entry: &Entry) -> String {
    let Said { value, is_number, notes } = entry.said();
    let class = if matches!(entry, Entry::Difference(_)) { " class=\"difference\"" } else { "" };
    let value = escape(&value);
    let value = if is_number {
        format!("<b>{value}</b>")
    } else {
        format!("<span class=\"muted\">{value}</span>")
    };
    let note = |note: &String| {
        let published = if note.starts_with("published") { " published" } else { "" };
        format!("<span class=\"sub{published}\">{}</span>", escape(note))
    };
    format!("<td{class}>{value}{}</td>", notes.iter().map(note).collect::<String>())
}

/// Returns a list of numbers as an HTML table.
pub fn list(list: &List) -> String {
    let headings: Vec<&str> = list.headings.iter().map(String::as_str).collect();
    let mut table = Table::new(&headings);
    for row in &list.rows {
        table.row(&row.iter().map(|cell| escape(cell)).collect::<Vec<_>>());
    }
    table.finish()
}
