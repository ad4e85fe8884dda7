//! Convolution as one matrix product per output position and kernel tap: `y_p = Σ_t W_t · x_q`,
//! where `q` is the input position that tap `t` reads for output position `p`, and a position
//! holds `[channels, n]`.
//!
//! There is no im2col matrix, and padding costs nothing: with a 3×3 kernel on a 2×2 feature map
//! only 16 of 36 products are computed.

use std::ops::Range;

use rayon::prelude::*;

use super::geometry::Geometry;
use super::grid::PIECES;
use super::matmul::{Matrix, Target, copy, matmul};

/// Minimum numbers of channels and images for which the products are large enough.
const LEAST: usize = 16;

/// Whether the products are large enough for this algorithm.
pub(super) fn suits(geometry: &Geometry) -> bool {
    geometry.n.min(geometry.c_in).min(geometry.c_out) >= LEAST
}

/// `y` of `[c_out, h', w', n]`.
pub(super) fn forward(x: &[f32], weight: &[f32], geometry: &Geometry) -> Vec<f32> {
    let Geometry { n, c_in, c_out, .. } = *geometry;
    let (inputs, outputs) = (places(geometry.input), geometry.positions());
    let filters = planes(weight, geometry);
    let mut y = vec![0.0; c_out * outputs * n];
    let target = Target::new(&mut y, outputs * n);
    pieces(outputs, c_out).into_par_iter().for_each(|(p, rows)| {
        let mut begun = false;
        for (tap, q) in (0..geometry.taps()).filter_map(|tap| Some((tap, geometry.reads(p, tap)?)))
        {
            let filters = plane(&filters, tap, [c_out, c_in]).part(rows.clone(), 0..c_in);
            let x = place(x, q, inputs, [c_in, n]);
            // SAFETY: the tasks write disjoint parts.
            unsafe { matmul(target.at(rows.start, p * n), filters, x, begun) };
            begun = true;
        }
    });
    y
}

/// `∂x_q = Σ W_tᵀ · ∂y_p` over the outputs and taps that read `q`.
pub(super) fn input_gradient(gradient: &[f32], weight: &[f32], geometry: &Geometry) -> Vec<f32> {
    let Geometry { n, c_in, c_out, .. } = *geometry;
    let (inputs, outputs) = (places(geometry.input), geometry.positions());
    let size = c_out * c_in;
    let mut filters = vec![0.0; geometry.taps() * size];
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
    let mut dx = vec![0.0; c_in * inputs * n];
    let target = Target::new(&mut dx, inputs * n);
    pieces(inputs, c_in).into_par_iter().for_each(|(q, rows)| {
        for (index, &(p, tap)) in readers[q].iter().enumerate() {
            let filters = plane(&filters, tap, [c_in, c_out]).part(rows.clone(), 0..c_out);
            let gradient = place(gradient, p, outputs, [c_out, n]);
            // SAFETY: the tasks write disjoint parts.
            unsafe { matmul(target.at(rows.start, q * n), filters, gradient, index > 0) };
        }
    });
    dx
}

/// `∂W_t = Σ_p ∂y_p · x_qᵀ`, as `[c_out, c_in, k_h, k_w]`.
pub(super) fn weight_gradient(x: &[f32], gradient: &[f32], geometry: &Geometry) -> Vec<f32> {
    let Geometry { n, c_in, c_out, .. } = *geometry;
    let (inputs, outputs, taps) = (places(geometry.input), geometry.positions(), geometry.taps());
    let mut dw = vec![0.0; taps * c_out * c_in];
    let target = Target::new(&mut dw, c_in);
    pieces(taps, c_out).into_par_iter().for_each(|(tap, rows)| {
        let mut begun = false;
        for (p, q) in (0..outputs).filter_map(|p| Some((p, geometry.reads(p, tap)?))) {
            let gradient = place(gradient, p, outputs, [c_out, n]).part(rows.clone(), 0..n);
            let x = place(x, q, inputs, [c_in, n]).transposed();
            // SAFETY: the tasks write disjoint parts.
            unsafe { matmul(target.at(tap * c_out + rows.start, 0), gradient, x, begun) };
            begun = true;
        }
    });
    if taps == 1 {
        return dw;
    }
    let mut interleaved = vec![0.0; dw.len()];
    let row = taps * c_in;
    interleaved.par_chunks_exact_mut(row).enumerate().for_each(|(filter, out)| {
        for tap in 0..taps {
            let plane = &dw[(tap * c_out + filter) * c_in..][..c_in];
            for (out, &value) in out[tap..].iter_mut().step_by(taps).zip(plane) {
                *out = value;
            }
        }
    });
    interleaved
}

/// The filters with the taps outermost, `[taps, c_out, c_in]`.
fn planes(weight: &[f32], geometry: &Geometry) -> Vec<f32> {
    let Geometry { c_in, c_out, .. } = *geometry;
    let taps = geometry.taps();
    let mut planes = vec![0.0; weight.len()];
    let target = Target::new(&mut planes, c_in);
    weight.par_chunks_exact(c_in * taps).enumerate().for_each(|(filter, weight)| {
        for tap in 0..taps {
            // SAFETY: each row of the result is written by one thread.
            let out = unsafe { target.row(tap * c_out + filter, c_in) };
            for (out, &value) in out.iter_mut().zip(weight[tap..].iter().step_by(taps)) {
                *out = value;
            }
        }
    });
    planes
}

fn plane(planes: &[f32], tap: usize, [rows, columns]: [usize; 2]) -> Matrix<'_> {
    let size = rows * columns;
    Matrix::new(&planes[tap * size..][..size], [rows, columns], [columns, 1])
}

/// The matrix `[channels, n]` at one position of a feature map.
fn place(maps: &[f32], at: usize, places: usize, [channels, n]: [usize; 2]) -> Matrix<'_> {
    Matrix::new(&maps[at * n..], [channels, n], [places * n, 1])
}

fn places([h, w]: [usize; 2]) -> usize {
    h * w
}

/// Tasks over positions and blocks of rows.
fn pieces(places: usize, rows: usize) -> Vec<(usize, Range<usize>)> {
    let blocks = (2 * PIECES).div_ceil(places.max(1));
    let block = rows.div_ceil(blocks).next_multiple_of(LEAST).max(1);
    (0..places)
        .flat_map(|place| {
            (0..rows).step_by(block).map(move |row| (place, row..(row + block).min(rows)))
        })
        .collect()
}
