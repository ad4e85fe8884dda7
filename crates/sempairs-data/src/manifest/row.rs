use crate::Pair;

/// Names of the columns. A manifest must have exactly these columns, in any order.
pub const COLUMNS: [&str; 5] = ["left", "right", "class", "source", "score"];

/// A row of a manifest.
#[derive(Clone, Debug, PartialEq)]
pub struct ManifestRow {
    /// The two pictures, as indices into the source.
    pub pair: Pair,
    /// The class of both pictures; `None` (an empty field) if the row does not state one.
    pub class: Option<String>,
    /// Origin of the pair, as free text.
    pub origin: String,
    /// Similarity score of the pair, on any scale; `None` for an empty field.
    pub score: Option<f64>,
}

/// The pair with its two indices in ascending order, equal for a pair and its reverse.
pub(super) fn unordered(pair: Pair) -> Pair {
    Pair { left: pair.left.min(pair.right), right: pair.left.max(pair.right) }
}
