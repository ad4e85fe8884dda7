//! Pairing of pictures: which picture is the partner of which.

mod dataset;
mod permutation;
mod serde_form;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub use crate::pair::Pair;
pub use dataset::PairDataset;

use crate::manifest::Manifest;
use crate::{ConfigError, DataError, PictureSource};

/// Rule that assigns a partner to every picture.
///
/// An augmented pair (two views of one picture) is a picture paired with itself. The experiments of
/// the paper, and the controls that it lacks, therefore differ only in this value.
///
/// Without a manifest there is one pair for each picture `i` of the source, in the source's order:
/// `left = i` and `right = π(i)`. Two runs that differ only in the pairing therefore see the same
/// left pictures in the same order, with different partners. Apart from the exception described
/// under [`WrongFraction`](Self::WrongFraction), `π` is a permutation, so every picture appears
/// exactly once on the left and once on the right.
///
/// With a manifest there is one pair for each row. [`Curated`](Self::Curated) and
/// [`Same`](Self::Same) with the same manifest have the same left pictures in the same order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", from = "serde_form::Written")]
pub enum Pairing {
    /// `π(i) = i`: augmented pairs.
    Same {
        /// A manifest whose left pictures are used, row after row, instead of all pictures of the
        /// source. This is the augmented-pair counterpart of [`Curated`](Self::Curated).
        #[serde(skip_serializing_if = "Option::is_none")]
        file: Option<PathBuf>,
    },
    /// The pairs of a [manifest](Manifest), in the order of its rows.
    Curated {
        /// Path of the manifest; the paths in it are relative to the source's root.
        file: PathBuf,
    },
    /// `π` is a random cycle through each class, so the partner is another picture of the same
    /// class.
    RandomInClass,
    /// `π` is one random cycle through all pictures, so the partner is another picture of any
    /// class. It is the control for the effect of pairing as such.
    Shuffled,
    /// Like [`RandomInClass`](Self::RandomInClass), but the partners of `round(share * n)` of the
    /// `n` pictures are of another class.
    ///
    /// The wrong partners are exchanged among the pictures that get one, so `π` remains a
    /// permutation. Where this is impossible (a single wrong pair, or one class with more than half
    /// of all wrong pairs), as few wrong partners as possible are drawn independently from the
    /// other classes.
    WrongFraction {
        /// Fraction of wrong pairs, from 0 to 1.
        share: f64,
    },
}

impl Pairing {
    /// Name of the pairing in an experiment file.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Same { .. } => "same",
            Self::Curated { .. } => "curated",
            Self::RandomInClass => "random_in_class",
            Self::Shuffled => "shuffled",
            Self::WrongFraction { .. } => "wrong_fraction",
        }
    }

    /// Checks that the values are in their ranges.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if `share` is not from 0 to 1.
    pub fn check(&self) -> Result<(), ConfigError> {
        match self {
            Self::WrongFraction { share } if !(0.0..=1.0).contains(share) => {
                Err(ConfigError::new("share", format!("is {share}, but must be from 0 to 1")))
            }
            _ => Ok(()),
        }
    }

    /// Computes the pairs of `source`. Random pairings depend only on the seed, the number of
    /// pictures and their classes.
    ///
    /// # Errors
    ///
    /// - [`DataError::Pairing`] for a value out of range, a source without pictures, and unmet
    ///   requirements of a pairing: a class with a single picture, a picture without a class, or no
    ///   second class.
    /// - [`DataError::Manifest`] with all invalid rows of a manifest.
    pub fn pairs(&self, source: &dyn PictureSource, seed: u64) -> Result<Vec<Pair>, DataError> {
        self.check().map_err(|error| self.refuse(None, error))?;
        let refuse = |error| self.refuse(source.location(), error);
        if source.is_empty() {
            return Err(refuse(ConfigError::new("", "the source has no pictures")));
        }
        let partners = match self {
            Self::Curated { file } => return Ok(Manifest::read(file, source)?.pairs().collect()),
            Self::Same { file: Some(file) } => {
                let manifest = Manifest::read(file, source)?;
                let pairs = manifest.pairs().map(|pair| Pair { right: pair.left, ..pair });
                return Ok(pairs.collect());
            }
            Self::Same { file: None } => Ok((0..source.len()).collect()),
            Self::RandomInClass => permutation::in_class(source, seed),
            Self::Shuffled => permutation::shuffled(source, seed),
            Self::WrongFraction { share } => permutation::partly_wrong(source, seed, *share),
        };
        let partners: Vec<usize> = partners.map_err(refuse)?;
        Ok(partners.into_iter().enumerate().map(|(left, right)| Pair { left, right }).collect())
    }

    fn refuse(&self, place: Option<&Path>, error: ConfigError) -> DataError {
        let place = place.map(Path::to_path_buf);
        DataError::Pairing { place, pairing: self.name(), error }
    }
}
