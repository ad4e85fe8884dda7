//! Convolution as one matrix product per output position and kernel tap: `y_p = Σ_t W_t · x_q`,
//! where `q` is the input position that tap `t` reads for output position `p`, and a position
//! holds `[channels, n]`.
//!
//! There is no im2col matrix, and padding costs nothing: with a 3×3 kernel on a 2×2 feature map
//! only 16 of 36 products are computed.

use std::ops::Range;

use rayon::prelude::*;

use super::buffer::Buffer;
use super::geometry::Geometry;
use super::grid::TASKS;
use super::matmul::{
    Matrix, ROWS, Right, Target, copy, matmul, multiply_packed, pack_right, width,
};

/// Minimum numbers of channels and images for which the products are large enough.
const LEAST: usize = 16;

/// Channels of a cache line. The planes of the taps are often a power of two apart, so that their
/// lines compete for the same places of a cache: each is read or written whole at once.
const LINE: usize = 16;

/// Whether the products are large enough for this algorithm.
pub(super) fn suits(geometry: &Geometry) -> bool {
    geometry.n.min(geometry.c_in).min(geometry.c_out) >= LEAST
}

/// `y` of `[c_out, h', w', n]`.
pub(super) fn forward(x: &[f32], weight: &[f32], geometry: &Geometry) -> Buffer {
    let Geometry { n, c_in, c_out, .. } = *geometry;
    let outputs = geometry.positions();
    let filters = planes(weight, geometry);
    let x = Panels::of(x, [c_in, places(geometry.input), n]);
    let mut y = Buffer::new(c_out * outputs * n);
    let target = Target::new(&mut y, outputs * n);
    pieces(outputs, c_out).into_par_iter().with_max_len(1).for_each(|(p, rows)| {
        let taps = (0..geometry.taps()).filter_map(|tap| Some((tap, geometry.reads(p, tap)?)));
        let factors = taps.map(|(tap, q)| (plane(&filters, tap, [c_out, c_in]), q));
        // SAFETY: `y` outlives the loop, and the tasks write disjoint parts.
        unsafe { x.sum_of_products(target.at(rows.start, p * n), rows, factors) };
    });
    y
}

/// `∂x_q = Σ W_tᵀ · ∂y_p` over the outputs and taps that read `q`.
pub(super) fn input_gradient(gradient: &[f32], weight: &[f32], geometry: &Geometry) -> Buffer {
    let Geometry { n, c_in, c_out, .. } = *geometry;
    let (inputs, outputs) = (places(geometry.input), geometry.positions());
    let size = c_out * c_in;
    let mut filters = Buffer::new(geometry.taps() * size);
    let untransposed = planes(weight, geometry);
    filters.par_chunks_exact_mut(size).enumerate().for_each(|(tap, out)| {
        copy(plane(&untransposed, tap, [c_out, c_in]).transposed(), out);
    });
    let mut readers = vec![Vec::new(); inputs];
    for p in 0..outputs {
        for tap in 0..geometry.taps() {
            if let Some(q) = geometry.reads(p, tap) {
                readers[q].push((p, tap));
            }
        }
    }
    let gradient = Panels::of(gradient, [c_out, outputs, n]);
    let mut dx = Buffer::new(c_in * inputs * n);
    let target = Target::new(&mut dx, inputs * n);
    pieces(inputs, c_in).into_par_iter().with_max_len(1).for_each(|(q, rows)| {
        let factors = readers[q].iter().map(|&(p, tap)| (plane(&filters, tap, [c_in, c_out]), p));
        // SAFETY: `dx` outlives the loop, and the tasks write disjoint parts.
        unsafe { gradient.sum_of_products(target.at(rows.start, q * n), rows, factors) };
    });
    dx
}

/// `∂W_t = Σ_p ∂y_p · x_qᵀ`, as `[c_out, c_in, k_h, k_w]`.
pub(super) fn weight_gradient(x: &[f32], gradient: &[f32], geometry: &Geometry) -> Buffer {
    let Geometry { n, c_in, c_out, .. } = *geometry;
    let (inputs, outputs, taps) = (places(geometry.input), geometry.positions(), geometry.taps());
    let gradient = Matrix::new(gradient, [c_out, outputs * n], [outputs * n, 1]);
    let transposed = transposed_places(x, [c_in, inputs, n]);
    let x = Matrix::new(&transposed, [inputs * n, c_in], [c_in, 1]);
    let mut dw = Buffer::new(taps * c_out * c_in);
    let target = Target::new(&mut dw, c_in);
    pieces(taps, c_out).into_par_iter().with_max_len(1).for_each(|(tap, rows)| {
        let target = target.at(tap * c_out + rows.start, 0);
        let mut begun = false;
        for (p, q) in runs(geometry, tap) {
            let gradient = gradient.part(rows.clone(), p.start * n..p.end * n);
            let x = x.part(q * n..(q + p.len()) * n, 0..c_in);
            // SAFETY: `dw` outlives the loop, and the tasks write disjoint parts.
            unsafe { matmul(target, gradient, x, begun) };
            begun = true;
        }
        if !begun {
            // SAFETY: as above.
            unsafe { target.fill(rows.len(), c_in) };
        }
    });
    if taps == 1 {
        return dw;
    }
    let mut interleaved = Buffer::new(dw.len());
    interleaved.par_chunks_exact_mut(taps * c_in).enumerate().for_each(|(filter, out)| {
        for first in (0..c_in).step_by(LINE) {
            let channels = first..(first + LINE).min(c_in);
            for tap in 0..taps {
                let plane = &dw[(tap * c_out + filter) * c_in..][channels.clone()];
                for (channel, &value) in channels.clone().zip(plane) {
                    out[channel * taps + tap] = value;
                }
            }
        }
    });
    interleaved
}

