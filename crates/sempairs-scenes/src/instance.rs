use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

/// How many numbers shape one object of a class.
pub const PROPORTIONS: usize = 10;

/// One object of a class: what makes this car another car than the next.
///
/// Every class reads the same list in its own way: a length, a roof's pitch, how many windows,
/// whether there is a chimney. So two instances share the parts that make the class and no outline.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Instance {
    /// The numbers, each in 0..1.
    pub proportions: [f32; PROPORTIONS],
}

impl Instance {
    pub(super) fn draw(rng: &mut impl Rng) -> Self {
        Self { proportions: std::array::from_fn(|_| rng.random::<f32>()) }
    }

    /// Proportion `i` as a length between `low` and `high`.
    pub(super) fn span(&self, i: usize, low: f32, high: f32) -> f32 {
        low + (high - low) * self.proportions[i]
    }

    /// Proportion `i` as a number of parts from `low` to `high`, both included.
    pub(super) fn count(&self, i: usize, low: usize, high: usize) -> usize {
        low + (self.proportions[i] * (high + 1 - low) as f32) as usize
    }

    /// Proportion `i` as the presence of a part that a `share` of the instances has.
    pub(super) fn has(&self, i: usize, share: f32) -> bool {
        self.proportions[i] < share
    }
}
