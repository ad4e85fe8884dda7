//! Winograd transform of the filters, and its transpose.

use pulp::Arch;
use rayon::prelude::*;

use super::super::buffer::Buffer;
use super::super::matmul::{Matrix, Target, copy};
use super::transform::{Kind, POINTS, Transform};

/// Weights of a filter for one input channel.
const TAPS: usize = 9;

/// `U = G g Gᵀ`: `[16, rows, columns]` from `[rows, columns, 3, 3]`.
pub(super) fn filters(weight: &[f32], [rows, columns]: [usize; 2]) -> Buffer {
    let mut all = Buffer::new(POINTS * rows * columns);
    let target = Target::new(&mut all, columns);
    weight.par_chunks_exact(TAPS * columns).enumerate().for_each_init(
        || vec![0.0; TAPS * columns],
        |planes, (row, filters)| {
            for (column, filter) in filters.chunks_exact(TAPS).enumerate() {
                for (tap, &weight) in filter.iter().enumerate() {
                    planes[tap * columns + column] = weight;
                }
            }
            let from = std::array::from_fn(|tap| match tap {
                0..TAPS => planes[tap * columns..].as_ptr(),
                _ => std::ptr::null(),
            });
            // SAFETY: each row of each point's matrix is written by one thread.
            let to = std::array::from_fn(|point| unsafe {
                target.row(point * rows + row, columns).as_mut_ptr()
            });
            Arch::new().dispatch(Transform { kind: Kind::Filter, from, to, length: columns });
        },
    );
    all
}

/// The transformed filters of the transposed convolution, `[16, columns, rows]`. Rotating a filter
/// by 180 degrees permutes the 16 points of its transform, so the matrices are only reordered.
pub(super) fn transposed(filters: &[f32], [rows, columns]: [usize; 2]) -> Buffer {
    let size = rows * columns;
    let mut all = Buffer::new(filters.len());
    all.par_chunks_exact_mut(size).enumerate().for_each(|(point, out)| {
        let turned = |i: usize| [3, 1, 2, 0][i];
        let from = 4 * turned(point / 4) + turned(point % 4);
        let from = Matrix::new(&filters[from * size..][..size], [rows, columns], [columns, 1]);
        copy(from.transposed(), out);
    });
    all
}

/// `∂g = Gᵀ ∂U G`: `[size, 3, 3]` from `[16, size]`.
pub(super) fn filter_gradient(du: &[f32], size: usize) -> Buffer {
    /// Filters per task.
    const RUN: usize = 512;
    let mut dw = Buffer::new(TAPS * size);
    dw.par_chunks_mut(TAPS * RUN).enumerate().for_each(|(run, dw)| {
        let length = dw.len() / TAPS;
        let mut planes = [0.0; TAPS * RUN];
        let from = std::array::from_fn(|point| du[point * size + run * RUN..][..length].as_ptr());
        let start = planes.as_mut_ptr();
        // Only nine values are written.
        let to = std::array::from_fn(|tap| start.wrapping_add(tap.min(TAPS - 1) * RUN));
        Arch::new().dispatch(Transform { kind: Kind::FilterGradient, from, to, length });
        for (index, dw) in dw.chunks_exact_mut(TAPS).enumerate() {
            for (tap, dw) in dw.iter_mut().enumerate() {
                *dw = planes[tap * RUN + index];
            }
        }
    });
    dw
}