/// A feature map with the matrix `[channels, n]` of each position packed for the right side of a
/// product, once for all taps.
struct Panels {
    values: Buffer,
    channels: usize,
    n: usize,
    width: usize,
}

impl Panels {
    fn of(maps: &[f32], [channels, places, n]: [usize; 3]) -> Self {
        let width = width();
        let size = Right::size([channels, n], width);
        let mut values = Buffer::new(places * size);
        values.par_chunks_exact_mut(size).enumerate().for_each(|(at, panels)| {
            let place = Matrix::new(&maps[at * n..], [channels, n], [places * n, 1]);
            // SAFETY: the panels belong to this position.
            unsafe { pack_right(place, 0..n, width, Target::new(panels, size)) };
        });
        Self { values, channels, n, width }
    }

    /// Writes some rows of the sum of the products of matrices with positions of the feature map;
    /// zeros if there are none.
    ///
    /// # Safety
    /// The buffer of `target` is alive, and nothing else uses its first `rows` and `n` columns.
    unsafe fn sum_of_products<'a>(
        &self,
        target: Target,
        rows: Range<usize>,
        factors: impl Iterator<Item = (Matrix<'a>, usize)>,
    ) {
        let size = Right::size([self.channels, self.n], self.width);
        let mut begun = false;
        for (filters, at) in factors {
            let panels = &self.values[at * size..][..size];
            let panels = Right::new(panels, [self.channels, self.n], self.width);
            let filters = filters.part(rows.clone(), 0..self.channels);
            // SAFETY: by the contract of this function.
            unsafe { multiply_packed(target, filters, None, panels, 0..self.n, begun) };
            begun = true;
        }
        if !begun {
            // SAFETY: by the contract of this function.
            unsafe { target.fill(rows.len(), self.n) };
        }
    }
}

/// The positions of a feature map transposed, `[places, n, channels]`.
fn transposed_places(maps: &[f32], [channels, places, n]: [usize; 3]) -> Buffer {
    let mut transposed = Buffer::new(maps.len());
    transposed.par_chunks_exact_mut(n * channels).enumerate().for_each(|(at, out)| {
        let place = Matrix::new(&maps[at * n..], [channels, n], [places * n, 1]);
        copy(place.transposed(), out);
    });
    transposed
}

/// Runs of consecutive output positions for which a tap reads consecutive input positions: the
/// outputs and the first input.
fn runs(geometry: &Geometry, tap: usize) -> Vec<(Range<usize>, usize)> {
    let mut runs: Vec<(Range<usize>, usize)> = Vec::new();
    for p in 0..geometry.positions() {
        let Some(q) = geometry.reads(p, tap) else { continue };
        match runs.last_mut() {
            Some((outputs, first)) if outputs.end == p && *first + outputs.len() == q => {
                outputs.end = p + 1;
            }
            _ => runs.push((p..p + 1, q)),
        }
    }
    runs
}

/// The filters with the taps outermost, `[taps, c_out, c_in]`.
fn planes(weight: &[f32], geometry: &Geometry) -> Buffer {
    let Geometry { c_in, c_out, .. } = *geometry;
    let taps = geometry.taps();
    let mut planes = Buffer::new(weight.len());
    let target = Target::new(&mut planes, c_in);
    weight.par_chunks_exact(c_in * taps).enumerate().for_each(|(filter, weight)| {
        for first in (0..c_in).step_by(LINE) {
            let channels = first..(first + LINE).min(c_in);
            for tap in 0..taps {
                // SAFETY: each row of the result is written by one thread.
                let plane = unsafe { target.row(tap * c_out + filter, c_in) };
                for channel in channels.clone() {
                    plane[channel] = weight[channel * taps + tap];
                }
            }
        }
    });
    planes
}

fn plane(planes: &[f32], tap: usize, [rows, columns]: [usize; 2]) -> Matrix<'_> {
    let size = rows * columns;
    Matrix::new(&planes[tap * size..][..size], [rows, columns], [columns, 1])
}

fn places([h, w]: [usize; 2]) -> usize {
    h * w
}

/// Tasks over positions and blocks of rows.
fn pieces(places: usize, rows: usize) -> Vec<(usize, Range<usize>)> {
    let blocks = (TASKS * rayon::current_num_threads()).div_ceil(places.max(1));
    let block = rows.div_ceil(blocks).next_multiple_of(ROWS).max(8 * ROWS);
    (0..places)
        .flat_map(|place| {
            (0..rows).step_by(block).map(move |row| (place, row..(row + block).min(rows)))
        })
        .collect()
}
