use std::f32::consts::{PI, TAU};

use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};
use tiny_skia::{FillRule, Path, Pixmap, Transform};

use super::colour::{between, one_of};
use super::figure::{curve, polyline, stroke};
use super::texture::{details, plain};
use super::{Colour, Distribution, OcclusionKind};

/// The occluder in front of the object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Occlusion {
    /// Kind of the occluder.
    pub kind: OcclusionKind,
    /// Approximate fraction of the picture that it covers; 0 without an occluder.
    pub coverage: f32,
    /// Colours of the occluder.
    pub colours: [Colour; 2],
    /// Direction of the occluder in radians.
    pub angle: f32,
    /// Random seed of the positions of its pieces.
    pub seed: u32,
}

impl Occlusion {
    pub(super) fn draw(distribution: &Distribution, rng: &mut impl Rng) -> Self {
        let covered = rng.random::<f32>() < distribution.occluded;
        let kind = one_of(&distribution.occlusions, rng);
        let coverage = between(distribution.coverage, rng);
        Self {
            kind: if covered { kind } else { OcclusionKind::Clear },
            coverage: if covered { coverage } else { 0.0 },
            colours: [
                distribution.palette.draw([0.1, 0.9], rng),
                distribution.palette.draw([0.1, 0.9], rng),
            ],
            angle: between([0.0, PI], rng),
            seed: rng.random::<u32>(),
        }
    }

    /// Paints the occluder over the picture.
    pub(super) fn paint(&self, pixmap: &mut Pixmap) {
        let mut rng = details(self.seed);
        let side = pixmap.width() as f32;
        // Coordinates relative to the centre, in units of the picture's side.
        let centred = Transform::from_scale(side, side).post_translate(side / 2.0, side / 2.0);
        let (sin, cos) = self.angle.sin_cos();
        let turned = Transform::from_row(cos, sin, -sin, cos, 0.0, 0.0).post_concat(centred);
        let mut piece = |path: Option<Path>, which: usize, width: Option<f32>, to: Transform| {
            let (Some(path), paint) = (path, plain(self.colours[which % 2])) else { return };
            match width {
                Some(width) => pixmap.stroke_path(&path, &paint, &stroke(width), to, None),
                None => pixmap.fill_path(&path, &paint, FillRule::Winding, to, None),
            }
        };
        match self.kind {
            OcclusionKind::Clear => {}
            OcclusionKind::Bars => {
                // Bars with a pitch of 1 / count and a width of coverage * pitch.
                let count = rng.random_range(2..=5i32);
                let (pitch, shift) = (1.0 / count as f32, rng.random::<f32>());
                for bar in -count..=count {
                    let x = (bar as f32 + shift) * pitch;
                    let line = polyline(&[(x, -0.8), (x, 0.8)], false);
                    piece(line, bar.unsigned_abs() as usize, Some(self.coverage * pitch), turned);
                }
            }
            OcclusionKind::Mesh => {
                // Two families of wires cover 1 - (1 - w/p)^2 of the picture.
                let count = rng.random_range(4..=7);
                let pitch = 1.0 / count as f32;
                let width = pitch * (1.0 - (1.0 - self.coverage).sqrt());
                for wire in -count..=count {
                    let x = (wire as f32 + 0.5) * pitch;
                    piece(polyline(&[(x, -0.8), (x, 0.8)], false), 0, Some(width), turned);
                    piece(polyline(&[(-0.8, x), (0.8, x)], false), 1, Some(width), turned);
                }
            }
            OcclusionKind::Leaves => {
                let leaf = [(0.0, -0.5), (0.17, -0.1), (0.0, 0.5), (-0.17, -0.1)];
                // A leaf of length l covers about 0.2 l^2.
                let long = between([0.25, 0.45], &mut rng);
                for which in 0..(self.coverage / (0.2 * long * long)).ceil() as usize {
                    let (sin, cos) = between([0.0, TAU], &mut rng).sin_cos();
                    let to = Transform::from_row(
                        long * cos,
                        long * sin,
                        -long * sin,
                        long * cos,
                        0.0,
                        0.0,
                    )
                    .post_translate(rng.random::<f32>() - 0.5, rng.random::<f32>() - 0.5)
                    .post_concat(centred);
                    piece(curve(&leaf, true), which, None, to);
                    piece(polyline(&[(0.0, -0.45), (0.0, 0.6)], false), which + 1, Some(0.035), to);
                }
            }
            OcclusionKind::Frame => {
                // A border of width w covers 4 w (1 - w); a bar across the picture is added.
                let width = 0.5 * (1.0 - (1.0 - self.coverage).sqrt());
                let (near, far) = (-0.5 + width / 2.0, 0.5 - width / 2.0);
                let border = [(near, near), (far, near), (far, far), (near, far)];
                let across = between([-0.25, 0.25], &mut rng);
                let bar = polyline(&[(across, -0.5), (across, 0.5)], false);
                piece(bar, 1, Some(width), centred);
                piece(polyline(&border, true), 0, Some(width), centred);
            }
            OcclusionKind::Splashes => {
                // A splash of radius r covers about 2.6 r^2.
                let radius = between([0.08, 0.14], &mut rng);
                let count = (self.coverage / (2.6 * radius * radius)).ceil() as usize;
                for which in 0..count {
                    let corners = super::figure::around((0.0, 0.0), 7, 0.0, |_| {
                        radius * between([0.65, 1.2], &mut rng)
                    });
                    let to = Transform::from_translate(
                        rng.random::<f32>() - 0.5,
                        rng.random::<f32>() - 0.5,
                    )
                    .post_concat(centred);
                    piece(curve(&corners, true), which, None, to);
                }
            }
            OcclusionKind::Corner => {
                // A right-angled triangle with legs a and b covers a b / 2.
                let wide = between([0.55, 0.9], &mut rng);
                let tall = 2.0 * self.coverage / wide;
                let (x, y) = (one_of(&[-0.5, 0.5], &mut rng), one_of(&[-0.5, 0.5], &mut rng));
                let corner = [(x, y), (x - 2.0 * x * wide, y), (x, y - 2.0 * y * tall)];
                piece(polyline(&corner, true), 0, None, centred);
            }
        }
    }
}
