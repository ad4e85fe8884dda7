//! The HTML document of a grid: header and order of sections.

use super::plot::Plot;
use super::plots::Plots;
use super::sheet::Sheet;
use super::{Examples, examples, experiments, headline, list, table, training};
use crate::comparison::Comparison;
use crate::comparison::grid::{GridComparison, GridTable};
use crate::report::escape::escape;
use crate::report::markup::{paragraph, section, side_by_side};
use crate::report::{bars, classes, curves, losses, map, number, page, pictures, settings};

/// Maximum number of warnings in the header.
const WARNINGS: usize = 6;

/// Returns the HTML document; `folder` is the name of the folder that it is written to.
pub fn page(
    grid: &GridComparison,
    tables: &[GridTable],
    plots: &Plots,
    pairs: &Examples,
    folder: &str,
) -> String {
    let mut body = header(grid, tables) + &results(grid, tables);
    body += &figures("Accuracy of every arm", ACCURACY, &plots.bars);
    body += &figures("Differences between the arms", DIFFERENCES, &plots.differences);
    // The sections of a single experiment have more than those of a grid's point.
    if let ([], [Some(comparison)]) = (&grid.record.axes[..], &grid.points[..]) {
        let pairs = pairs.first().map_or(&[][..], |(_, pairs)| &pairs[..]);
        body += &single(comparison, pairs);
    } else {
        body += &figures("Accuracy against steps", CURVES, &plots.curves);
        body += &examples::section_of(grid, pairs);
        body += &figures("Invariance of the features", INVARIANCE, &plots.invariance);
        for (quantity, training) in &plots.training {
            body += &figures(quantity.heading(), quantity.about(), training);
        }
    }
    body += &experiments::experiments(grid, tables, folder);
    page::document(title(grid), &body)
}

const ACCURACY: &str = "Mean top-1 accuracy at the last step over the seeds; whiskers are 95 % \
                        Student-t intervals. A diamond is the published number.";

const DIFFERENCES: &str = "Differences in top-1 accuracy at the last step, paired by seed; \
                           whiskers are 95 % Student-t intervals over the seeds. A diamond is the \
                           difference of the published numbers. Very wide intervals of few seeds \
                           are cut off.";

const CURVES: &str = "Mean top-1 accuracy over the seeds, with 95 % intervals as bands. All charts \
                      of this section have the same scales.";

const INVARIANCE: &str = "Invariance of the features to each nuisance factor: 1 for identical \
                          features of two pictures that differ only in this factor, 0 for the \
                          similarity of pictures of different classes. Whiskers are 95 % \
                          intervals, over the seeds if there are several.";

/// Returns the title of a grid.
pub fn title(grid: &GridComparison) -> &str {
    let about = &grid.record.about;
    if about.title.is_empty() { &grid.record.name } else { &about.title }
}

fn header(grid: &GridComparison, tables: &[GridTable]) -> String {
    let about = &grid.record.about;
    let mut html = format!("<header>\n<h1>{}</h1>\n", escape(title(grid)));
    if let Some(unfinished) = grid.unfinished() {
        html += &format!("<p class=\"also\"><b>{}</b></p>\n", escape(&unfinished));
    }
    let sentences = tables.first().map_or(Vec::new(), headline::sentences);
    for (i, sentence) in sentences.iter().enumerate() {
        let style = if i == 0 { "headline" } else { "also" };
        html += &format!("<p class=\"{style}\">{}</p>\n", escape(sentence));
    }
    let warnings = grid.results().flat_map(|(point, comparison)| {
        let label = grid.label(point);
        comparison.warnings().into_iter().map(move |warning| format!("{label}: {warning}."))
    });
    let warnings: Vec<String> = warnings.collect();
    for warning in warnings.iter().take(WARNINGS) {
        html += &format!("<p class=\"also\">{}</p>\n", escape(warning));
    }
    if warnings.len() > WARNINGS {
        let more = warnings.len() - WARNINGS;
        html += &format!("<p class=\"also\">and {more} more runs that have collapsed</p>\n");
    }
    if !about.about.is_empty() {
        html += &paragraph(&escape(&about.about));
    }
    let mut facts = vec![
        format!("Arms {}", grid.arms().join(", ")),
        number::seeds(grid.seeds().len()),
        match grid.points.len() {
            1 => "1 experiment".into(),
            n => format!("{n} experiments"),
        },
    ];
    if !about.source.is_empty() {
        facts.push(format!("published numbers: {}", about.source));
    }
    html + &format!("<p class=\"muted\">{}</p>\n</header>\n", escape(&facts.join(" · ")))
}

/// The tables: the main one, every number of it, and the tables of further protocols.
fn results(grid: &GridComparison, tables: &[GridTable]) -> String {
    let Some((main, others)) = tables.split_first().filter(|(main, _)| !main.scores.is_empty())
    else {
        return String::new();
    };
    let mut html = paragraph(&escape(&caption(main))) + &one_table(grid, main);
    for other in others.iter().filter(|table| table.is_scored()) {
        html += &format!("<h3>{}</h3>\n", escape(&what(other)));
        html += &one_table(grid, other);
    }
    section("Results", &html)
}

fn one_table(grid: &GridComparison, of: &GridTable) -> String {
    let lists = [list::scores(grid, of), list::differences(grid, of)];
    let lists = lists.iter().filter(|list| !list.rows.is_empty()).map(table::list);
    let lists: String = lists.collect();
    let mut html = table::sheet(&Sheet::new(grid, of));
    html.extend(Sheet::between(grid, of).map(|sheet| table::sheet(&sheet)));
    if !lists.is_empty() {
        html += &format!("<details><summary>Every seed</summary>{lists}</details>\n");
    }
    html
}

/// What the scores of a table are.
pub fn what(table: &GridTable) -> String {
    let data = table.datasets.join(", ");
    match table.protocol.as_str() {
        "" => data,
        protocol => format!("{data}: {protocol}"),
    }
}

/// What the entries of a table mean, as plain text.
pub fn caption(table: &GridTable) -> String {
    format!(
        "{}. Top-1 accuracy at the last step in percent, and differences in percentage points: \
         the mean over the seeds with its 95 % Student-t interval. Differences are paired by seed; \
         p is that of the paired t-test, Holm that after Holm's correction for all differences of \
         the table. The interval over the pictures is the 95 % bootstrap interval over the test \
         pictures within the seeds.",
        what(table)
    )
}

/// A section with drawings; empty if there are none. `about` is plain text.
fn figures(title: &str, about: &str, plots: &[Plot]) -> String {
    if plots.is_empty() {
        return String::new();
    }
    let figures: Vec<String> = plots.iter().map(Plot::html).collect();
    section(title, &(paragraph(&escape(about)) + &side_by_side(&figures)))
}

/// The sections of a single experiment.
fn single(comparison: &Comparison, examples: &[crate::report::ExamplePairs]) -> String {
    [
        curves::curves(comparison),
        pictures::examples(comparison, examples),
        bars::bars(comparison),
        map::maps(comparison),
        classes::classes(comparison),
        training::information(comparison),
        losses::losses(comparison),
        settings::settings(comparison),
    ]
    .concat()
}
