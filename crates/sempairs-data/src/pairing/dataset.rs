use std::sync::Arc;

use super::Pair;
use crate::PictureSource;

/// A source and the pairs of its pictures. A data loader reads its batches from it.
#[derive(Clone)]
pub struct PairDataset {
    source: Arc<dyn PictureSource>,
    pairs: Vec<Pair>,
}

impl PairDataset {
    /// Combines `source` with `pairs` of its pictures.
    ///
    /// # Panics
    ///
    /// Panics if an index in `pairs` is out of range.
    pub fn new(source: Arc<dyn PictureSource>, pairs: Vec<Pair>) -> Self {
        let len = source.len();
        if let Some(pair) = pairs.iter().find(|pair| pair.left >= len || pair.right >= len) {
            panic!("{pair:?} is out of range for a source of {len} pictures");
        }
        Self { source, pairs }
    }

    /// Returns the number of pairs.
    pub fn len(&self) -> usize {
        self.pairs.len()
    }

    /// Returns true if there are no pairs.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// Returns the pair at `index`.
    ///
    /// # Panics
    ///
    /// Panics if `index` is out of range.
    pub fn pair(&self, index: usize) -> Pair {
        self.pairs[index]
    }

    /// All pairs, in order.
    pub fn pairs(&self) -> &[Pair] {
        &self.pairs
    }

    /// The source of the pictures.
    pub fn source(&self) -> &Arc<dyn PictureSource> {
        &self.source
    }

    /// The class of the left picture of the pair at `index`.
    pub fn class(&self, index: usize) -> Option<usize> {
        self.source.class(self.pairs[index].left)
    }
}

impl std::fmt::Debug for PairDataset {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PairDataset")
            .field("pairs", &self.pairs.len())
            .field("pictures", &self.source.len())
            .finish_non_exhaustive()
    }
}
