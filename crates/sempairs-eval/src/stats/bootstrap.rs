//! Percentile bootstrap over test pictures.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use rand::Rng;
use sempairs_data::{Key, Side};
use serde::{Deserialize, Serialize};

use super::binomial::binomial;
use super::interval::CONFIDENCE;
use crate::Correct;

/// Number of replicates of a bootstrap.
pub const REPLICATES: usize = 10_000;

/// Operation number of the random draws.
const BOOTSTRAP: u64 = u64::from_be_bytes(*b"bootstrp");

/// A 95 % confidence interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Interval {
    /// Returns true if the interval does not contain zero.
    pub fn excludes_zero(&self) -> bool {
        self.low > 0.0 || self.high < 0.0
    }
}

/// Percentile bootstrap interval of the mean top-1 accuracy over the runs, with the test pictures
/// as the sample.
///
/// With `c_si` 1 if run `s` of `S` classifies picture `i` of `n` correctly and 0 otherwise, and
/// `x_i = 1/S sum_s c_si`, a replicate is the mean of `n` values drawn with replacement from
/// `x_1 .. x_n`. A picture is thus drawn together with its results in all runs. With the
/// [`REPLICATES`] replicates sorted, the ends of the interval are the 2.5 % from either end.
/// Sources: Efron, "Bootstrap methods: another look at the jackknife" (Annals of Statistics, 1979);
/// Efron and Tibshirani, "An Introduction to the Bootstrap" (1993), section 13.3.
///
/// The interval is that of the given runs on other pictures of the same kind. It does not contain
/// the variance between seeds, which [`mean`](super::mean) estimates.
///
/// Each replicate is drawn as the numbers of pictures with each of the `S + 1` possible values,
/// whose distribution is multinomial, so the time hardly depends on the number of pictures. `seed`
/// determines all draws.
///
/// # Panics
///
/// If there is no run, or the runs do not have the same number of test pictures, at least one.
pub fn bootstrap_mean(runs: &[&Correct], seed: u64) -> Interval {
    let mut sums = vec![0i64; pictures(runs.iter().copied())];
    runs.iter().for_each(|run| add(&mut sums, run, 1));
    percentiles(&sums, runs.len(), seed)
}

/// Percentile bootstrap interval of the mean paired difference of top-1 accuracies, with the test
/// pictures as the sample. A pair has the two arms of one seed, and the second is subtracted.
///
/// As [`bootstrap_mean`] with `x_i = 1/S sum_s (a_si - b_si)`: in a replicate the same pictures are
/// drawn for both arms and for all seeds, so what makes a picture easy for both arms cancels out.
/// The mean of the `x_i` is the mean over the seeds of the differences in accuracy, the mean of
/// [`difference`](super::difference).
///
/// # Panics
///
/// If there is no pair, or the runs do not have the same number of test pictures, at least one.
pub fn bootstrap_difference(pairs: &[(&Correct, &Correct)], seed: u64) -> Interval {
    let runs = pairs.iter().flat_map(|(one, other)| [*one, *other]);
    let mut sums = vec![0i64; pictures(runs)];
    for (one, other) in pairs {
        add(&mut sums, one, 1);
        add(&mut sums, other, -1);
    }
    percentiles(&sums, pairs.len(), seed)
}

/// The common number of test pictures.
fn pictures<'a>(mut runs: impl Iterator<Item = &'a Correct>) -> usize {
    let pictures = runs.next().expect("the bootstrap needs at least one run").len();
    assert!(pictures > 0, "the bootstrap needs at least one test picture");
    assert!(runs.all(|run| run.len() == pictures), "the runs have different test sets");
    pictures
}

/// Adds `sign` to the sums of the pictures that a run classifies correctly.
fn add(sums: &mut [i64], run: &Correct, sign: i64) {
    sums.iter_mut().zip(run.iter()).for_each(|(sum, hit)| *sum += sign * i64::from(hit));
}

/// The interval of the mean of `sums / runs`.
fn percentiles(sums: &[i64], runs: usize, seed: u64) -> Interval {
    let mut groups = BTreeMap::new();
    sums.iter().for_each(|sum| *groups.entry(*sum).or_insert(0u64) += 1);
    let mut groups: Vec<(i64, u64)> = groups.into_iter().collect();
    // With the largest first, fewer pictures remain to be drawn.
    groups.sort_by_key(|(_, count)| Reverse(*count));
    let mut rng = Key { seed, epoch: 0, picture: 0, side: Side::Left }.rng(BOOTSTRAP);
    let pictures = sums.len() as u64;
    let mut totals: Vec<i64> =
        (0..REPLICATES).map(|_| replicate(&groups, pictures, &mut rng)).collect();
    totals.sort_unstable();
    let tail = ((1.0 - CONFIDENCE) / 2.0 * REPLICATES as f64).round() as usize;
    let value = |total: i64| total as f64 / (sums.len() * runs) as f64;
    Interval { low: value(totals[tail - 1]), high: value(totals[REPLICATES - tail]) }
}

/// The sum of the values of as many pictures as there are, drawn with replacement. A group is a
/// value and the number of pictures that have it.
///
/// The numbers drawn from the groups have a multinomial distribution, which is drawn group by
/// group: among the pictures that are drawn from the groups not considered yet, the number of those
/// from the next group is binomial.
fn replicate(groups: &[(i64, u64)], pictures: u64, rng: &mut impl Rng) -> i64 {
    let (mut total, mut undrawn, mut of_others) = (0, pictures, pictures);
    for &(value, count) in groups {
        let drawn = binomial(undrawn, count, of_others, rng);
        total += value * drawn as i64;
        undrawn -= drawn;
        of_others -= count;
    }
    total
}

