use std::sync::Arc;

use super::Pair;
use crate::PictureSource;

/// Pictures and which goes with which: what a loader reads.
#[derive(Clone)]
pub struct PairDataset {
    source: Arc<dyn PictureSource>,
    pairs: Vec<Pair>,
}

impl PairDataset {
    /// The pairs `pairs` of pictures of `source`.
    ///
    /// # Panics
    ///
    /// If a pair names a picture that the source does not have.
    pub fn new(source: Arc<dyn PictureSource>, pairs: Vec<Pair>) -> Self {
        let len = source.len();
        if let Some(pair) = pairs.iter().find(|pair| pair.left >= len || pair.right >= len) {
            panic!("{pair:?} is out of the source's {len} pictures");
        }
        Self { source, pairs }
    }

    /// How many pairs there are.
    pub fn len(&self) -> usize {
        self.pairs.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// Pair `index`.
    ///
    /// # Panics
    ///
    /// If there are fewer.
    pub fn pair(&self, index: usize) -> Pair {
        self.pairs[index]
    }

    /// All pairs in their order.
    pub fn pairs(&self) -> &[Pair] {
        &self.pairs
    }

    /// Where the pictures are.
    pub fn source(&self) -> &Arc<dyn PictureSource> {
        &self.source
    }

    /// The class of the left picture of pair `index`.
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
