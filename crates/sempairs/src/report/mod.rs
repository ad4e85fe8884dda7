//! The HTML report of a comparison: one self-contained file without scripts or network access. The
//! report of a grid of experiments has its table in further formats as well; see [`GridFiles`]. The
//! report of a comparison begins with a sentence that states the result, followed by accuracy
//! against steps, the results table, example pairs, invariance, maps of the embeddings, accuracy
//! per class, training losses, and settings. Sections without data are left out.

mod axes;
mod bars;
mod classes;
mod curves;
mod escape;
mod example_pairs;
mod export;
mod grid;
mod headline;
mod losses;
mod map;
mod marker;
mod markup;
mod number;
mod page;
mod pictures;
mod results;
mod scale;
mod settings;
mod summary;
mod svg;
mod table;

pub use example_pairs::ExamplePairs;
pub use grid::GridFiles;
pub(crate) use pictures::shown;

use sempairs_internal::base64;

use crate::comparison::Comparison;

/// Returns the report of a comparison as an HTML document, with `examples` of the training pairs.
/// The document is self-contained: the style sheet, the charts (SVG) and the pictures (PNG in
/// `data:` URLs) are embedded, and all external text is escaped. Values that are not finite are
/// shown as missing.
pub fn html(comparison: &Comparison, examples: &[ExamplePairs]) -> String {
    page::page(comparison, examples)
}