#[cfg(test)]
mod tests {
    use rand::RngExt;

    use super::*;

    /// Bits that are true with the probability `share`, determined by `seed`.
    fn random(pictures: usize, share: f64, seed: u64) -> Correct {
        let mut rng = Key { seed, epoch: 9, picture: 0, side: Side::Right }.rng(0);
        (0..pictures).map(|_| rng.random::<f64>() < share).collect()
    }

    fn halves(pictures: usize) -> Correct {
        (0..pictures).map(|i| i < pictures / 2).collect()
    }

    /// The replicate of `n` pictures half of which are correct is binomial: for 4 pictures it is 0
    /// with the probability 1/16, for 8 pictures 0 with 1/256 and at most 1 with 9/256.
    #[test]
    fn ends_match_the_quantiles_of_the_binomial_distribution() {
        for seed in 0..5 {
            let of = |n| bootstrap_mean(&[&halves(n)], seed);
            assert_eq!(of(4), Interval { low: 0.0, high: 1.0 });
            assert_eq!(of(8), Interval { low: 0.125, high: 0.875 });
        }
    }

    #[test]
    fn ends_match_the_normal_approximation_for_many_pictures() {
        let runs: Vec<[Correct; 2]> =
            (0..3).map(|s| [random(10_000, 0.6, s), random(10_000, 0.5, 100 + s)]).collect();
        let pairs: Vec<(&Correct, &Correct)> = runs.iter().map(|[a, b]| (a, b)).collect();
        let found = bootstrap_difference(&pairs, 1);
        let of = |i: usize| {
            let sum = |(a, b): &(&Correct, &Correct)| {
                f64::from(u8::from(a.get(i))) - f64::from(u8::from(b.get(i)))
            };
            pairs.iter().map(sum).sum::<f64>() / 3.0
        };
        let values: Vec<f64> = (0..10_000).map(of).collect();
        let mean = values.iter().sum::<f64>() / 1e4;
        let error = (values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 1e4).sqrt() / 100.0;
        // The standard deviation of an end over the draws is about 0.027 standard errors.
        for (end, expected) in [(found.low, -1.959_964), (found.high, 1.959_964)] {
            assert!(((end - mean) / error - expected).abs() < 0.15, "{found:?}, {mean} {error}");
        }
        assert!(found.excludes_zero());
        assert_eq!(found, bootstrap_difference(&pairs, 1), "the seed determines the result");
        let swapped: Vec<(&Correct, &Correct)> = runs.iter().map(|[a, b]| (b, a)).collect();
        let other = bootstrap_difference(&swapped, 1);
        assert!((other.low + found.high).abs() < 0.3 * error, "{found:?}, {other:?}");
    }

    /// Draws the pictures one by one.
    #[test]
    fn draws_of_groups_are_distributed_as_draws_of_pictures() {
        let runs =
            [(random(12, 0.7, 1), random(12, 0.4, 2)), (random(12, 0.6, 3), random(12, 0.5, 4))];
        let pairs: Vec<(&Correct, &Correct)> = runs.iter().map(|(a, b)| (a, b)).collect();
        let found = bootstrap_difference(&pairs, 7);
        let mut rng = Key { seed: 5, epoch: 0, picture: 0, side: Side::Left }.rng(0);
        let one = |i: usize| -> i32 {
            pairs.iter().map(|(a, b)| i32::from(a.get(i)) - i32::from(b.get(i))).sum()
        };
        let mut totals: Vec<i32> =
            (0..40_000).map(|_| (0..12).map(|_| one(rng.random_range(0..12usize))).sum()).collect();
        totals.sort_unstable();
        for (end, total) in [(found.low, totals[999]), (found.high, totals[39_000])] {
            // The values are multiples of 1/24.
            assert!((24.0 * end - f64::from(total)).abs() < 1.01, "{found:?}, {total}");
        }
    }

    #[test]
    fn pairing_removes_what_both_arms_have_in_common() {
        let (one, mut hits) =
            (random(1000, 0.5, 1), random(1000, 0.5, 1).iter().collect::<Vec<_>>());
        hits[..20].fill(true);
        let better: Correct = hits.iter().copied().collect();
        hits.rotate_left(500);
        let elsewhere: Correct = hits.into_iter().collect();
        let width = |other: &Correct| {
            let found = bootstrap_difference(&[(other, &one)], 3);
            found.high - found.low
        };
        assert!(width(&better) < 0.2 * width(&elsewhere));
        let same = bootstrap_difference(&[(&one, &one)], 3);
        assert_eq!(same, Interval { low: 0.0, high: 0.0 });
        assert!(!same.excludes_zero());
    }

    #[test]
    fn runs_with_equal_results_count_as_one() {
        let (a, b) = (random(300, 0.6, 1), random(300, 0.5, 2));
        assert_eq!(bootstrap_mean(&[&a], 4), bootstrap_mean(&[&a; 3], 4));
        assert_eq!(bootstrap_difference(&[(&a, &b)], 4), bootstrap_difference(&[(&a, &b); 3], 4));
        let all: Correct = [true; 50].into_iter().collect();
        let none: Correct = [false; 50].into_iter().collect();
        assert_eq!(bootstrap_mean(&[&all], 0), Interval { low: 1.0, high: 1.0 });
        assert_eq!(bootstrap_difference(&[(&none, &all)], 0), Interval { low: -1.0, high: -1.0 });
    }

    #[test]
    #[should_panic(expected = "different test sets")]
    fn test_sets_of_different_sizes_are_refused() {
        bootstrap_mean(&[&halves(4), &halves(6)], 0);
    }
}
