//! Layout of convolution weights as matrices, and their gradient from partial sums.

use burn::backend::ops::FloatTensorOps;
use burn::tensor::DType;
use burn_cubecl::CubeBackend;
use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::tensor::CubeTensor;

use super::super::super::launch::{elem_type, empty, floats};
use super::super::super::matmul_tile::UNITS;
use super::super::grid::{cubes, number_of_unit};
use super::shape::{Convolution, padded_row};

/// Writes weights as a matrix cast to the type of the feature maps. A row belongs to a tap and a
/// channel of one side, a column to a channel of the other side; rows beyond the last tap are zero.
#[cube(launch_unchecked)]
pub(in crate::cube) fn arrange_filters<F: Float>(
    filters: &[f32],
    matrix: &mut [F],
    rows: usize,
    c_out: usize,
    c_in: usize,
    taps: usize,
    #[comptime] rows_of_outputs: bool,
    #[define(F)] _dtype: ElemType,
) {
    let unit = number_of_unit();
    let (inner, outer) = if comptime![rows_of_outputs] { (c_out, c_in) } else { (c_in, c_out) };
    if unit < rows * outer {
        let (row, column) = (unit / outer, unit % outer);
        let (tap, channel) = (row / inner, row % inner);
        let mut value = 0.0f32;
        if tap < taps {
            let mut filter = column * c_in + channel;
            if rows_of_outputs {
                filter = channel * c_in + column;
            }
            value = filters[filter * taps + tap];
        }
        matrix[unit] = F::cast_from(value);
    }
}

/// Which channels are along the rows of a weight matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rows {
    /// Input channels, for the forward pass.
    Inputs,
    /// Output channels, for the input gradient.
    Outputs,
}

/// 32-bit weights `[c_out, c_in, k_h, k_w]` as a matrix `[taps · channels, other channels]` in
/// `dtype`, zero-padded along the rows.
pub(super) fn arranged(
    filters: CubeTensor,
    convolution: &Convolution,
    rows: Rows,
    dtype: DType,
) -> CubeTensor {
    let filters = into_contiguous(filters);
    let &Convolution { c_in, c_out, .. } = convolution;
    let taps = convolution.taps();
    let (inner, outer) = match rows {
        Rows::Inputs => (c_in, c_out),
        Rows::Outputs => (c_out, c_in),
    };
    let height = padded_row(taps * inner);
    if taps == 1 && height == inner && dtype == filters.dtype {
        // The weights already are this matrix, or its transpose.
        let matrix = CubeBackend::float_reshape(filters, [c_out, c_in].into());
        return match rows {
            Rows::Inputs => CubeBackend::float_swap_dims(matrix, 0, 1),
            Rows::Outputs => matrix,
        };
    }
    let matrix = empty(&filters, [height, outer], dtype);
    let client = filters.client.clone();
    // SAFETY: the kernel checks its index against the size of the matrix, and taps against their
    // number.
    unsafe {
        arrange_filters::launch_unchecked(
            &client,
            cubes(height * outer),
            CubeDim::new_1d(UNITS as u32),
            filters.into_buffer_arg(),
            matrix.clone().into_buffer_arg(),
            height,
            c_out,
            c_in,
            taps,
            rows == Rows::Outputs,
            elem_type(dtype),
        );
    }
    matrix
}

/// Sums the partial weight gradients `[c_out, (tap, c_in)]` in ascending order.
#[cube(launch_unchecked)]
pub(in crate::cube) fn join_parts(
    parts: &[f32],
    before: &[f32],
    result: &mut [f32],
    number: usize,
    c_out: usize,
    c_in: usize,
    taps: usize,
    row: usize,
    #[comptime] add: bool,
) {
    let unit = number_of_unit();
    if unit < c_out * c_in * taps {
        let (filter, tap) = (unit / taps, unit % taps);
        let (output, input) = (filter / c_in, filter % c_in);
        let index = output * row + tap * c_in + input;
        let mut sum = 0.0f32;
        if add {
            sum = before[unit];
        }
        let mut part = 0usize.runtime();
        while part < number {
            sum += parts[part * c_out * row + index];
            part += 1;
        }
        result[unit] = sum;
    }
}

/// Weight gradient `[c_out, c_in, k_h, k_w]`: the sum of `before`, if any, and of the parts
/// `[parts, c_out, taps · c_in]`, whose rows may be zero-padded.
pub(super) fn joined(
    parts: CubeTensor,
    before: Option<CubeTensor>,
    convolution: &Convolution,
) -> CubeTensor {
    let [number, c_out, row] = parts.meta.shape().dims();
    let &Convolution { c_in, kernel: [k_h, k_w], .. } = convolution;
    let result = floats(&parts, [c_out, c_in, k_h, k_w]);
    let client = parts.client.clone();
    let add = before.is_some();
    // SAFETY: the kernel checks its index against the size of the result, and a row of a part has
    // all taps of all channels.
    unsafe {
        join_parts::launch_unchecked(
            &client,
            cubes(c_out * c_in * k_h * k_w),
            CubeDim::new_1d(UNITS as u32),
            parts.clone().into_buffer_arg(),
            before.unwrap_or(parts).into_buffer_arg(),
            result.clone().into_buffer_arg(),
            number,
            c_out,
            c_in,
            k_h * k_w,
            row,
            add,
        );
    }
    result
}
