use std::sync::Arc;

use super::{Moment, Pair, Share};
use crate::{Identity, PictureSource};

/// A source and the pairs of its pictures. A data loader reads its batches from it.
///
/// The partners are fixed unless the pairs are [mixed](Self::mixed); then they depend on the moment
/// of the run, and [`pair_at`](Self::pair_at) draws them.
#[derive(Clone)]
pub struct PairDataset {
    source: Arc<dyn PictureSource>,
    pairs: Vec<Pair>,
    share: Option<Share>,
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
        Self { source, pairs, share: None }
    }

    /// Mixes the pairs: a pair has its partner with probability `share`, and otherwise its left
    /// picture twice; see [`Pairing::Mixed`](crate::Pairing::Mixed).
    pub fn mixed(self, share: Share) -> Self {
        Self { share: Some(share), ..self }
    }

    /// The share of mixed pairs that have their partner; `None` if all have it.
    pub fn share(&self) -> Option<Share> {
        self.share
    }

    /// Returns the number of pairs.
    pub fn len(&self) -> usize {
        self.pairs.len()
    }

    /// Returns true if there are no pairs.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// Returns the pair at `index`; of mixed pairs, the one with its partner.
    ///
    /// # Panics
    ///
    /// Panics if `index` is out of range.
    pub fn pair(&self, index: usize) -> Pair {
        self.pairs[index]
    }

    /// Returns the pair at `index` as it is shown at a moment of the run. It is a pure function of
    /// both, so it does not depend on the number of workers or on whether a run was resumed.
    ///
    /// # Panics
    ///
    /// Panics if `index` is out of range.
    pub fn pair_at(&self, index: usize, moment: Moment) -> Pair {
        let pair = self.pairs[index];
        match self.share {
            Some(share) if !share.draw(index, moment) => Pair { right: pair.left, ..pair },
            _ => pair,
        }
    }

    /// All pairs, in order; of mixed pairs, those with their partners.
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

    /// Number of distinct pictures in the pairs. Partners that are never shown do not count.
    pub fn pictures(&self) -> usize {
        let alone = self.share.is_some_and(|share| share.is_zero());
        let mut seen = vec![false; self.source.len()];
        for pair in &self.pairs {
            seen[pair.left] = true;
            seen[pair.right] |= !alone;
        }
        seen.into_iter().filter(|seen| *seen).count()
    }

    /// Extends an identity with the names of all pictures, the pairs, and the share of mixed pairs.
    pub fn identity(&self, mut identity: Identity) -> Identity {
        for index in 0..self.source.len() {
            identity = identity.and_field(self.source.name(index).as_bytes());
        }
        for pair in &self.pairs {
            identity = identity.and(&pair.left.to_le_bytes()).and(&pair.right.to_le_bytes());
        }
        match self.share {
            Some(share) => share.identity(identity),
            None => identity,
        }
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
