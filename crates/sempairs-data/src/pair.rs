use serde::{Deserialize, Serialize};

/// Indices of the two pictures of a pair in their source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Pair {
    /// The first picture, from which view one is made.
    pub left: usize,
    /// Its partner, from which view two is made.
    pub right: usize,
}
