//! Pairing of pictures: which picture is the partner of which.

mod contrasting;
mod dataset;
mod disjoint;
mod moment;
mod permutation;
mod serde_form;
mod share;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use crate::pair::Pair;
pub use dataset::PairDataset;
pub use disjoint::{DisjointPairs, ShortClass};
pub use moment::Moment;
pub use share::{Ramp, Share};

use crate::manifest::Manifest;
use crate::{ConfigError, DataError, PictureSource};

/// Rule that assigns a partner to every picture.
///
/// An augmented pair (two views of one picture) is a picture paired with itself. The experiments of
/// the paper, and the controls that it lacks, therefore differ only in this value.
///
/// Most rules make one pair for each picture `i` of the source, in the source's order: `left = i`
/// and `right = π(i)`. Two runs that differ only in the pairing therefore see the same left
/// pictures in the same order, with different partners. Apart from the exception described under
/// [`WrongFraction`](Self::WrongFraction), `π` is a permutation, so every picture appears exactly
/// once on the left and once on the right.
///
/// With a manifest there is one pair for each row. [`Curated`](Self::Curated) and
/// [`Same`](Self::Same) with the same manifest have the same left pictures in the same order. So do
/// [`Disjoint`](Self::Disjoint) and [`SameOf`](Self::SameOf) it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", try_from = "serde_form::Written")]
pub enum Pairing {
    /// `π(i) = i`: augmented pairs.
    Same {
        /// A manifest whose left pictures are used, row after row, instead of all pictures of the
        /// source. This is the augmented-pair counterpart of [`Curated`](Self::Curated).
        #[serde(skip_serializing_if = "Option::is_none")]
        file: Option<PathBuf>,
    },
    /// Augmented pairs of the left pictures of another pairing, in the order of its pairs; in a
    /// file `{ kind = "same", of = { kind = "disjoint", per_class = 50 } }`.
    #[serde(rename = "same")]
    SameOf {
        /// The other pairing; it must not be of kind `same`.
        of: Box<Pairing>,
        /// Uses the right pictures, too: every picture that appears in a pair, once, in the order
        /// of its first pair. This is the control for the number of pictures.
        #[serde(skip_serializing_if = "is_false")]
        both: bool,
    },
    /// The pairs of a [manifest](Manifest), in the order of its rows.
    Curated {
        /// Path of the manifest; the paths in it are relative to the source's root.
        file: PathBuf,
    },
    /// `π` is a random permutation within each class, under which the kinds of background of a
    /// picture and its partner differ, and their kinds of surface pattern as well. In a file
    /// `{ kind = "curated" }` without a manifest. It requires a source that
    /// [knows them](PictureSource::nuisances): the built-in scenes.
    #[serde(rename = "curated")]
    Contrasting,
    /// `π` is a random cycle through each class, so the partner is another picture of the same
    /// class.
    RandomInClass,
    /// `per_class` random pairs of each class, in which no picture appears twice: `2 per_class`
    /// pictures of a class, half of them on the left. With the same seed, the pairs for a smaller
    /// number are the first ones of those for a larger number; see [`DisjointPairs`].
    Disjoint {
        /// Number of pairs per class.
        per_class: usize,
    },
    /// The pairs of `with`, in which the partner is replaced by the left picture itself except for
    /// a `share` of the pairs, drawn anew in every epoch. [`PairDataset::pair_at`] draws it.
    ///
    /// A share of 0 gives the views of [`SameOf`](Self::SameOf) `with`, and a share of 1 those of
    /// `with`.
    Mixed {
        /// Fraction of the pairs that have their partner, which may change over the run.
        share: Share,
        /// The pairing that gives the partners.
        #[serde(skip_serializing_if = "is_random_in_class")]
        with: Box<Pairing>,
    },
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

/// Largest number of disjoint pairs of a class; twice as many is still a number of pictures.
const MAX_PER_CLASS: usize = u32::MAX as usize / 2;

impl Pairing {
    /// Mixed pairs whose partners are those of [`RandomInClass`](Self::RandomInClass).
    pub fn mixed(share: impl Into<Share>) -> Self {
        Self::Mixed { share: share.into(), with: Box::new(Self::RandomInClass) }
    }

