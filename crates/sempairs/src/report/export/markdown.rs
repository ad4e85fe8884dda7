use crate::comparison::grid::{GridComparison, GridTable};
use crate::report::grid::{Entry, List, Said, Sheet, caption, lists, title, what};

/// Returns the tables in GitHub's Markdown: each in the layout of the study, followed by lists of
/// every number.
pub fn markdown(grid: &GridComparison, tables: &[GridTable]) -> String {
    let about = &grid.record.about;
    let mut text = format!("# {}\n", escape(title(grid)));
    let source = match about.source.as_str() {
        "" => String::new(),
        source => format!("Published numbers: {source}"),
    };
    let unfinished = grid.unfinished().unwrap_or_default();
    for part in [about.about.as_str(), &source, &unfinished] {
        if !part.is_empty() {
            text += &format!("\n{}\n", escape(part));
        }
    }
    for table in tables.iter().filter(|table| !table.scores.is_empty()) {
        text += &format!("\n## {}\n\n{}\n\n", escape(&what(table)), escape(&caption(table)));
        text += &sheet(&Sheet::new(grid, table));
        text.extend(Sheet::between(grid, table).map(|between| format!("\n{}", sheet(&between))));
        let all = [
            ("Accuracies", lists::scores(grid, table)),
            ("Differences", lists::differences(grid, table)),
        ];
        for (heading, found) in all.iter().filter(|(_, list)| !list.rows.is_empty()) {
            text += &format!("\n### {heading}\n\n{}", list(found));
        }
    }
    let times = lists::times(grid);
    if !times.rows.is_empty() {
        text += &format!("\n## Time of a run\n\n{}", list(&times));
    }
    text
}

/// A table has one line of headings in Markdown, so those above each other are joined.
fn sheet(sheet: &Sheet) -> String {
    let columns = (0..sheet.columns()).map(|column| {
        let labels: Vec<&str> = sheet.head.iter().map(|line| line[column].as_str()).collect();
        labels.join(", ")
    });
    let headings: Vec<String> = sheet.corner.iter().cloned().chain(columns).collect();
    let rows = sheet.rows.iter().map(|row| {
        let labels = row.labels.iter().map(|label| escape(label));
        labels.chain(row.entries.iter().map(entry)).collect()
    });
    write(&headings, sheet.corner.len(), rows.collect())
}

fn entry(entry: &Entry) -> String {
    let Said { value, is_number, notes } = entry.said();
    let value = if is_number { format!("**{value}**") } else { value };
    let parts: Vec<String> = [value].into_iter().chain(notes.iter().map(|n| escape(n))).collect();
    parts.join("<br>")
}

fn list(list: &List) -> String {
    let escaped = |row: &Vec<String>| row.iter().map(|cell| escape(cell)).collect();
    write(&list.headings, 3, list.rows.iter().map(escaped).collect())
}

/// Writes a table whose first `texts` columns are aligned to the left; cells are Markdown.
fn write(headings: &[String], texts: usize, rows: Vec<Vec<String>>) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let escaped: Vec<String> = headings.iter().map(|heading| escape(heading)).collect();
    let align = |i: usize| String::from(if i < texts { "---" } else { "---:" });
    let rule: Vec<String> = (0..headings.len()).map(align).collect();
    let rows: String = rows.iter().map(|row| line(row)).collect();
    line(&escaped) + &line(&rule) + &rows
}

/// Escapes text so that Markdown shows it unchanged.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' | '~' => {
                out.push('\\');
                out.push(c);
            }
            '\n' | '\r' => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_become_markup() {
        assert_eq!(escape("a|b *c* <d>\n"), "a\\|b \\*c\\* \\<d\\> ");
        let table = write(&["x".into(), "y".into()], 1, vec![vec!["a".into(), "1".into()]]);
        assert_eq!(table, "| x | y |\n| --- | ---: |\n| a | 1 |\n");
    }
}
