//! Exact random draws from the binomial distribution with a rational probability.

use rand::Rng;

/// The number of successes in `trials` independent trials with the probability `part / whole`.
///
/// A trial succeeds if a uniform number in [0, 1), whose binary digits are fair coin tosses, is
/// smaller than the probability. The digits are compared from the first one on, of all trials at
/// once: those whose digit differs from that of the probability are decided, the others go on to
/// the next digit. Only the number of heads among the tosses matters, so 64 tosses are one word of
/// the generator, and on average `2 trials / 64` words are drawn. All numbers are integers, so the
/// distribution is exact and the draws are the same on every machine.
///
/// # Panics
///
/// If `part` is greater than `whole`, or `whole` is zero or not below `2^63`.
pub(super) fn binomial(trials: u64, part: u64, whole: u64, rng: &mut impl Rng) -> u64 {
    assert!(part <= whole && (1..1 << 63).contains(&whole), "{part} of {whole}");
    if part == whole {
        return trials;
    }
    let (mut undecided, mut remainder, mut successes) = (trials, part, 0);
    // Without remaining digits that are one, the undecided numbers cannot be smaller.
    while undecided > 0 && remainder > 0 {
        remainder *= 2;
        let ones = heads(undecided, rng);
        if remainder >= whole {
            remainder -= whole;
            successes += undecided - ones;
            undecided = ones;
        } else {
            undecided -= ones;
        }
    }
    successes
}

/// The number of heads in `tosses` tosses of a fair coin.
fn heads(tosses: u64, rng: &mut impl Rng) -> u64 {
    let words = (0..tosses / 64).map(|_| u64::from(rng.next_u64().count_ones()));
    let heads: u64 = words.sum();
    match tosses % 64 {
        0 => heads,
        rest => heads + u64::from((rng.next_u64() >> (64 - rest)).count_ones()),
    }
}

#[cfg(test)]
mod tests {
    use sempairs_data::{Key, Side};

    use super::*;

    fn rng(seed: u64) -> impl Rng {
        Key { seed, epoch: 0, picture: 0, side: Side::Left }.rng(0)
    }

    /// The probability of each number of successes, by Pascal's rule.
    fn distribution(trials: usize, p: f64) -> Vec<f64> {
        let mut all = vec![1.0];
        for _ in 0..trials {
            let mut next = vec![0.0; all.len() + 1];
            for (k, probability) in all.iter().enumerate() {
                next[k] += probability * (1.0 - p);
                next[k + 1] += probability * p;
            }
            all = next;
        }
        all
    }

    #[test]
    fn frequencies_are_those_of_the_distribution() {
        const DRAWS: usize = 20_000;
        for (trials, part, whole) in [(1, 1, 3), (5, 2, 3), (5, 1, 2), (9, 1, 10), (130, 71, 130)] {
            let mut rng = rng(trials);
            let mut counts = vec![0u32; trials as usize + 1];
            for _ in 0..DRAWS {
                counts[binomial(trials, part, whole, &mut rng) as usize] += 1;
            }
            let expected = distribution(trials as usize, part as f64 / whole as f64);
            for (k, (count, expected)) in counts.into_iter().zip(expected).enumerate() {
                // Six standard deviations of a frequency.
                let margin = 6.0 * (expected * (1.0 - expected) / DRAWS as f64).sqrt() + 3e-4;
                let found = f64::from(count) / DRAWS as f64;
                assert!((found - expected).abs() < margin, "{part}/{whole}, {k}: {found}");
            }
        }
    }

    #[test]
    fn certain_and_impossible_events_need_no_draw() {
        let mut rng = rng(1);
        assert_eq!(binomial(1000, 7, 7, &mut rng), 1000);
        assert_eq!(binomial(1000, 0, 7, &mut rng), 0);
        assert_eq!(binomial(0, 3, 7, &mut rng), 0);
    }
}
