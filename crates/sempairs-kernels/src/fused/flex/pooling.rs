//! Global average pooling and max pooling.

use burn_flex::FlexTensor;
use pulp::Arch;
use rayon::prelude::*;

use super::batch_last::{self, dims};
use super::geometry::Geometry;

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
    let mut y = vec![0.0; c * h * w * n];
    if y.is_empty() {
        return batch_last::store(y, [n, c, h, w]);
    }
    let maps = x.par_chunks_exact(x.len() / c);
    y.par_chunks_exact_mut(h * w * n).zip(maps).for_each(|(y, x)| {
        Arch::new().dispatch(
            #[inline(always)]
            || {
                for (output, y) in y.chunks_exact_mut(n).enumerate() {
                    let mut positions = windows(geometry, output);
                    let first = positions.next().expect("a window covers at least one position");
                    y.copy_from_slice(&x[first * n..][..n]);
                    for position in positions {
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
    let mut dx = vec![0.0; x.len()];
    if dx.is_empty() || y.is_empty() {
        return batch_last::store(dx, [n, c, h, w]);
    }
    let outputs = y.len() / c;
    let maps = x.par_chunks_exact(h * w * n);
    let above = y.par_chunks_exact(outputs).zip(gradient.par_chunks_exact(outputs));
    dx.par_chunks_exact_mut(h * w * n).zip(maps.zip(above)).for_each(|(dx, (x, (y, gradient)))| {
        Arch::new().dispatch(
            #[inline(always)]
            || {
                let rows = y.chunks_exact(n).zip(gradient.chunks_exact(n));
                for (output, (y, gradient)) in rows.enumerate() {
                    for start in (0..n).step_by(LANES) {
                        let size = LANES.min(n - start);
                        if size == LANES {
                            // A constant length, for vectorisation.
                            add_to_maxima(geometry, output, start, LANES, x, y, gradient, dx);
                        } else {
                            add_to_maxima(geometry, output, start, size, x, y, gradient, dx);
                        }
                    }
                }
            },
        );
    });
    batch_last::store(dx, [n, c, h, w])
}

/// Adds the output gradient of some images to the positions of the maxima.
#[inline(always)]
#[allow(clippy::too_many_arguments, reason = "the body of a loop")]
fn add_to_maxima(
    geometry: &Geometry,
    output: usize,
    start: usize,
    size: usize,
    x: &[f32],
    y: &[f32],
    gradient: &[f32],
    dx: &mut [f32],
) {
    let n = geometry.n;
    let (y, gradient) = (&y[start..start + size], &gradient[start..start + size]);
    let mut open = [0.0; LANES];
    open[..size].copy_from_slice(gradient);
    for place in windows(geometry, output) {
        let part = place * n + start..place * n + start + size;
        let (x, dx) = (&x[part.clone()], &mut dx[part]);
        for i in 0..size {
            let here = x[i] == y[i] || x[i].is_nan();
            dx[i] += if here { open[i] } else { 0.0 };
            open[i] = if here { 0.0 } else { open[i] };
        }
    }
}

/// The positions inside the input that the window of an output covers, in row-major order.
#[inline(always)]
fn windows(geometry: &Geometry, output: usize) -> impl Iterator<Item = usize> {
    (0..geometry.taps()).filter_map(move |tap| geometry.reads(output, tap))
}
