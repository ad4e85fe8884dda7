/// Rotation about the centre, and its buffer.
#[derive(Debug, Default)]
pub(crate) struct Rotate {
    /// Pixels as red, green, blue and coverage, with a border of zero coverage.
    padded: Vec<[f32; 4]>,
}

impl Rotate {
    /// Rotates a `[3, size, size]` view counter-clockwise: the pixel at `(x, y)` from the centre is
    /// sampled at `(x cos a - y sin a, x sin a + y cos a)`, where y points down.
    pub(crate) fn run(&mut self, degrees: f32, size: usize, view: &mut [f32]) {
        // One column before the view and two after it.
        self.padded.clear();
        self.padded.resize((size + 3) * (size + 3), [0.0; 4]);
        gather(view, size, &mut self.padded);
        let (sin, cos) = f64::from(degrees).to_radians().sin_cos();
        turn(&self.padded, size, sin as f32, cos as f32, view);
    }
}

simd! {
    fn gather(view: &[f32], size: usize, padded: &mut [[f32; 4]]) {
        let (red, others) = view.split_at(size * size);
        let (green, blue) = others.split_at(size * size);
        for y in 0..size {
            let row = y * size..(y + 1) * size;
            let pixels = red[row.clone()].iter().zip(&green[row.clone()]).zip(&blue[row]);
            let padded = &mut padded[(y + 1) * (size + 3) + 1..][..size];
            for (((red, green), blue), pixel) in pixels.zip(padded) {
                *pixel = [*red, *green, *blue, 1.0];
            }
        }
    }
}

/// Number of pixels of a row processed at a time.
const BLOCK: usize = 64;

simd! {
    fn turn(padded: &[[f32; 4]], size: usize, sin: f32, cos: f32, out: &mut [f32]) {
        let stride = size + 3;
        let middle = (size as f32 - 1.0) / 2.0;
        // The first column of the border after the view; positions beyond it are clamped to it.
        let edge = size as f32 + 1.0;
        let (red, others) = out.split_at_mut(size * size);
        let (green, blue) = others.split_at_mut(size * size);
        let (mut at, mut right, mut below) = ([0u32; BLOCK], [0.0; BLOCK], [0.0; BLOCK]);
        let mut pixels = [[0.0f32; 4]; BLOCK];
        for y in 0..size {
            let down = y as f32 - middle;
            for start in (0..size).step_by(BLOCK) {
            // Sampling positions, vectorised over the pixels.
                let first = start as f32 - middle;
                for i in 0..BLOCK {
                    let across = first + i as u32 as f32;
                    let from_x = within(across * cos - down * sin + middle + 1.0, edge);
                    let from_y = within(across * sin + down * cos + middle + 1.0, edge);
                    let (left, top) = (whole(from_x), whole(from_y));
                    right[i] = from_x - left as f32;
                    below[i] = from_y - top as f32;
                    at[i] = (top as u32).wrapping_mul(stride as u32).wrapping_add(left as u32);
                }
                // Bilinear interpolation, vectorised over the channels.
                let count = BLOCK.min(size - start);
                for i in 0..count {
                    let from = at[i] as usize;
                    let upper = &padded[from..from + 2];
                    let lower = &padded[from + stride..from + stride + 2];
                    let upper = between(upper[0], upper[1], right[i]);
                    let lower = between(lower[0], lower[1], right[i]);
                    pixels[i] = between(upper, lower, below[i]);
                }
                let to = y * size + start..y * size + start + count;
                let planes = red[to.clone()].iter_mut();
                let planes = planes.zip(&mut green[to.clone()]).zip(&mut blue[to]);
                for (((red, green), blue), [r, g, b, presence]) in planes.zip(&pixels) {
                    *red = r * presence;
                    *green = g * presence;
                    *blue = b * presence;
                }
            }
        }
    }
}

#[inline(always)]
fn between(a: [f32; 4], b: [f32; 4], share: f32) -> [f32; 4] {
    std::array::from_fn(|i| a[i] + (b[i] - a[i]) * share)
}

#[inline(always)]
fn within(position: f32, edge: f32) -> f32 {
    let position = if position > 0.0 { position } else { 0.0 };
    if position < edge { position } else { edge }
}

/// The integer part of a position that [`within`] has clamped, in a single instruction.
#[inline(always)]
fn whole(position: f32) -> i32 {
    // SAFETY: the position is between 0 and the side of a view, so it fits an i32. It is not NaN,
    // because comparisons with NaN are false.
    unsafe { position.to_int_unchecked() }
}