    /// Name of the pairing in an experiment file.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Same { .. } | Self::SameOf { .. } => "same",
            Self::Curated { .. } | Self::Contrasting => "curated",
            Self::RandomInClass => "random_in_class",
            Self::Disjoint { .. } => "disjoint",
            Self::Mixed { .. } => "mixed",
            Self::Shuffled => "shuffled",
            Self::WrongFraction { .. } => "wrong_fraction",
        }
    }

    /// Checks that the values are in their ranges.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] with the key, such as `share` or `of.per_class`, for a value out of range
    /// and for a pairing within another one whose kind does not fit.
    pub fn check(&self) -> Result<(), ConfigError> {
        match self {
            Self::WrongFraction { share } if !(0.0..=1.0).contains(share) => {
                Err(ConfigError::new("share", format!("is {share}, but must be from 0 to 1")))
            }
            Self::Disjoint { per_class } => {
                ConfigError::unless_within("per_class", *per_class, 1..=MAX_PER_CLASS)
            }
            Self::SameOf { of, .. } => {
                if of.name() == "same" {
                    let reason = "is `same`, but must be the pairing of another arm";
                    return Err(ConfigError::new("of.kind", reason));
                }
                of.check().map_err(|error| error.under("of"))
            }
            Self::Mixed { share, with } => {
                share.check().map_err(|error| error.under("share"))?;
                if matches!(with.name(), "same" | "mixed") {
                    let reason =
                        format!("is `{}`, but must be a kind that has partners", with.name());
                    return Err(ConfigError::new("with.kind", reason));
                }
                with.check().map_err(|error| error.under("with"))
            }
            _ => Ok(()),
        }
    }

    /// The rule that draws the pairs, and its key within this pairing. These are the pairing itself
    /// and an empty key, unless the pairing is made from another one: the rule of
    /// `{ kind = "same", of = RULE }` has the key `of`.
    pub fn rule(&self) -> (String, &Self) {
        let (key, inner) = match self {
            Self::SameOf { of, .. } => ("of", of),
            Self::Mixed { with, .. } => ("with", with),
            _ => return (String::new(), self),
        };
        match inner.rule() {
            (further, rule) if further.is_empty() => (key.to_owned(), rule),
            (further, rule) => (format!("{key}.{further}"), rule),
        }
    }

    /// The manifest that the pairs are read from, if there is one.
    pub fn manifest(&self) -> Option<&Path> {
        match self.rule().1 {
            Self::Same { file: Some(file) } | Self::Curated { file } => Some(file),
            _ => None,
        }
    }

    /// Number of pairs that are drawn from `classes` classes of `per_class` pictures each; `None`
    /// if a manifest determines it.
    pub fn count(&self, classes: usize, per_class: usize) -> Option<usize> {
        if self.manifest().is_some() {
            return None;
        }
        let Self::Disjoint { per_class: pairs } = self.rule().1 else {
            return Some(classes.saturating_mul(per_class));
        };
        let times = if matches!(self, Self::SameOf { both: true, .. }) { 2 } else { 1 };
        Some(classes.saturating_mul(*pairs).saturating_mul(times))
    }

    /// Computes the pairs of `source`. Random pairings depend only on the seed, the number of
    /// pictures and their classes, [`Disjoint`](Self::Disjoint) and
    /// [`Contrasting`](Self::Contrasting) also on the names of the classes, and the latter on the
    /// pictures' nuisance factors.
    ///
    /// The pairs of [`Mixed`](Self::Mixed) are those with partners; [`dataset`](Self::dataset) also
    /// has the share of them.
    ///
    /// # Errors
    ///
    /// - [`DataError::Pairing`] for a value out of range, a source without pictures, and unmet
    ///   requirements of a pairing: a class with too few pictures, a picture without a class, no
    ///   second class, or unknown nuisance factors.
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
            Self::SameOf { of, both } => {
                let pairs = of.pairs(source, seed)?;
                return Ok(if *both { each_once(&pairs, source.len()) } else { lefts(&pairs) });
            }
            Self::Mixed { with, .. } => return with.pairs(source, seed),
            Self::Disjoint { per_class } => {
                return disjoint::all(source, *per_class, seed).map_err(refuse);
            }
            Self::Same { file: None } => Ok((0..source.len()).collect()),
            Self::Contrasting => contrasting::partners(source, seed),
            Self::RandomInClass => permutation::in_class(source, seed),
            Self::Shuffled => permutation::shuffled(source, seed),
            Self::WrongFraction { share } => permutation::partly_wrong(source, seed, *share),
        };
        let partners: Vec<usize> = partners.map_err(refuse)?;
        Ok(partners.into_iter().enumerate().map(|(left, right)| Pair { left, right }).collect())
    }

    /// Computes the pairs of `source` and combines them with it, and with the share of
    /// [`Mixed`](Self::Mixed) pairs.
    ///
    /// # Errors
    ///
    /// See [`pairs`](Self::pairs).
    pub fn dataset(
        &self,
        source: Arc<dyn PictureSource>,
        seed: u64,
    ) -> Result<PairDataset, DataError> {
        let pairs = self.pairs(&*source, seed)?;
        let dataset = PairDataset::new(source, pairs);
        Ok(match self {
            Self::Mixed { share, .. } => dataset.mixed(*share),
            _ => dataset,
        })
    }

    fn refuse(&self, place: Option<&Path>, error: ConfigError) -> DataError {
        let place = place.map(Path::to_path_buf);
        DataError::Pairing { place, pairing: self.name(), error }
    }
}

/// The left pictures, each paired with itself.
fn lefts(pairs: &[Pair]) -> Vec<Pair> {
    pairs.iter().map(|pair| Pair { right: pair.left, ..*pair }).collect()
}

/// All pictures of the pairs, each paired with itself once, in the order of first appearance.
fn each_once(pairs: &[Pair], pictures: usize) -> Vec<Pair> {
    let mut seen = vec![false; pictures];
    let all = pairs.iter().flat_map(|pair| [pair.left, pair.right]);
    all.filter(|&picture| !std::mem::replace(&mut seen[picture], true))
        .map(|picture| Pair { left: picture, right: picture })
        .collect()
}

fn is_false(value: &bool) -> bool {
    !value
}

fn is_random_in_class(pairing: &Pairing) -> bool {
    *pairing == Pairing::RandomInClass
}
