use rand::seq::SliceRandom;

use super::permutation::all_have_classes;
use super::{Pair, Pairing};
use crate::sources::members;
use crate::{ConfigError, DataError, Identity, Key, PictureSource, Side};

/// Operation number of the random draws, which does not collide with those of augmentation.
const DRAW: u64 = u64::from_be_bytes(*b"pairdisj");

/// Random pairs of pictures of the same class, in which no picture appears twice.
///
/// The pictures of a class are put into a random order, which depends on the seed and the name of
/// the class alone, and neighbours are paired. With the same seed, fewer pairs of a class are
/// therefore the first ones of more pairs, whatever other classes there are. The first pairs of all
/// classes come first, then the second ones, so that fewer pairs per class are the beginning of the
/// list unless a class is short of pictures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisjointPairs {
    /// The pairs.
    pub pairs: Vec<Pair>,
    /// The classes that have fewer pictures than needed, in the order of the source.
    pub short: Vec<ShortClass>,
}

/// A class with too few pictures for the requested number of disjoint pairs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShortClass {
    /// Name of the class.
    pub class: String,
    /// Number of its pictures.
    pub pictures: usize,
    /// Number of its pairs: half the number of pictures, rounded down.
    pub pairs: usize,
}

impl DisjointPairs {
    /// Draws `per_class` pairs from each class of `source`, or as many as a class has pictures for.
    ///
    /// # Errors
    ///
    /// [`DataError::Pairing`] if a picture has no class or there is no class.
    pub fn draw(
        source: &dyn PictureSource,
        per_class: usize,
        seed: u64,
    ) -> Result<Self, DataError> {
        let pairing = Pairing::Disjoint { per_class };
        Self::of(source, per_class, seed).map_err(|error| pairing.refuse(source.location(), error))
    }

    fn of(source: &dyn PictureSource, per_class: usize, seed: u64) -> Result<Self, ConfigError> {
        if source.classes().is_empty() {
            return Err(ConfigError::new("", "the pictures have no classes"));
        }
        all_have_classes(source)?;
        let mut short = Vec::new();
        let mut drawn = Vec::new();
        for (class, mut members) in source.classes().iter().zip(members(source)) {
            let pairs = (members.len() / 2).min(per_class);
            if pairs < per_class {
                let (class, pictures) = (class.clone(), members.len());
                short.push(ShortClass { class, pictures, pairs });
            }
            let name = Identity::new().and(class.as_bytes());
            let key = Key { seed, epoch: 0, picture: name.into(), side: Side::Right };
            members.shuffle(&mut key.rng(DRAW));
            members.truncate(2 * pairs);
            drawn.push(members);
        }
        let longest = drawn.iter().map(|members| members.len() / 2).max().unwrap_or(0);
        let nth = |n: usize| drawn.iter().filter_map(move |it| it.chunks_exact(2).nth(n));
        let pairs = (0..longest).flat_map(nth).map(|pair| Pair { left: pair[0], right: pair[1] });
        Ok(Self { pairs: pairs.collect(), short })
    }
}

/// `per_class` disjoint pairs of every class.
///
/// # Errors
///
/// Those of [`DisjointPairs::draw`], and one for the first class with too few pictures.
pub(super) fn all(
    source: &dyn PictureSource,
    per_class: usize,
    seed: u64,
) -> Result<Vec<Pair>, ConfigError> {
    let DisjointPairs { pairs, short } = DisjointPairs::of(source, per_class, seed)?;
    let Some(ShortClass { class, pictures, pairs: most }) = short.first() else {
        return Ok(pairs);
    };
    let reason = format!(
        "is {per_class}, but class `{class}` has {pictures} pictures, enough for {most} pairs of \
         two"
    );
    Err(ConfigError::new("per_class", reason))
}
