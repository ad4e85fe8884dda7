use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

/// Number of values that determine the shape of an object.
pub const PROPORTIONS: usize = 10;

/// An individual object of a class.
///
/// Every class interprets the values in its own way: as a length, the pitch of a roof, the number
/// of windows, or the presence of a chimney. Two instances therefore consist of the same parts but
/// have different outlines.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Instance {
    /// The values, each in 0..1.
    pub proportions: [f32; PROPORTIONS],
}

impl Instance {
    pub(super) fn draw(rng: &mut impl Rng) -> Self {
        Self { proportions: std::array::from_fn(|_| rng.random::<f32>()) }
    }

    /// Maps value `i` to a length from `low` to `high`.
    pub(super) fn span(&self, i: usize, low: f32, high: f32) -> f32 {
        low + (high - low) * self.proportions[i]
    }

    /// Maps value `i` to a number of parts from `low` to `high`, both included.
    pub(super) fn count(&self, i: usize, low: usize, high: usize) -> usize {
        low + (self.proportions[i] * (high + 1 - low) as f32) as usize
    }

    /// Maps value `i` to the presence of a part, which a fraction `share` of the instances has.
    pub(super) fn has(&self, i: usize, share: f32) -> bool {
        self.proportions[i] < share
    }
}
