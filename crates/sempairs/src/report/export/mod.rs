//! The tables of a grid as Markdown, CSV and LaTeX, and drawings as SVG files.

mod csv;
mod latex;
mod markdown;
mod svg;

pub use csv::{differences_csv, scores_csv};
pub use latex::latex;
pub use markdown::markdown;
pub use svg::svg;
