use std::f32::consts::{PI, TAU};

use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};
use tiny_skia::{FillRule, Pixmap, Transform};

use super::colour::{between, one_of};
use super::texture::{Lattice, Lay, Texture, details, fill, plain};
use super::{BackgroundKind, Colour, Distribution, Silhouette};

/// The background of a scene.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Background {
    /// Kind of the background.
    pub kind: BackgroundKind,
    /// Colours of the background.
    pub colours: [Colour; 3],
    /// Number of periods of the texture along the picture's side.
    pub frequency: f32,
    /// Direction of the texture in radians.
    pub angle: f32,
    /// Number of distractor objects.
    pub distractors: u8,
    /// Outline of the distractor objects.
    pub silhouette: Silhouette,
    /// Random seed of the positions of all details.
    pub seed: u32,
}

impl Background {
    pub(super) fn draw(distribution: &Distribution, rng: &mut impl Rng) -> Self {
        let [fewest, most] = distribution.distractors;
        let mut colour = |value| distribution.palette.draw(value, rng);
        Self {
            colours: [colour([0.15, 0.6]), colour([0.45, 1.0]), colour([0.1, 1.0])],
            kind: one_of(&distribution.backgrounds, rng),
            frequency: between(distribution.frequency, rng),
            angle: between([0.0, PI], rng),
            distractors: rng.random_range(fewest..=most),
            silhouette: one_of(&distribution.silhouettes, rng),
            seed: rng.random::<u32>(),
        }
    }

    /// Paints the background over the whole picture.
    pub(super) fn paint(&self, pixmap: &mut Pixmap) {
        let mut rng = details(self.seed);
        let lattice = Lattice::draw(&mut rng);
        let (texture, frequency) = match self.kind {
            BackgroundKind::Stripes => (Texture::Stripes, self.frequency),
            BackgroundKind::Noise => (Texture::Noise, 1.5 * self.frequency),
            BackgroundKind::Rings => (Texture::Rings, self.frequency),
            BackgroundKind::Checker => (Texture::Checker, 0.8 * self.frequency),
            BackgroundKind::Bricks => (Texture::Bricks, self.frequency),
            BackgroundKind::Gradient | BackgroundKind::Clutter | BackgroundKind::Confetti => {
                (Texture::Ramp, 2.0)
            }
            BackgroundKind::Landscape | BackgroundKind::Skyline => (Texture::Noise, 2.0),
        };
        let shift = match self.kind {
            BackgroundKind::Gradient | BackgroundKind::Clutter | BackgroundKind::Confetti => {
                (0.0, 0.0)
            }
            _ => (rng.random::<f32>() * 4.0 - 2.0, rng.random::<f32>() * 4.0 - 2.0),
        };
        let lay = Lay { angle: self.angle, frequency, shift };
        fill(pixmap, texture, &lay, self.colours, 0.5, &lattice);
        let side = pixmap.width() as f32;
        match self.kind {
            BackgroundKind::Clutter => self.clutter(pixmap, side, &mut rng),
            BackgroundKind::Confetti => self.confetti(pixmap, side, &mut rng),
            BackgroundKind::Landscape => self.hills(pixmap, side, &mut rng),
            BackgroundKind::Skyline => self.skyline(pixmap, side, &mut rng),
            _ => {}
        }
        for _ in 0..self.distractors {
            let radius = side * between([0.06, 0.15], &mut rng);
            self.shape(pixmap, self.silhouette, side, radius, &mut rng);
        }
    }

    /// A random colour of the background, made lighter or darker.
    fn shade(&self, rng: &mut impl Rng) -> Colour {
        let tone = if rng.random::<bool>() { Colour([250; 3]) } else { Colour([8; 3]) };
        one_of(&self.colours, rng).mix(tone, between([0.0, 0.45], rng))
    }

    /// Paints an outline at a random position and angle.
    fn shape(
        &self,
        pixmap: &mut Pixmap,
        silhouette: Silhouette,
        side: f32,
        radius: f32,
        rng: &mut impl Rng,
    ) {
        let (sin, cos) = between([0.0, TAU], rng).sin_cos();
        let (wide, tall) = (radius * between([0.6, 1.2], rng), radius);
        let place = Transform::from_scale(wide, tall)
            .post_concat(Transform::from_row(cos, sin, -sin, cos, 0.0, 0.0))
            .post_translate(side * rng.random::<f32>(), side * rng.random::<f32>());
        let paint = plain(self.shade(rng));
        if let Some(path) = silhouette.path() {
            pixmap.fill_path(&path, &paint, FillRule::Winding, place, None);
        }
    }

    fn clutter(&self, pixmap: &mut Pixmap, side: f32, rng: &mut impl Rng) {
        let kinds = [Silhouette::Triangle, Silhouette::Disc, Silhouette::Pebble];
        for _ in 0..(4.0 + 3.0 * self.frequency) as usize {
            let radius = side * between([0.06, 0.2], rng);
            self.shape(pixmap, one_of(&kinds, rng), side, radius, rng);
        }
    }

    fn confetti(&self, pixmap: &mut Pixmap, side: f32, rng: &mut impl Rng) {
        for _ in 0..(6.0 + 5.0 * self.frequency) as usize {
            let (x, y) = (side * rng.random::<f32>(), side * rng.random::<f32>());
            let (sin, cos) = between([0.0, TAU], rng).sin_cos();
            let (long, thin) = (side * between([0.04, 0.12], rng), side * 0.02);
            let place = Transform::from_row(long * cos, long * sin, -thin * sin, thin * cos, x, y);
            let paint = plain(self.shade(rng));
            if let Some(path) = Silhouette::Square.path() {
                pixmap.fill_path(&path, &paint, FillRule::Winding, place, None);
            }
        }
    }

    fn hills(&self, pixmap: &mut Pixmap, side: f32, rng: &mut impl Rng) {
        for (ridge, third) in [([0.35, 0.6], 1), ([0.55, 0.75], 2), ([0.75, 0.92], 0)] {
            let base = between(ridge, rng);
            let mut corners = vec![(0.0, side), (0.0, side * base)];
            for step in 1..=6 {
                let height = base + between([-0.1, 0.1], rng);
                corners.push((side * step as f32 / 6.0, side * height));
            }
            corners.push((side, side));
            let paint = plain(self.colours[third].mix(self.shade(rng), 0.4));
            if let Some(path) = super::figure::polyline(&corners, true) {
                let here = Transform::identity();
                pixmap.fill_path(&path, &paint, FillRule::Winding, here, None);
            }
        }
    }

    fn skyline(&self, pixmap: &mut Pixmap, side: f32, rng: &mut impl Rng) {
        let mut left = -0.05;
        while left < 1.0 {
            let width = between([0.5, 1.2], rng) / (2.0 + self.frequency);
            let top = between([0.2, 0.85], rng);
            let block = [
                (side * left, side),
                (side * left, side * top),
                (side * (left + width), side * top),
                (side * (left + width), side),
            ];
            let paint = plain(self.shade(rng));
            if let Some(path) = super::figure::polyline(&block, true) {
                let here = Transform::identity();
                pixmap.fill_path(&path, &paint, FillRule::Winding, here, None);
            }
            left += width * between([0.7, 1.1], rng);
        }
    }
}
