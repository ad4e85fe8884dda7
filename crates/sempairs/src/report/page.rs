//! The HTML document: header and order of sections.

use super::escape::escape;
use super::{
    ExamplePairs, bars, classes, curves, grid, headline, losses, map, number, pictures, results,
    settings,
};
use crate::comparison::Comparison;

/// The style sheet, with colours for light mode, dark mode and print.
const STYLE: &str = include_str!("style.css");

/// Returns the HTML document.
pub fn page(comparison: &Comparison, examples: &[ExamplePairs]) -> String {
    let sections = [
        curves::curves(comparison),
        results::results(comparison),
        pictures::examples(comparison, examples),
        bars::bars(comparison),
        map::maps(comparison),
        classes::classes(comparison),
        grid::information(comparison),
        losses::losses(comparison),
        settings::settings(comparison),
    ];
    document(&comparison.name, &(header(comparison) + &sections.concat()))
}

/// Returns an HTML document with the style sheet; `title` is plain text.
pub fn document(title: &str, body: &str) -> String {
    let title = escape(title);
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n{body}</main>\n\
         </body>\n</html>\n"
    )
}

fn header(comparison: &Comparison) -> String {
    let sentences = headline::sentences(comparison);
    let said: String = sentences
        .iter()
        .enumerate()
        .map(|(i, sentence)| {
            let style = if i == 0 { "headline" } else { "also" };
            format!("<p class=\"{style}\">{}</p>\n", escape(sentence))
        })
        .collect();
    // The empty string for a finished study.
    let unfinished = comparison.unfinished().map_or(String::new(), |unfinished| {
        format!("<p class=\"also\"><b>{}</b></p>\n", escape(&unfinished))
    });
    let arms: Vec<&str> = comparison.arms.iter().map(|arm| arm.arm.name.as_str()).collect();
    let mut about = format!("Arms {}", arms.join(", "));
    about += &format!(" · {}", number::seeds(comparison.seeds().len()));
    let last = comparison.arms.iter().flat_map(|arm| arm.steps()).max();
    if let Some(steps) = last {
        about += &format!(" · {} steps", number::count(steps));
    }
    if !comparison.dataset().is_empty() {
        about += &format!(" · scored on {}", comparison.datasets_in_words());
    }
    format!(
        "<header>\n<h1>{}</h1>\n{unfinished}{said}<p class=\"muted\">{}</p>\n</header>\n",
        escape(&comparison.name),
        escape(&about)
    )
}
