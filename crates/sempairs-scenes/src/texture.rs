use rand::{Rng, RngExt};
use rand_chacha::ChaCha8Rng;
use tiny_skia::{Color, Paint, Pixmap};

use super::Colour;

/// Random number generator for the details of a nuisance factor, from its recorded seed.
pub(super) fn details(seed: u32) -> ChaCha8Rng {
    sempairs_data::Key { seed: seed.into(), epoch: 0, picture: 0, side: sempairs_data::Side::Left }
        .rng(0)
}

/// A function of the plane with values in 0..=1 and a period of about one.
#[derive(Clone, Copy)]
pub(super) enum Texture {
    /// Zero everywhere.
    Flat,
    /// Rises from 0 to 1 over two periods.
    Ramp,
    Stripes,
    Checker,
    Dots,
    Zigzag,
    Bricks,
    Rings,
    /// Two octaves of value noise.
    Noise,
    /// The same noise, thresholded at its middle value.
    Patches,
}

/// The random values of the noise, on a lattice that repeats after 16 cells.
pub(super) struct Lattice([f32; 256]);

impl Lattice {
    pub(super) fn draw(rng: &mut impl Rng) -> Self {
        Self(std::array::from_fn(|_| rng.random::<f32>()))
    }

    /// Value noise: the values of the lattice, smoothly interpolated.
    pub(super) fn at(&self, x: f32, y: f32) -> f32 {
        let (cell_x, cell_y) = (x.floor(), y.floor());
        let ease = |t: f32| t * t * (3.0 - 2.0 * t);
        let (s, t) = (ease(x - cell_x), ease(y - cell_y));
        let (i, j) = (cell_x as i32, cell_y as i32);
        let number = |i: i32, j: i32| self.0[((j & 15) * 16 + (i & 15)) as usize];
        let top = number(i, j) + s * (number(i + 1, j) - number(i, j));
        let bottom = number(i, j + 1) + s * (number(i + 1, j + 1) - number(i, j + 1));
        top + t * (bottom - top)
    }
}

/// Distance of `x` to the nearest integer, in 0..=0.5.
fn off(x: f32) -> f32 {
    (x - x.round()).abs()
}

impl Texture {
    /// The value at (x, y), with edges smoothed over `soft` periods.
    pub(super) fn at(self, x: f32, y: f32, soft: f32, lattice: &Lattice) -> f32 {
        let edge = |distance: f32| (0.5 + distance / soft).clamp(0.0, 1.0);
        match self {
            Texture::Flat => 0.0,
            Texture::Ramp => (0.5 + x / 2.0).clamp(0.0, 1.0),
            Texture::Stripes => edge(off(x) - 0.25),
            Texture::Checker => {
                let (across, down) = (edge(off(x) - 0.25), edge(off(y) - 0.25));
                across + down - 2.0 * across * down
            }
            Texture::Dots => edge(0.3 - off(x).hypot(off(y))),
            Texture::Zigzag => edge(off(x + off(y)) - 0.25),
            Texture::Bricks => {
                let course = (2.0 * y).floor();
                let joint = off(x + 0.5 * course.rem_euclid(2.0)).min(off(2.0 * y) / 2.0);
                edge(0.07 - joint)
            }
            Texture::Rings => edge(off(x.hypot(y)) - 0.25),
            Texture::Noise => 0.65 * lattice.at(x, y) + 0.35 * lattice.at(2.3 * x, 2.3 * y),
            Texture::Patches => edge(lattice.at(2.0 * x, 2.0 * y) - 0.5),
        }
    }
}

/// Placement of a texture: rotation, number of periods along the side, and shift.
pub(super) struct Lay {
    pub(super) angle: f32,
    pub(super) frequency: f32,
    pub(super) shift: (f32, f32),
}

/// Fills a picture with a texture of two colours.
///
/// Noise of a lower frequency mixes in the third colour with strength `tint`, which breaks the
/// regularity.
pub(super) fn fill(
    pixmap: &mut Pixmap,
    texture: Texture,
    lay: &Lay,
    colours: [Colour; 3],
    tint: f32,
    lattice: &Lattice,
) {
    if matches!(texture, Texture::Flat) && tint == 0.0 {
        let [r, g, b] = colours[0].0;
        return pixmap.fill(Color::from_rgba8(r, g, b, 255));
    }
    let (width, height) = (pixmap.width(), pixmap.height());
    let (sin, cos) = lay.angle.sin_cos();
    let soft = (1.5 * lay.frequency / width as f32).max(1e-3);
    let channels = colours.map(|colour| colour.0.map(f32::from));
    for (y, row) in pixmap.data_mut().chunks_exact_mut(4 * width as usize).enumerate() {
        let v = (y as f32 + 0.5) / height as f32 - 0.5;
        for (x, pixel) in row.chunks_exact_mut(4).enumerate() {
            let u = (x as f32 + 0.5) / width as f32 - 0.5;
            let across = lay.frequency * (cos * u + sin * v) + lay.shift.0;
            let down = lay.frequency * (cos * v - sin * u) + lay.shift.1;
            let t = texture.at(across, down, soft, lattice);
            let third =
                if tint > 0.0 { tint * lattice.at(3.0 * u + 5.0, 3.0 * v + 5.0) } else { 0.0 };
            for c in 0..3 {
                let two = channels[0][c] + t * (channels[1][c] - channels[0][c]);
                pixel[c] = (two + third * (channels[2][c] - two) + 0.5) as u8;
            }
            pixel[3] = 255;
        }
    }
}

/// A paint of a single colour.
pub(super) fn plain(colour: Colour) -> Paint<'static> {
    let [r, g, b] = colour.0;
    let mut paint = Paint::default();
    paint.set_color(Color::from_rgba8(r, g, b, 255));
    paint
}
