//! Stratified split of the training pictures.

use rand::seq::SliceRandom;
use sempairs_data::{Key, Side};

/// A split of the training pictures into pictures to fit on and held-out pictures for model
/// selection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StratifiedSplit {
    /// Indices of the pictures to fit on, in ascending order.
    pub fit: Vec<usize>,
    /// Indices of the held-out pictures, in ascending order.
    pub held_out: Vec<usize>,
}

/// Holds out the fraction `share` of every class, drawn at random with `seed`. The number of
/// pictures is rounded, and is at least one, but the only picture of a class is never held out.
///
/// # Panics
///
/// If `share` is not in (0, 1).
pub fn stratified_split(labels: &[usize], share: f64, seed: u64) -> StratifiedSplit {
    assert!(share > 0.0 && share < 1.0, "the share must be in (0, 1)");
    let classes = labels.iter().max().map_or(0, |last| last + 1);
    let mut members = vec![Vec::new(); classes];
    for (index, &label) in labels.iter().enumerate() {
        members[label].push(index);
    }
    let mut split = StratifiedSplit { fit: Vec::new(), held_out: Vec::new() };
    for (class, mut members) in members.into_iter().enumerate() {
        let key = Key { seed, epoch: 0, picture: class as u64, side: Side::Left };
        members.shuffle(&mut key.rng(0));
        let wanted = (members.len() as f64 * share).round() as usize;
        let held_out =
            wanted.clamp(1, members.len().max(2) - 1).min(members.len().saturating_sub(1));
        split.held_out.extend(members.drain(..held_out));
        split.fit.append(&mut members);
    }
    split.fit.sort_unstable();
    split.held_out.sort_unstable();
    split
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_is_split_by_the_share_and_no_picture_is_lost() {
        // 50 pictures of class 0, 10 of class 1, 2 of class 3, one of class 4, none of class 2.
        let mut labels = vec![0; 50];
        labels.extend([1; 10]);
        labels.extend([3, 3, 4]);
        let split = stratified_split(&labels, 0.2, 7);
        let count = |class| split.held_out.iter().filter(|&&i| labels[i] == class).count();
        assert_eq!([0, 1, 2, 3, 4].map(count), [10, 2, 0, 1, 0]);
        let mut all = [split.fit.clone(), split.held_out.clone()].concat();
        all.sort_unstable();
        assert_eq!(all, (0..63).collect::<Vec<_>>());
        assert_eq!(split, stratified_split(&labels, 0.2, 7));
        assert_ne!(split, stratified_split(&labels, 0.2, 8));
    }
}
