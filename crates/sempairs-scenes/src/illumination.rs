use rand::Rng;
use serde::{Deserialize, Serialize};
use tiny_skia::Pixmap;

use super::Distribution;
use super::colour::{Colour, between};

/// The light of a scene.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Illumination {
    /// Direction from which the light comes, in radians: 0 is from the right, and angles increase
    /// clockwise.
    pub direction: f32,
    /// How much brighter the lit side is than the centre, in 0..1.
    pub strength: f32,
    /// Brightness of the whole picture; 1 is neutral.
    pub exposure: f32,
    /// Colour of the light.
    pub cast: Colour,
    /// Strength of the light's colour, in 0..1.
    pub cast_strength: f32,
    /// Darkness of the object's shadow, in 0..1.
    pub shadow: f32,
}

impl Illumination {
    pub(super) fn draw(distribution: &Distribution, rng: &mut impl Rng) -> Self {
        Self {
            direction: between(distribution.light, rng),
            strength: between(distribution.light_strength, rng),
            exposure: between(distribution.exposure, rng),
            cast: distribution.palette.draw([1.0, 1.0], rng),
            cast_strength: between(distribution.cast, rng),
            shadow: between(distribution.shadow, rng),
        }
    }

    fn towards(&self) -> (f32, f32) {
        (self.direction.cos(), self.direction.sin())
    }

    /// Shades the layer of the object by the factor `1 + strength (p - centre) . towards / radius`.
    pub(super) fn shade(&self, layer: &mut Pixmap, centre: (f32, f32), radius: f32) {
        let (dx, dy) = self.towards();
        let (width, slope) = (layer.width() as usize, self.strength / radius);
        for (y, row) in layer.data_mut().chunks_exact_mut(4 * width).enumerate() {
            for (x, pixel) in row.chunks_exact_mut(4).enumerate() {
                if pixel[3] == 0 {
                    continue;
                }
                let along = (x as f32 + 0.5 - centre.0) * dx + (y as f32 + 0.5 - centre.1) * dy;
                let gain = (1.0 + slope * along).max(0.2);
                for c in 0..3 {
                    // A premultiplied colour must not exceed its alpha.
                    pixel[c] = (f32::from(pixel[c]) * gain).min(f32::from(pixel[3])) as u8;
                }
            }
        }
    }

    /// Darkens the ground by the object's shadow, which is displaced by `reach` pixels away from
    /// the light.
    pub(super) fn shadow(&self, ground: &mut Pixmap, object: &Pixmap, reach: f32) {
        let (dx, dy) = self.towards();
        let (width, height) = (ground.width() as i32, ground.height() as i32);
        let (back_x, back_y) = ((reach * dx).round() as i32, (reach * dy).round() as i32);
        let alpha = object.data();
        for y in 0..height {
            for x in 0..width {
                let (from_x, from_y) = (x + back_x, y + back_y);
                if !(0..width).contains(&from_x) || !(0..height).contains(&from_y) {
                    continue;
                }
                let cover = alpha[4 * (from_y * width + from_x) as usize + 3];
                if cover > 0 {
                    let keep = 1.0 - self.shadow * f32::from(cover) / 255.0;
                    let at = 4 * (y * width + x) as usize;
                    for channel in &mut ground.data_mut()[at..at + 3] {
                        *channel = (f32::from(*channel) * keep) as u8;
                    }
                }
            }
        }
    }

    /// Converts the finished picture to RGB, with directional light, exposure and colour cast.
    pub(super) fn develop(&self, picture: &Pixmap) -> Vec<u8> {
        let (dx, dy) = self.towards();
        let side = picture.width() as f32;
        let gains = self.cast.0.map(|channel| {
            self.exposure * (1.0 - self.cast_strength * (1.0 - f32::from(channel) / 255.0))
        });
        let mut rgb = Vec::with_capacity(3 * (side * side) as usize);
        for (y, row) in picture.data().chunks_exact(4 * side as usize).enumerate() {
            for (x, pixel) in row.chunks_exact(4).enumerate() {
                let along =
                    ((x as f32 + 0.5) * dx + (y as f32 + 0.5) * dy) / side - (dx + dy) / 2.0;
                let gain = 1.0 + 0.8 * self.strength * along;
                for c in 0..3 {
                    rgb.push((f32::from(pixel[c]) * gain * gains[c]).min(255.0) as u8);
                }
            }
        }
        rgb
    }
}
