//! The random permutations of [`Pairing`](super::Pairing). Errors have no key, and no name of the
//! pairing, which the caller adds.

use rand::RngExt;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use crate::sources::members;
use crate::{ConfigError, Key, PictureSource, Side};

/// Operation numbers of the random draws, which do not collide with the small ones of augmentation.
const CYCLE: u64 = u64::from_be_bytes(*b"paircycl");
const WRONG: u64 = u64::from_be_bytes(*b"pairwron");

/// Number of attempted exchanges of partners per wrong pair. The exchanges turn a regular initial
/// assignment (class to class) into a random one. Random transpositions need about `ln m / 2` per
/// element to mix (Diaconis and Shahshahani, 1981), which is below 12 for any number `m` of pairs
/// that fits in memory.
pub(super) const EXCHANGES: usize = 24;

fn rng(seed: u64, stream: usize, operation: u64) -> ChaCha8Rng {
    Key { seed, epoch: 0, picture: stream as u64, side: Side::Right }.rng(operation)
}

/// Sets `partner` to a random cycle through `members`.
fn cycle(mut members: Vec<usize>, partner: &mut [usize], rng: &mut ChaCha8Rng) {
    members.shuffle(rng);
    for (at, &member) in members.iter().enumerate() {
        partner[member] = members[(at + 1) % members.len()];
    }
}

pub(super) fn shuffled(source: &dyn PictureSource, seed: u64) -> Result<Vec<usize>, ConfigError> {
    if source.len() == 1 {
        let reason = "the source has a single picture, so no other one to pair it with";
        return Err(ConfigError::new("", reason));
    }
    let mut partner = vec![0; source.len()];
    cycle((0..source.len()).collect(), &mut partner, &mut rng(seed, 0, CYCLE));
    Ok(partner)
}

/// Returns an error that names the first picture without a class, if there is one.
pub(super) fn all_have_classes(source: &dyn PictureSource) -> Result<(), ConfigError> {
    match (0..source.len()).find(|&index| source.class(index).is_none()) {
        None => Ok(()),
        Some(index) => {
            let reason = format!("picture {} has no class", source.name(index));
            Err(ConfigError::new("", reason))
        }
    }
}

pub(super) fn in_class(source: &dyn PictureSource, seed: u64) -> Result<Vec<usize>, ConfigError> {
    all_have_classes(source)?;
    let mut partner = vec![0; source.len()];
    for (class, members) in members(source).into_iter().enumerate() {
        if let [single] = members[..] {
            let (class, name) = (&source.classes()[class], source.name(single));
            let reason = format!("class `{class}` has a single picture, {name}; it needs two");
            return Err(ConfigError::new("", reason));
        }
        cycle(members, &mut partner, &mut rng(seed, class, CYCLE));
    }
    Ok(partner)
}

pub(super) fn partly_wrong(
    source: &dyn PictureSource,
    seed: u64,
    share: f64,
) -> Result<Vec<usize>, ConfigError> {
    let mut partner = in_class(source, seed)?;
    let wrong = (share * source.len() as f64).round() as usize;
    if wrong == 0 {
        return Ok(partner);
    }
    let members = members(source);
    if members.iter().filter(|members| !members.is_empty()).count() < 2 {
        let reason = "wrong partners need at least two classes, but there is only one";
        return Err(ConfigError::new("", reason));
    }
    let class: Vec<usize> =
        (0..source.len()).map(|index| source.class(index).expect("checked above")).collect();
    let rng = &mut rng(seed, 0, WRONG);
    let mut order: Vec<usize> = (0..source.len()).collect();
    order.shuffle(rng);

    // The largest number of wrong pairs, up to the requested one, of which no class has more than
    // half.
    let exchanged = (2..=wrong)
        .rev()
        .find(|&m| members.iter().map(|it| it.len().min(m / 2)).sum::<usize>() >= m)
        .unwrap_or(0);
    let mut count = vec![0; members.len()];
    let mut is_exchanged = vec![false; source.len()];
    let mut left = Vec::with_capacity(exchanged);
    for &index in &order {
        if left.len() < exchanged && count[class[index]] < exchanged / 2 {
            count[class[index]] += 1;
            is_exchanged[index] = true;
            left.push(index);
        }
    }
    exchange(&mut left, &class, &mut partner, rng);

    let rest = order.iter().copied().filter(|&index| !is_exchanged[index]);
    for index in rest.take(wrong - exchanged) {
        partner[index] = loop {
            let other = rng.random_range(0..source.len());
            if class[other] != class[index] {
                break other;
            }
        };
    }
    Ok(partner)
}

/// Permutes the partners of `left` so that each partner is of another class. No class may have more
/// than half of `left`.
fn exchange(left: &mut [usize], class: &[usize], partner: &mut [usize], rng: &mut ChaCha8Rng) {
    // Sorted by class, a rotation by the size of the largest class pairs only different classes.
    left.sort_by_key(|&index| class[index]);
    let longest = left.chunk_by(|&a, &b| class[a] == class[b]).map(<[usize]>::len).max();
    let mut right: Vec<usize> = left.iter().map(|&index| partner[index]).collect();
    right.rotate_left(longest.unwrap_or(0));
    for _ in 0..EXCHANGES * left.len() {
        let (a, b) = (rng.random_range(0..left.len()), rng.random_range(0..left.len()));
        if class[right[b]] != class[left[a]] && class[right[a]] != class[left[b]] {
            right.swap(a, b);
        }
    }
    for (&index, right) in left.iter().zip(right) {
        partner[index] = right;
    }
}
