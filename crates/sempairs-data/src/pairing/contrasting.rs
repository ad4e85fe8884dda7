//! Partners of the same class with other kinds of background and surface pattern.

use std::collections::{BTreeMap, VecDeque};

use rand::RngExt;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::permutation::{EXCHANGES, all_have_classes};
use crate::sources::members;
use crate::{ConfigError, Identity, Key, Nuisances, PictureSource, Side};

/// Operation number of the random draws, which does not collide with those of augmentation.
const DRAW: u64 = u64::from_be_bytes(*b"paircont");

/// The partner of every picture: a random permutation within each class under which both kinds
/// differ.
pub(super) fn partners(source: &dyn PictureSource, seed: u64) -> Result<Vec<usize>, ConfigError> {
    all_have_classes(source)?;
    let known: Option<Vec<Nuisances>> =
        (0..source.len()).map(|index| source.nuisances(index)).collect();
    let known = known.ok_or_else(|| {
        let reason = "the kinds of background and pattern are known for the built-in scenes only; \
                      name a manifest with `file`";
        ConfigError::new("", reason)
    })?;
    let mut partner = vec![0; source.len()];
    for (class, members) in source.classes().iter().zip(members(source)) {
        let name = Identity::new().and(class.as_bytes());
        let key = Key { seed, epoch: 0, picture: name.into(), side: Side::Right };
        let matched = matched(&members, &known, &mut key.rng(DRAW)).ok_or_else(|| {
            let reason = format!(
                "the {} pictures of class `{class}` cannot all have a partner of another kind of \
                 background and pattern; it needs more pictures",
                members.len()
            );
            ConfigError::new("", reason)
        })?;
        matched.into_iter().for_each(|(left, right)| partner[left] = right);
    }
    Ok(partner)
}

/// A random assignment of the members to each other under which the nuisances of partners contrast;
/// `None` if there is none.
fn matched(
    members: &[usize],
    known: &[Nuisances],
    rng: &mut ChaCha8Rng,
) -> Option<Vec<(usize, usize)>> {
    // Pictures of equal kinds are interchangeable, so it suffices to match kinds.
    let mut groups = BTreeMap::<Nuisances, Vec<usize>>::new();
    members.iter().for_each(|&member| groups.entry(known[member]).or_default().push(member));
    let kinds: Vec<Nuisances> = groups.keys().copied().collect();
    let sizes: Vec<usize> = groups.values().map(Vec::len).collect();
    let counts = counts(&sizes, |a, b| kinds[a].contrast(kinds[b]))?;

    let mut rights: Vec<Vec<usize>> = groups.values().cloned().collect();
    rights.iter_mut().for_each(|group| group.shuffle(rng));
    let (mut left, mut right) = (Vec::new(), Vec::new());
    for (group, counts) in groups.values().zip(counts) {
        left.extend_from_slice(group);
        for (rights, count) in rights.iter_mut().zip(counts) {
            right.extend(rights.drain(rights.len() - count..));
        }
    }
    // The counts of kinds are regular; exchanges of two and of three partners turn them into random
    // ones. Exchanges of two alone would keep a cyclic order of three kinds.
    let fits = |left: usize, right: usize| known[left].contrast(known[right]);
    for _ in 0..EXCHANGES * left.len() {
        let [a, b, c] = std::array::from_fn(|_| rng.random_range(0..left.len()));
        if fits(left[a], right[b]) && fits(left[b], right[a]) {
            right.swap(a, b);
        }
        let apart = a != b && b != c && a != c;
        if apart && fits(left[a], right[b]) && fits(left[b], right[c]) && fits(left[c], right[a]) {
            right.swap(a, b);
            right.swap(b, c);
        }
    }
    Some(left.into_iter().zip(right).collect())
}

/// The number of pictures of each group whose partners are of each group, `counts[left][right]`,
/// such that every picture is the partner of one: a maximum flow along augmenting paths (Ford and
/// Fulkerson, 1956), found by breadth-first search. `None` if `fits` allows no such assignment.
fn counts(sizes: &[usize], fits: impl Fn(usize, usize) -> bool) -> Option<Vec<Vec<usize>>> {
    let groups = sizes.len();
    let mut counts = vec![vec![0; groups]; groups];
    let mut free = sizes.to_vec();
    for from in (0..groups).flat_map(|group| std::iter::repeat_n(group, sizes[group])) {
        // The group on the left from which each group on the right is reached, and the group on the
        // right whose partner each group on the left gives up.
        let (mut reached, mut given) = (vec![None; groups], vec![None; groups]);
        let mut queue = VecDeque::from([from]);
        let mut end = None;
        'search: while let Some(left) = queue.pop_front() {
            for right in (0..groups).filter(|&right| fits(left, right)) {
                if reached[right].is_some() {
                    continue;
                }
                reached[right] = Some(left);
                if free[right] > 0 {
                    end = Some(right);
                    break 'search;
                }
                for holder in (0..groups).filter(|&group| counts[group][right] > 0) {
                    if holder != from && given[holder].is_none() {
                        given[holder] = Some(right);
                        queue.push_back(holder);
                    }
                }
            }
        }
        let mut right = end?;
        free[right] -= 1;
        loop {
            let left = reached[right].expect("every group on the path was reached");
            counts[left][right] += 1;
            match given[left] {
                Some(earlier) => {
                    counts[left][earlier] -= 1;
                    right = earlier;
                }
                None => break,
            }
        }
    }
    Some(counts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_use_every_picture_once_on_each_side() {
        // Three groups of which each fits the two others.
        let other = |a: usize, b: usize| a != b;
        for sizes in [vec![2, 2, 2], vec![3, 2, 1], vec![1, 4, 5], vec![7, 7]] {
            let counts = counts(&sizes, other).expect("no group is larger than the others");
            for (group, &size) in sizes.iter().enumerate() {
                assert_eq!(counts[group].iter().sum::<usize>(), size);
                assert_eq!(counts.iter().map(|row| row[group]).sum::<usize>(), size);
                assert_eq!(counts[group][group], 0);
            }
        }
        assert_eq!(counts(&[4, 2, 1], other), None, "four pictures, but three of other groups");
        assert_eq!(counts(&[1], other), None);
    }

    /// The first group takes the partners that the third group needs, and has to give them up.
    #[test]
    fn a_path_gives_up_earlier_choices() {
        let fits = |a: usize, b: usize| b == (a + 3) % 4 || (a == 0 && b == 1);
        let counts = counts(&[2; 4], fits).expect("each group with the one before it");
        for (group, row) in counts.iter().enumerate() {
            assert_eq!(row[(group + 3) % 4], 2);
        }
    }
}
