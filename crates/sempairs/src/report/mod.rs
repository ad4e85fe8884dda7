//! The page of a comparison: one HTML file that needs nothing else, neither a network nor a script.
//!
//! It opens with one sentence that says what was found, and then shows what that rests on: the
//! pairs, accuracy against steps, the table, the losses, what the features ignore, a map of them,
//! every class, and the settings. What a comparison lacks leaves its section out.

mod axes;
mod bars;
mod base64;
mod classes;
mod curves;
mod headline;
mod losses;
mod map;
mod mark;
mod markup;
mod number;
mod page;
mod pictures;
mod scale;
mod settings;
mod summary;
mod svg;
mod table;

pub(crate) use pictures::shown;
use sempairs_data::Picture;

use crate::comparison::Comparison;

/// A few pairs of an arm, to be shown.
#[derive(Clone, Debug, PartialEq)]
pub struct ExamplePairs {
    /// The arm's name.
    pub arm: String,
    /// The two pictures of each pair.
    pub pairs: Vec<[Picture<'static>; 2]>,
    /// The same pairs as the network sees them: an augmented view of each picture.
    pub views: Vec<[Picture<'static>; 2]>,
}

/// The page of a comparison, with `examples` of what its arms learned from.
///
/// The page is self-contained: its style, its charts (SVG) and its pictures (PNG in `data:`
/// addresses) stand in it, and all text that comes from outside is escaped. It never shows a number
/// that is not finite; such a score counts as missing.
pub fn html(comparison: &Comparison, examples: &[ExamplePairs]) -> String {
    page::page(comparison, examples)
}
