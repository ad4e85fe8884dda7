//! Global average pooling and max pooling.

use burn_flex::FlexTensor;
use rayon::prelude::*;

use super::batch_last::{self, dims};
use super::buffer::Buffer;
use super::geometry::Geometry;
use crate::vectors::vectorised;

/// Images processed at a time: a 512-bit vector register, or several smaller ones.
const LANES: usize = 16;

pub(super) fn mean(x: &FlexTensor) -> FlexTensor {
    let [n, c, h, w] = dims(x);
    let x = batch_last::load(x);
    let x = batch_last::values(&x);
    let share = 1.0 / (h * w) as f32;
    let mut sums = vec![0.0; c * n];
    if !x.is_empty() {
        for (sums, map) in sums.chunks_exact_mut(n).zip(x.chunks_exact(h * w * n)) {
            for place in map.chunks_exact(n) {
                for (sum, value) in sums.iter_mut().zip(place) {
                    *sum += value;
                }
            }
            for sum in sums {
                *sum *= share;
            }
        }
    }
    batch_last::contiguous(sums, [c, n]).transpose(0, 1).to_contiguous()
}

pub(super) fn mean_gradient(gradient: &FlexTensor, input: [usize; 4]) -> FlexTensor {
    let [n, c, h, w] = input;
    let gradient = gradient.transpose(0, 1).to_contiguous();
    let gradient = batch_last::values(&gradient);
    let share = 1.0 / (h * w) as f32;
    let mut dx = Vec::with_capacity(n * c * h * w);
    for channel in gradient.chunks_exact(n.max(1)) {
        for _ in 0..h * w {
            dx.extend(channel.iter().map(|value| value * share));
        }
    }
    batch_last::store(dx, input)
}

/// Max pooling; the maximum of a window with a NaN is NaN.
pub(super) fn max(x: &FlexTensor, geometry: &Geometry) -> FlexTensor {
    let Geometry { n, c_in: c, output: [h, w], .. } = *geometry;
    let x = batch_last::load(x);
    let x = batch_last::values(&x);
    let mut y = Buffer::new(c * h * w * n);
    if y.is_empty() {
        return batch_last::store(y, [n, c, h, w]);
    }
    let windows = Windows::of(geometry);
    let maps = x.par_chunks_exact(x.len() / c);
    y.par_chunks_exact_mut(h * w * n).zip(maps).for_each(|(y, x)| {
        vectorised(
            #[inline(always)]
            || {
                for (output, y) in y.chunks_exact_mut(n).enumerate() {
                    let [first, others @ ..] = windows.at(output) else {
                        unreachable!("a window covers at least one position")
                    };
                    y.copy_from_slice(&x[first * n..][..n]);
                    for position in others {
                        for (y, &x) in y.iter_mut().zip(&x[position * n..][..n]) {
                            *y = if x > *y || x.is_nan() { x } else { *y };
                        }
                    }
                }
            },
        );
    });
    batch_last::store(y, [n, c, h, w])
}

/// Gradient of max pooling: it goes to the first maximum of each window.
pub(super) fn max_gradient(
    x: &FlexTensor,
    y: &FlexTensor,
    gradient: &FlexTensor,
    geometry: &Geometry,
) -> FlexTensor {
    let Geometry { n, c_in: c, input: [h, w], .. } = *geometry;
    let (x, y, gradient) = (batch_last::load(x), batch_last::load(y), batch_last::load(gradient));
    let (x, y, gradient) =
        (batch_last::values(&x), batch_last::values(&y), batch_last::values(&gradient));
    let mut dx = Buffer::zeroed(x.len());
    if dx.is_empty() || y.is_empty() {
        return batch_last::store(dx, [n, c, h, w]);
    }
    let windows = Windows::of(geometry);
    let outputs = y.len() / c;
    let maps = x.par_chunks_exact(h * w * n);
    let above = y.par_chunks_exact(outputs).zip(gradient.par_chunks_exact(outputs));
    dx.par_chunks_exact_mut(h * w * n).zip(maps.zip(above)).for_each(|(dx, (x, (y, gradient)))| {
        vectorised(
            #[inline(always)]
            || {
                let rows = y.chunks_exact(n).zip(gradient.chunks_exact(n));
                for (output, (y, gradient)) in rows.enumerate() {
                    let window = windows.at(output);
                    let (y, y_rest) = y.as_chunks::<LANES>();
                    let (gradient, gradient_rest) = gradient.as_chunks::<LANES>();
                    for (index, (y, gradient)) in y.iter().zip(gradient).enumerate() {
                        let mut open = *gradient;
                        for place in window {
                            let start = place * n + index * LANES;
                            let x: &[f32; LANES] =
                                x[start..start + LANES].try_into().expect("as many lanes");
                            let dx: &mut [f32; LANES] =
                                (&mut dx[start..start + LANES]).try_into().expect("as many lanes");
                            for i in 0..LANES {
                                pass(&mut open[i], x[i], y[i], &mut dx[i]);
                            }
                        }
                    }
                    let first = n - y_rest.len();
                    for (i, (&y, &gradient)) in y_rest.iter().zip(gradient_rest).enumerate() {
                        let mut open = gradient;
                        for place in window {
                            let at = place * n + first + i;
                            pass(&mut open, x[at], y, &mut dx[at]);
                        }
                    }
                }
            },
        );
    });
    batch_last::store(dx, [n, c, h, w])
}

/// Adds the gradient `open` of a window to an input that is its maximum `y`; it is then used up.
#[inline(always)]
fn pass(open: &mut f32, x: f32, y: f32, dx: &mut f32) {
    let here = x == y || x.is_nan();
    *dx += if here { *open } else { 0.0 };
    *open = if here { 0.0 } else { *open };
}

/// The positions inside the input that the window of each output covers, in row-major order.
struct Windows {
    positions: Vec<usize>,
    /// End of the positions of each output.
    ends: Vec<usize>,
}

impl Windows {
    fn of(geometry: &Geometry) -> Self {
        let (mut positions, mut ends) = (Vec::new(), Vec::new());
        for output in 0..geometry.positions() {
            positions.extend((0..geometry.taps()).filter_map(|tap| geometry.reads(output, tap)));
            ends.push(positions.len());
        }
        Self { positions, ends }
    }

    fn at(&self, output: usize) -> &[usize] {
        let start = output.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.positions[start..self.ends[output]]
    }
}
