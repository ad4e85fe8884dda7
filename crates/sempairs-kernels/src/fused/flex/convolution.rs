//! Convolution, with the algorithm selected by its sizes.
//!
//! Convolutions that suit neither [`winograd`] nor [`taps`], such as the first layer of a network
//! with its three channels, are a matrix product over an im2col matrix, `y = W · unroll(x)`
//! (Chellapilla et al. 2006). A small im2col matrix is stored whole, a larger one in tiles that fit
//! a core's cache.

use std::cell::RefCell;
use std::ops::Range;

use burn_flex::FlexTensor;
use rayon::prelude::*;

use super::batch_last::{contiguous, load, store, values};
use super::buffer::Buffer;
use super::geometry::Geometry;
use super::grid::{PIECES, parallel_matmul};
use super::matmul::{Matrix, Target, matmul};
use super::unroll::{roll, unroll};
use super::{taps, winograd};

/// Maximum floats of an im2col matrix that is stored whole: 16 MiB, which fits a last-level cache.
const WHOLE: usize = 1 << 22;

/// Maximum floats of a tile of an im2col matrix: 1 MiB, the size of an L2 cache.
const TILE: usize = 1 << 18;

/// Minimum columns of a tile, so that a product amortises packing the weights.
const NARROWEST: usize = 256;

thread_local! {
    /// The tile of a thread.
    static COLUMNS: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
}

/// `y = W · unroll(x)`.
pub(super) fn forward(x: &FlexTensor, weight: &FlexTensor, geometry: Geometry) -> FlexTensor {
    let (x, weight) = (load(x), weight.to_contiguous());
    let (x, weight) = (values(&x), values(&weight));
    let Geometry { n, c_out, .. } = geometry;
    let (rows, width) = (geometry.rows(), geometry.columns());
    let filters = Matrix::new(weight, [c_out, rows], [rows, 1]);

    let y = if geometry.is_pointwise() {
        parallel_matmul(filters, Matrix::new(x, [rows, width], [width, 1]))
    } else if winograd::suits(&geometry) {
        winograd::forward(x, weight, &geometry)
    } else if taps::suits(&geometry) {
        taps::forward(x, weight, &geometry)
    } else if rows * width <= WHOLE {
        let columns = unrolled(x, &geometry);
        parallel_matmul(filters, Matrix::new(&columns, [rows, width], [width, 1]))
    } else {
        let mut y = Buffer::new(c_out * width);
        let target = Target::new(&mut y, width);
        tiles(&geometry, rows).into_par_iter().for_each(|tile| {
            let start = tile.start * n;
            let size = tile.len() * n;
            scratch(rows * size, |columns| {
                unroll(x, &geometry, tile, columns);
                let columns = Matrix::new(columns, [rows, size], [size, 1]);
                // SAFETY: `y` outlives the loop, and the tiles are disjoint.
                unsafe { matmul(target.at(0, start), filters, columns, false) };
            });
        });
        y
    };
    store(y, [n, c_out, geometry.output[0], geometry.output[1]])
}

/// `∂x = roll(Wᵀ · ∂y)`.
pub(super) fn input_gradient(
    weight: &FlexTensor,
    gradient: &FlexTensor,
    geometry: Geometry,
) -> FlexTensor {
    let (weight, gradient) = (weight.to_contiguous(), load(gradient));
    let (weight, gradient) = (values(&weight), values(&gradient));
    let Geometry { n, c_in, input: [h, w], c_out, .. } = geometry;
    let (rows, width, taps) = (geometry.rows(), geometry.columns(), geometry.taps());
    let filters = Matrix::new(weight, [c_out, rows], [rows, 1]).transposed();
    let values = gradient;
    let gradient = Matrix::new(values, [c_out, width], [width, 1]);

    let dx = if geometry.is_pointwise() {
        parallel_matmul(filters, gradient)
    } else if winograd::suits(&geometry) {
        winograd::input_gradient(values, weight, &geometry)
    } else if taps::suits(&geometry) {
        taps::input_gradient(values, weight, &geometry)
    } else {
        let mut dx = Buffer::zeroed(c_in * h * w * n);
        if rows * width == 0 || dx.is_empty() {
            return store(dx, [n, c_in, h, w]);
        }
        let whole = (rows * width <= WHOLE).then(|| parallel_matmul(filters, gradient));
        let block = channel_block(c_in);
        dx.par_chunks_mut(block * h * w * n).enumerate().for_each(|(index, dx)| {
            let channels = index * block..(index * block + block).min(c_in);
            let rows = channels.start * taps..channels.end * taps;
            if let Some(columns) = &whole {
                let columns = &columns[rows.start * width..rows.end * width];
                return roll(columns, &geometry, 0..geometry.positions(), dx);
            }
            for tile in tiles(&geometry, rows.len()) {
                let part = tile.start * n..tile.end * n;
                scratch(rows.len() * part.len(), |columns| {
                    let target = Target::new(columns, part.len());
                    let filters = filters.part(rows.clone(), 0..c_out);
                    let gradient = gradient.part(0..c_out, part.clone());
                    // SAFETY: `columns` is private to this thread.
                    unsafe { matmul(target, filters, gradient, false) };
                    roll(columns, &geometry, tile.clone(), dx);
                });
            }
        });
        dx
    };
    store(dx, [n, c_in, h, w])
}

