use rand::Rng;
use rand_chacha::ChaCha8Rng;

/// Random numbers from the bits of one stream, by formulas of this crate, so that a newer generator
/// library cannot change what a seed means.
pub(crate) struct Draw(pub(crate) ChaCha8Rng);

impl Draw {
    /// Uniform in `[0, 1)`: the upper 53 bits of a word.
    fn unit(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Uniform in `[low, high)`; `low` if they are equal.
    pub(crate) fn uniform(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// True with probability `p`.
    pub(crate) fn chance(&mut self, p: f32) -> bool {
        self.unit() < f64::from(p)
    }

    /// Uniform among `0..n`.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.0.next_u64()) * n as u128) >> 64) as usize
    }

    /// A uniformly drawn order of `items`, by Fisher and Yates.
    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}
