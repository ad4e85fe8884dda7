use std::f32::consts::{PI, TAU};

use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};
use tiny_skia::{FillRule, Pixmap, Transform};

use super::colour::{between, one_of};
use super::texture::{Lattice, Lay, Texture, details, fill, plain};
use super::{Colour, Distribution, PatternKind, Silhouette};

/// The surface of the object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pattern {
    /// Kind of the pattern.
    pub kind: PatternKind,
    /// Colour of the body, and of the pattern on it.
    pub body: [Colour; 2],
    /// Colour of the second surface, and of the pattern on it.
    pub accent: [Colour; 2],
    /// Colour of the darker trim.
    pub dark: Colour,
    /// Colour of the lighter trim.
    pub light: Colour,
    /// Colour of the line around every part.
    pub outline: Colour,
    /// Width of this line in units of half the object's bounding box.
    pub outline_width: f32,
    /// Number of periods of the pattern along the object's bounding box.
    pub frequency: f32,
    /// Direction of the pattern in radians.
    pub angle: f32,
    /// Sign of a logo or decal.
    pub sign: Silhouette,
    /// Random seed of the pattern's position and details.
    pub seed: u32,
}

impl Pattern {
    pub(super) fn draw(distribution: &Distribution, rng: &mut impl Rng) -> Self {
        let palette = &distribution.palette;
        let body = palette.draw([0.35, 1.0], rng);
        let accent = palette.draw([0.25, 1.0], rng);
        // The pattern differs in lightness from the surface, so it is visible in greyscale, too.
        let mut ink = |under: Colour| {
            let value = if under.luma() > 0.45 { [0.05, 0.3] } else { [0.8, 1.0] };
            palette.draw(value, rng)
        };
        let (body, accent) = ([body, ink(body)], [accent, ink(accent)]);
        Self {
            kind: one_of(&distribution.patterns, rng),
            body,
            accent,
            dark: palette.draw([0.05, 0.3], rng),
            light: palette.draw([0.8, 1.0], rng).mix(Colour([255; 3]), 0.4),
            outline: if rng.random::<f32>() < 0.7 {
                palette.draw([0.0, 0.2], rng)
            } else {
                palette.draw([0.9, 1.0], rng).mix(Colour([255; 3]), 0.6)
            },
            outline_width: between([0.03, 0.07], rng),
            frequency: between(distribution.pattern_frequency, rng),
            angle: between([0.0, PI], rng),
            sign: one_of(&distribution.silhouettes, rng),
            seed: rng.random::<u32>(),
        }
    }

    /// The textures of the two surfaces, each of the size of the object's bounding box.
    pub(super) fn surfaces(&self, texels: u32) -> [Pixmap; 2] {
        let mut rng = details(self.seed);
        let lattice = Lattice::draw(&mut rng);
        let shift = match self.kind {
            PatternKind::Shaded => (0.0, 0.0),
            _ => (rng.random::<f32>() * 8.0, rng.random::<f32>() * 8.0),
        };
        let (texture, frequency) = match self.kind {
            PatternKind::Plain | PatternKind::Logo | PatternKind::Decal => (Texture::Flat, 1.0),
            PatternKind::Stripes => (Texture::Stripes, self.frequency),
            PatternKind::Dots => (Texture::Dots, self.frequency),
            PatternKind::Checker => (Texture::Checker, 0.7 * self.frequency),
            PatternKind::Zigzag => (Texture::Zigzag, self.frequency),
            PatternKind::Patches => (Texture::Patches, 0.7 * self.frequency),
            PatternKind::Shaded => (Texture::Ramp, 2.5),
        };
        let mut angle = self.angle;
        [self.body, self.accent].map(|[under, over]| {
            let mut pixmap = Pixmap::new(texels, texels).expect("a surface is not empty");
            let lay = Lay { angle, frequency, shift };
            fill(&mut pixmap, texture, &lay, [under, over, under], 0.0, &lattice);
            match self.kind {
                PatternKind::Logo => {
                    for cell in 0..16 {
                        let jitter = (rng.random::<f32>(), rng.random::<f32>());
                        let x = ((cell % 4) as f32 + 0.2 + 0.6 * jitter.0) / 4.0;
                        let y = ((cell / 4) as f32 + 0.2 + 0.6 * jitter.1) / 4.0;
                        self.stamp(&mut pixmap, over, (x, y), 0.085, &mut rng);
                    }
                }
                PatternKind::Decal => {
                    let centre = (between([0.3, 0.7], &mut rng), between([0.3, 0.7], &mut rng));
                    self.stamp(&mut pixmap, over, centre, 0.32, &mut rng);
                }
                _ => {}
            }
            angle += PI / 2.0;
            pixmap
        })
    }

    /// Paints a sign on a surface; position and size are relative to the surface's side.
    fn stamp(
        &self,
        pixmap: &mut Pixmap,
        colour: Colour,
        centre: (f32, f32),
        radius: f32,
        rng: &mut impl Rng,
    ) {
        let side = pixmap.width() as f32;
        let (sin, cos) = between([0.0, TAU], rng).sin_cos();
        let r = radius * side;
        let to = Transform::from_row(r * cos, r * sin, -r * sin, r * cos, 0.0, 0.0)
            .post_translate(side * centre.0, side * centre.1);
        if let Some(path) = self.sign.path() {
            pixmap.fill_path(&path, &plain(colour), FillRule::Winding, to, None);
        }
    }
}
