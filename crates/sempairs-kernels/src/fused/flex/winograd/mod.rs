//! Convolution with 3×3 filters, stride 1 and padding 1, by Winograd's minimal algorithm
//! F(2×2, 3×3) (Lavin and Gray 2016, arXiv 1509.09308): 16 products instead of
//! 36.
//!
//! A tile of 2×2 outputs `Y` comes from 4×4 inputs `D` and a filter `g`:
//! `Y = Aᵀ[(G g Gᵀ) ⊙ (Bᵀ D B)]A`. The sum over channels turns each of the 16 products into
//! one of matrices, `M = U · V` with `U` of shape `[c_out, c_in]` and `V` of shape
//! `[c_in, tiles · n]`. The gradient of the filter is the transpose,
//! `∂g = Gᵀ[(A ∂Y Aᵀ) ⊙ (Bᵀ D B)]G`, summed over tiles and images.
//!
//! A block of columns passes all three stages while it is in the cache of a core. With more
//! channels than fit there, the transforms cost as much as the saved products.

mod filters;
mod part;
mod transform;

use std::cell::RefCell;
use std::ops::Range;

use rayon::prelude::*;

use super::buffer::Buffer;
use super::geometry::Geometry;
use super::grid::PIECES;
use super::matmul::{Matrix, Target, matmul};
use filters::{filter_gradient, filters, transposed};
use part::Part;
use transform::POINTS;

/// Columns of a block: with AVX-512 a panel of the matrix product, which then needs no packing.
const WIDTH: usize = 64;

/// Maximum floats of the transformed inputs and outputs of a block, to fit an L2 cache of 1 MiB.
const BLOCK: usize = 1 << 18;

/// Minimum numbers of channels and images that amortise the transforms.
const LEAST: usize = 16;

thread_local! {
    /// Transformed inputs and outputs of a thread.
    static BLOCKS: RefCell<[Vec<f32>; 2]> = const { RefCell::new([Vec::new(), Vec::new()]) };
}

/// Whether the algorithm applies and is worthwhile. On feature maps of at most 2×2 it saves
/// nothing, because most of the 36 products are with the padding.
pub(super) fn suits(geometry: &Geometry) -> bool {
    let Geometry { n, c_in, input: [h, w], c_out, kernel, stride, padding, .. } = *geometry;
    kernel == [3, 3]
        && stride == [1, 1]
        && padding == [1, 1]
        && n.min(c_in).min(c_out) >= LEAST
        && POINTS * (c_in + c_out) * WIDTH <= BLOCK
        && h.min(w) >= 3
}

/// `y` of `[c_out, h, w, n]` from `x` of `[c_in, h, w, n]`.
pub(super) fn forward(x: &[f32], weight: &[f32], geometry: &Geometry) -> Buffer {
    let Geometry { c_in, c_out, .. } = *geometry;
    convolve(x, &filters(weight, [c_out, c_in]), [c_out, c_in], geometry)
}

/// `∂x`: the convolution of the gradient with the filters rotated by 180 degrees and
/// input and output channels exchanged.
pub(super) fn input_gradient(gradient: &[f32], weight: &[f32], geometry: &Geometry) -> Buffer {
    let Geometry { c_in, c_out, .. } = *geometry;
    let filters = transposed(&filters(weight, [c_out, c_in]), [c_out, c_in]);
    convolve(gradient, &filters, [c_in, c_out], geometry)
}

/// `∂weight`, `[c_out, c_in, 3, 3]`: `Σ (A ∂Y Aᵀ)(Bᵀ D B)ᵀ`, as partial sums over some blocks each
/// that are added in a fixed order.
pub(super) fn weight_gradient(x: &[f32], gradient: &[f32], geometry: &Geometry) -> Buffer {
    let Geometry { c_in, c_out, .. } = *geometry;
    let size = c_out * c_in;
    let blocks = blocks(geometry);
    let pieces: Vec<Buffer> = blocks
        .par_chunks(blocks.len().div_ceil(PIECES).max(1))
        .map(|blocks| {
            let mut du = Buffer::new(POINTS * size);
            for (index, block) in blocks.iter().enumerate() {
                let part = Part::new(geometry, block.clone());
                let wide = part.wide();
                scratch([POINTS * c_in * wide, POINTS * c_out * wide], |v, m| {
                    // SAFETY: both buffers are private to this thread.
                    unsafe { part.inputs(x, c_in, Target::new(v, wide)) };
                    // SAFETY: as above.
                    unsafe { part.gradients(gradient, c_out, Target::new(m, wide)) };
                    for (point, du) in du.chunks_exact_mut(size).enumerate() {
                        let m = matrix(m, point, [c_out, wide]);
                        let v = matrix(v, point, [c_in, wide]).transposed();
                        // SAFETY: `du` is private to this task.
                        unsafe { matmul(Target::new(du, c_in), m, v, index > 0) };
                    }
                });
            }
            du
        })
        .collect();
    let mut pieces = pieces.into_iter();
    let mut du = pieces.next().unwrap_or_else(|| Buffer::zeroed(POINTS * size));
    for piece in pieces {
        du.par_chunks_mut(size).zip(piece.par_chunks(size)).for_each(|(du, piece)| {
            for (du, piece) in du.iter_mut().zip(piece) {
                *du += piece;
            }
        });
    }
    filter_gradient(&du, size)
}

/// The convolution of `x` with transformed filters, `[16, c_out, c_in]`.
fn convolve(x: &[f32], filters: &[f32], [c_out, c_in]: [usize; 2], geometry: &Geometry) -> Buffer {
    let map = geometry.columns();
    let mut y = Buffer::new(c_out * map);
    let target = Target::new(&mut y, map);
    blocks(geometry).into_par_iter().for_each(|block| {
        let part = Part::new(geometry, block);
        let wide = part.wide();
        scratch([POINTS * c_in * wide, POINTS * c_out * wide], |v, m| {
            // SAFETY: the buffer is private to this thread.
            unsafe { part.inputs(x, c_in, Target::new(v, wide)) };
            for point in 0..POINTS {
                let u = matrix(filters, point, [c_out, c_in]);
                let v = matrix(v, point, [c_in, wide]);
                let m = Target::new(&mut m[point * c_out * wide..], wide);
                // SAFETY: as above.
                unsafe { matmul(m, u, v, false) };
            }
            // SAFETY: the columns of `y` of different blocks are disjoint.
            unsafe { part.outputs(m, c_out, target) };
        });
    });
    y
}

/// The matrix of one point of `[16, rows, columns]`.
fn matrix(values: &[f32], point: usize, [rows, columns]: [usize; 2]) -> Matrix<'_> {
    let size = rows * columns;
    Matrix::new(&values[point * size..][..size], [rows, columns], [columns, 1])
}

/// The columns of the products, tiles times images, in blocks.
fn blocks(geometry: &Geometry) -> Vec<Range<usize>> {
    let Geometry { n, input: [h, w], .. } = *geometry;
    let columns = h.div_ceil(2) * w.div_ceil(2) * n;
    (0..columns).step_by(WIDTH).map(|start| start..(start + WIDTH).min(columns)).collect()
}

/// Calls a closure with the buffer of this thread.
fn scratch(lengths: [usize; 2], work: impl FnOnce(&mut [f32], &mut [f32])) {
    BLOCKS.with_borrow_mut(|[a, b]| {
        for (buffer, length) in [(&mut *a, lengths[0]), (&mut *b, lengths[1])] {
            if buffer.len() < length {
                buffer.resize(length, 0.0);
            }
        }
        work(&mut a[..lengths[0]], &mut b[..lengths[1]]);
    });
}
