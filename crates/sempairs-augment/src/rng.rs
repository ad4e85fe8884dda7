use rand::Rng as _;
use rand_chacha::ChaCha8Rng;

/// Random number generator for the parameters of transforms. It computes them from the raw bits of
/// a ChaCha8 stream with its own formulas, so that the results for a seed do not depend on the
/// version of the `rand` crate.
pub(crate) struct Rng(pub(crate) ChaCha8Rng);

impl Rng {
    /// Draws uniformly from `[0, 1)`, with the upper 53 bits of a word.
    fn unit(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Draws uniformly from `[low, high)`; returns `low` if they are equal.
    pub(crate) fn uniform(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// Returns true with probability `p`.
    pub(crate) fn chance(&mut self, p: f32) -> bool {
        self.unit() < f64::from(p)
    }

    /// Draws uniformly from `0..n`.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.0.next_u64()) * n as u128) >> 64) as usize
    }

    /// Shuffles `items` uniformly (Fisher-Yates).
    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}
