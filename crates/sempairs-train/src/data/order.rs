use rand::RngExt;
use sempairs_data::{Key, Side};

/// Picture index in the key of the order. No data set has this many pictures, so no augmentation
/// uses the same random stream.
const ORDER: u64 = u64::MAX;

/// Order in which the pairs are visited in one epoch: a random permutation of `0..len`, determined
/// by the seed and the epoch alone (Fisher–Yates shuffle).
///
/// # Panics
///
/// If `len` exceeds `u32::MAX`.
pub fn order(len: usize, seed: u64, epoch: usize) -> Vec<u32> {
    let mut rng = Key { seed, epoch: epoch as u64, picture: ORDER, side: Side::Left }.rng(0);
    let mut order: Vec<u32> = (0..u32::try_from(len).expect("fewer than 2^32 pairs")).collect();
    for i in (1..len).rev() {
        order.swap(i, rng.random_range(0..=i));
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_epoch_visits_every_pair_in_a_different_order() {
        let (first, second) = (order(1000, 7, 0), order(1000, 7, 1));
        assert_ne!(first, second);
        assert_ne!(first, order(1000, 8, 0));
        assert_eq!(first, order(1000, 7, 0));
        for mut visited in [first, second] {
            visited.sort_unstable();
            assert!(visited.into_iter().eq(0..1000));
        }
    }
}