/// `∂W = ∂y · unroll(x)ᵀ`.
pub(super) fn weight_gradient(
    x: &FlexTensor,
    gradient: &FlexTensor,
    geometry: Geometry,
) -> FlexTensor {
    let (x, gradient) = (load(x), load(gradient));
    let (x, gradient) = (values(&x), values(&gradient));
    let Geometry { c_in, c_out, kernel: [k_h, k_w], .. } = geometry;
    let (rows, width) = (geometry.rows(), geometry.columns());
    let values = gradient;
    let gradient = Matrix::new(values, [c_out, width], [width, 1]);

    let dw = if geometry.is_pointwise() {
        let columns = Matrix::new(x, [rows, width], [width, 1]);
        parallel_matmul(gradient, columns.transposed())
    } else if winograd::suits(&geometry) {
        winograd::weight_gradient(x, values, &geometry)
    } else if taps::suits(&geometry) {
        taps::weight_gradient(x, values, &geometry)
    } else if rows * width <= WHOLE {
        let columns = unrolled(x, &geometry);
        let columns = Matrix::new(&columns, [rows, width], [width, 1]);
        parallel_matmul(gradient, columns.transposed())
    } else {
        tiled_weight_gradient(x, gradient, &geometry)
    };
    contiguous(dw, [c_out, c_in, k_h, k_w])
}

/// Weight gradient by tiles. A task computes some output channels over some tiles; the results are
/// added in a fixed order.
fn tiled_weight_gradient(x: &[f32], gradient: Matrix, geometry: &Geometry) -> Buffer {
    let Geometry { n, c_in, input: [h, w], c_out, .. } = *geometry;
    let (rows, taps) = (geometry.rows(), geometry.taps());
    let block = channel_block(c_in);
    let blocks = c_in.div_ceil(block);
    let tiles = tiles(geometry, block.min(c_in) * taps);
    let run = tiles.len().div_ceil(PIECES.div_ceil(blocks));
    let pieces: Vec<(usize, &[Range<usize>])> = (0..blocks)
        .flat_map(|index| tiles.chunks(run).map(move |tiles| (index * block, tiles)))
        .collect();

    let parts: Vec<(usize, Buffer)> = pieces
        .into_par_iter()
        .map(|(first, tiles)| {
            let channels = first..(first + block).min(c_in);
            let x = &x[channels.start * h * w * n..channels.end * h * w * n];
            let rows = channels.len() * taps;
            let mut part = Buffer::new(c_out * rows);
            for (index, tile) in tiles.iter().enumerate() {
                let size = tile.len() * n;
                scratch(rows * size, |columns| {
                    unroll(x, geometry, tile.clone(), columns);
                    let columns = Matrix::new(columns, [rows, size], [size, 1]).transposed();
                    let gradient = gradient.part(0..c_out, tile.start * n..tile.end * n);
                    let target = Target::new(&mut part, rows);
                    // SAFETY: `part` is private to this task.
                    unsafe { matmul(target, gradient, columns, index > 0) };
                });
            }
            (channels.start * taps, part)
        })
        .collect();

    let mut dw = Buffer::zeroed(c_out * rows);
    dw.par_chunks_exact_mut(rows).enumerate().for_each(|(filter, dw)| {
        for (first, part) in &parts {
            let width = part.len() / c_out;
            for (dw, part) in dw[*first..].iter_mut().zip(&part[filter * width..][..width]) {
                *dw += part;
            }
        }
    });
    dw
}

/// The whole im2col matrix.
fn unrolled(x: &[f32], geometry: &Geometry) -> Buffer {
    let Geometry { n, c_in, input: [h, w], .. } = *geometry;
    let (width, taps) = (geometry.columns(), geometry.taps());
    let mut columns = Buffer::new(geometry.rows() * width);
    if columns.is_empty() {
        return columns;
    }
    if x.is_empty() {
        // All of it is padding.
        columns.fill(0.0);
        return columns;
    }
    let block = channel_block(c_in);
    columns
        .par_chunks_mut(block * taps * width)
        .zip(x.par_chunks(block * h * w * n))
        .for_each(|(columns, x)| unroll(x, geometry, 0..geometry.positions(), columns));
    columns
}

/// Channels per task.
fn channel_block(channels: usize) -> usize {
    channels.div_ceil(PIECES).next_multiple_of(8)
}

/// Ranges of output positions whose im2col columns, of `rows` floats each, form a tile.
fn tiles(geometry: &Geometry, rows: usize) -> Vec<Range<usize>> {
    let columns = (TILE / rows.max(1)).max(NARROWEST);
    let (positions, size) = (geometry.positions(), (columns / geometry.n.max(1)).max(1));
    (0..positions).step_by(size).map(|start| start..(start + size).min(positions)).collect()
}

/// Calls a closure with the buffer of this thread.
fn scratch(length: usize, work: impl FnOnce(&mut [f32])) {
    COLUMNS.with_borrow_mut(|columns| {
        if columns.len() < length {
            columns.resize(length, 0.0);
        }
        work(&mut columns[..length]);
    });
}
