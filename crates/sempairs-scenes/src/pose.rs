use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};
use tiny_skia::Transform;

use super::Distribution;
use super::colour::between;

/// Position and orientation of the object.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pose {
    /// Horizontal position, from -1 (leftmost position inside the picture) to 1.
    pub x: f32,
    /// Vertical position, from -1 (topmost position inside the picture) to 1.
    pub y: f32,
    /// Clockwise rotation in radians.
    pub rotation: f32,
    /// Whether the object is mirrored horizontally.
    pub mirrored: bool,
}

impl Pose {
    pub(super) fn draw(distribution: &Distribution, rng: &mut impl Rng) -> Self {
        Self {
            x: between([-1.0, 1.0], rng),
            y: between([-1.0, 1.0], rng),
            rotation: between(distribution.rotation, rng),
            mirrored: rng.random::<bool>(),
        }
    }

    /// The transform from the object's bounding box, `[-1, 1]` in both directions, to the pixels of
    /// a picture of side `size`, of which the object takes the fraction `scale`.
    pub(super) fn transform(&self, scale: f32, size: usize) -> Transform {
        let (half, margin) = (scale * size as f32 / 2.0, (1.0 - scale) / 2.0);
        let (sin, cos) = self.rotation.sin_cos();
        Transform::from_scale(if self.mirrored { -half } else { half }, half)
            .post_concat(Transform::from_row(cos, sin, -sin, cos, 0.0, 0.0))
            .post_translate(
                size as f32 * (0.5 + margin * self.x),
                size as f32 * (0.5 + margin * self.y),
            )
    }
}
