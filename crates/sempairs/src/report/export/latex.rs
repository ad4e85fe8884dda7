use crate::comparison::grid::{GridComparison, GridTable};
use crate::report::grid::{Entry, Said, Sheet, caption, title};

/// Returns the tables in LaTeX, one `table` environment per protocol. They need the package
/// `booktabs` only.
pub fn latex(grid: &GridComparison, tables: &[GridTable]) -> String {
    let about = &grid.record.about;
    let comment = |text: &str| format!("% {}\n", text.replace(['\n', '\r'], " "));
    let mut text = comment(title(grid)) + &comment("\\usepackage{booktabs}");
    text.extend(grid.unfinished().map(|unfinished| comment(&unfinished)));
    for (i, table) in tables.iter().enumerate().filter(|(_, table)| !table.scores.is_empty()) {
        let mut said = format!("{}. {}", title(grid), caption(table));
        if !about.source.is_empty() {
            said += &format!(" Published numbers: {}.", about.source);
        }
        let mut sheets = sheet(&Sheet::new(grid, table));
        if let Some(between) = Sheet::between(grid, table) {
            sheets += &format!("\n\\medskip\n\n{}", sheet(&between));
        }
        text += &format!(
            "\n\\begin{{table}}\n\\centering\n\\small\n\\caption{{{}}}\n\\label{{tab:{}-{}}}\n{}\
             \\end{{table}}\n",
            escape(&said),
            label(&grid.record.name),
            i + 1,
            sheets
        );
    }
    text
}

fn sheet(sheet: &Sheet) -> String {
    let corners = sheet.corner.len();
    let columns = "l".repeat(corners) + &"r".repeat(sheet.columns());
    let mut text = format!("\\begin{{tabular}}{{{columns}}}\n\\toprule\n");
    for line in 0..sheet.head.len() {
        let is_last = line + 1 == sheet.head.len();
        let corner = sheet.corner.iter();
        let corner = corner.map(|name| if is_last { escape(name) } else { String::new() });
        let mut cells: Vec<String> = corner.collect();
        let mut rules = String::new();
        let mut column = corners + 1;
        for (heading, span) in sheet.headings(line) {
            let heading = escape(heading);
            if span > 1 {
                cells.push(format!("\\multicolumn{{{span}}}{{c}}{{{heading}}}"));
                rules += &format!("\\cmidrule(lr){{{column}-{}}}", column + span - 1);
            } else {
                cells.push(heading);
            }
            column += span;
        }
        text += &format!("{} \\\\\n", cells.join(" & "));
        if !rules.is_empty() {
            text += &format!("{rules}\n");
        }
    }
    text += "\\midrule\n";
    for (i, row) in sheet.rows.iter().enumerate() {
        let labels = sheet.new_labels(i).into_iter().map(escape);
        let cells: Vec<String> = labels.chain(row.entries.iter().map(entry)).collect();
        let cells = cells.join(" & ");
        // A bracket after a line break is its optional argument.
        let guard = if cells.starts_with('[') { "{}" } else { "" };
        text += &format!("{guard}{cells} \\\\\n");
    }
    text + "\\bottomrule\n\\end{tabular}\n"
}

fn entry(entry: &Entry) -> String {
    let Said { value, is_number, notes } = entry.said();
    let value = escape(&value);
    let mut lines = vec![if is_number { value } else { format!("\\emph{{{value}}}") }];
    // In braces, as a bracket after a line break is its optional argument.
    lines.extend(notes.iter().map(|note| format!("{{\\scriptsize {}}}", escape(note))));
    match lines.len() {
        1 => lines.remove(0),
        _ => format!("\\shortstack[r]{{{}}}", lines.join(" \\\\ ")),
    }
}

/// The letters and digits of a name, for a label.
fn label(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect()
}

/// Escapes text so that LaTeX prints it unchanged.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' | '%' | '$' | '#' | '_' | '{' | '}' => {
                out.push('\\');
                out.push(c);
            }
            '\\' => out += "\\textbackslash{}",
            '~' => out += "\\textasciitilde{}",
            '^' => out += "\\textasciicircum{}",
            '<' => out += "$<$",
            '>' => out += "$>$",
            '|' => out += "$|$",
            '"' => out += "''",
            '\u{2212}' => out += "$-$",
            '\u{2013}' => out += "--",
            '\u{2026}' => out += "\\dots{}",
            '\u{2192}' => out += "$\\to$",
            '\u{d7}' => out += "$\\times$",
            '\u{a0}' | '\u{202f}' => out.push('~'),
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
    fn text_cannot_become_a_command() {
        assert_eq!(
            escape("50 % of a_b & \\c {d}"),
            "50 \\% of a\\_b \\& \\textbackslash{}c \\{d\\}"
        );
        assert_eq!(escape("\u{2212}0.5 <\u{a0}1"), "$-$0.5 $<$~1");
        assert_eq!(label("table 1_x"), "table-1-x");
    }
}
