use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

/// An 8-bit sRGB colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Colour(pub [u8; 3]);

impl Colour {
    /// Converts from HSV: `hue` in turns (0 is red), `saturation` and `value` in 0..=1.
    ///
    /// In the HSV hexcone, channel n of (5, 3, 1) is `v - v s max(0, min(k, 4 - k, 1))` with `k =
    /// (n + 6 hue) mod 6`.
    pub fn from_hsv(hue: f32, saturation: f32, value: f32) -> Self {
        Self([5.0, 3.0, 1.0].map(|n: f32| {
            let k = (n + 6.0 * hue).rem_euclid(6.0);
            let dip = k.min(4.0 - k).clamp(0.0, 1.0);
            (255.0 * value * (1.0 - saturation * dip)).round() as u8
        }))
    }

    /// Linear interpolation to `other` by the fraction `t`, channel by channel.
    pub fn mix(self, other: Self, t: f32) -> Self {
        Self(std::array::from_fn(|c| {
            let (a, b) = (f32::from(self.0[c]), f32::from(other.0[c]));
            (a + t * (b - a)).round().clamp(0.0, 255.0) as u8
        }))
    }

    /// Luma in 0..=1, `0.299 R + 0.587 G + 0.114 B` (ITU-R BT.601).
    pub fn luma(self) -> f32 {
        let [r, g, b] = self.0.map(f32::from);
        (0.299 * r + 0.587 * g + 0.114 * b) / 255.0
    }
}

/// A set of hues (arcs of the colour circle) with a range of saturation.
///
/// Two palettes with disjoint arcs have no colours in common except greys.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Palette {
    /// The arcs in turns, each `[from, to]` with `0 <= from < to <= 1`.
    pub hues: Vec<[f32; 2]>,
    /// Minimum and maximum saturation, in 0..=1.
    pub saturation: [f32; 2],
}

impl Palette {
    /// Draws a colour from a random arc, with a value between `value[0]` and `value[1]`.
    pub(super) fn draw(&self, value: [f32; 2], rng: &mut impl Rng) -> Colour {
        let arc = self.hues[rng.random_range(0..self.hues.len())];
        Colour::from_hsv(between(arc, rng), between(self.saturation, rng), between(value, rng))
    }
}

/// Draws uniformly from an interval; its ends may be equal.
pub(super) fn between([low, high]: [f32; 2], rng: &mut impl Rng) -> f32 {
    low + (high - low) * rng.random::<f32>()
}

/// Draws one of the `choices` with equal probabilities.
pub(super) fn one_of<T: Copy>(choices: &[T], rng: &mut impl Rng) -> T {
    choices[rng.random_range(0..choices.len())]
}
