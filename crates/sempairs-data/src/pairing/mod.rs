//! Which picture is whose partner.

mod dataset;
mod draw;
mod written;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub use dataset::PairDataset;

use crate::manifest::Manifest;
use crate::{DataError, PictureSource};

/// Two pictures of a source, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Pair {
    /// The picture the pair is named after; view one is made of it.
    pub left: usize,
    /// Its partner; view two is made of it.
    pub right: usize,
}

/// Where a picture's partner comes from.
///
/// An augmented pair is a pair of a picture with itself, so the paper's two data sets, and its
/// missing controls, differ by a word of data and no line of code.
///
/// Without a manifest there is one pair for each picture `i` of the source, in the source's order:
/// `left = i` and `right = π(i)`. So two arms that differ in the pairing alone see the same left pictures
/// in the same order, and only the partner differs. But for the exception that
/// [`WrongFraction`](Self::WrongFraction) names, `π` is a permutation, which uses each picture as often
/// as any other: once on the left and once on the right. With a manifest there is one pair for each
/// row, and what holds for two pairings holds for [`Curated`](Self::Curated) and [`Same`](Self::Same) of
/// one manifest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", from = "written::Written")]
pub enum Pairing {
    /// `π(i) = i`: augmented pairs.
    Same {
        /// A manifest of which the left pictures are taken, row after row, instead of all pictures: the
        /// augmented twin of [`Curated`](Self::Curated).
        #[serde(skip_serializing_if = "Option::is_none")]
        file: Option<PathBuf>,
    },
    /// The rows of a [manifest](Manifest), in their order.
    Curated {
        /// The manifest; its paths are relative to the source's root.
        file: PathBuf,
    },
    /// `π` runs through each class in a random cycle, so that a picture's partner is another picture
    /// of its class.
    RandomInClass,
    /// `π` runs through all pictures in one random cycle: the partner is another picture, of whatever
    /// class. The control for what any pairing does.
    Shuffled,
    /// As [`RandomInClass`](Self::RandomInClass), but the partner of `round(share n)` of the `n`
    /// pictures is of another class.
    ///
    /// The wrong partners are exchanged among the pictures that get one, so that `π` stays a
    /// permutation. Where that cannot be (one wrong pair alone; one class with more than half of
    /// all wrong pairs), as few as possible of the wrong partners are drawn freely from the other
    /// classes instead.
    WrongFraction {
        /// From 0 to 1.
        share: f64,
    },
}

impl Pairing {
    /// The name in an experiment file.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Same { .. } => "same",
            Self::Curated { .. } => "curated",
            Self::RandomInClass => "random_in_class",
            Self::Shuffled => "shuffled",
            Self::WrongFraction { .. } => "wrong_fraction",
        }
    }

    /// Whether the values are in their ranges.
    ///
    /// # Errors
    ///
    /// [`DataError::Pairing`] for a `share` that is not from 0 to 1.
    pub fn check(&self) -> Result<(), DataError> {
        match self {
            Self::WrongFraction { share } if !(0.0..=1.0).contains(share) => {
                Err(self.refuse(None, format!("`share` is {share}, which is not from 0 to 1")))
            }
            _ => Ok(()),
        }
    }

    /// The pairs of `source`. Those that are drawn depend on the seed, the number of pictures and
    /// their classes, and on nothing else.
    ///
    /// # Errors
    ///
    /// [`DataError::Pairing`] for values out of range, a source without pictures, and for what the
    /// draw lacks: a class with a single picture, a picture without class, a second class;
    /// [`DataError::Manifest`] with all bad rows of a manifest.
    pub fn pairs(&self, source: &dyn PictureSource, seed: u64) -> Result<Vec<Pair>, DataError> {
        self.check()?;
        if source.is_empty() {
            return Err(self.refuse(source.place(), "the source has no picture"));
        }
        let partners = match self {
            Self::Curated { file } => return Ok(Manifest::read(file, source)?.pairs().collect()),
            Self::Same { file: Some(file) } => {
                let manifest = Manifest::read(file, source)?;
                let pairs = manifest.pairs().map(|pair| Pair { right: pair.left, ..pair });
                return Ok(pairs.collect());
            }
            Self::Same { file: None } => Ok((0..source.len()).collect()),
            Self::RandomInClass => draw::in_class(source, seed),
            Self::Shuffled => draw::shuffled(source, seed),
            Self::WrongFraction { share } => draw::partly_wrong(source, seed, *share),
        };
        let partners: Vec<usize> =
            partners.map_err(|reason| self.refuse(source.place(), reason))?;
        Ok(partners.into_iter().enumerate().map(|(left, right)| Pair { left, right }).collect())
    }

    fn refuse(&self, place: Option<&Path>, reason: impl Into<String>) -> DataError {
        let place = place.map(Path::to_path_buf);
        DataError::Pairing { place, pairing: self.name(), reason: reason.into() }
    }
}
