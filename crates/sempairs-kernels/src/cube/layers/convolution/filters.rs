//! Filters as the matrices that a convolution multiplies with, and their gradient from parts of it.

use burn::tensor::DType;
use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::tensor::CubeTensor;

use super::super::super::launch::{elem_type, empty, floats};
use super::super::super::products::UNITS;
use super::super::grid::{cubes, number_of_unit};
use super::shape::{Convolution, filled_up};

/// The entry in row `(tap, channel of the one side)` and column `channel of the other side` of a matrix of filters, in
/// the type of what they meet. Rows beyond the last tap are zero.
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

/// Which channels the rows of a matrix of filters go through, tap by tap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rows {
    /// Those of the input, for the forward pass.
    Inputs,
    /// Those of the output, for the gradient of the input.
    Outputs,
}

/// Filters `[c_out, c_in, k_h, k_w]` of 32 bits as a matrix `[taps · channels, other channels]` in a type, its rows
/// filled up with zeros.
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
    let height = filled_up(taps * inner);
    let matrix = empty(&filters, [height, outer], dtype);
    let client = filters.client.clone();
    // SAFETY: units are compared with the entries of the matrix, and taps with their number.
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

/// The gradient of filters from parts `[c_out, row]` of it, whose rows are `(tap, c_in)`, in the order of the parts.
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
        let place = output * row + tap * c_in + input;
        let mut sum = 0.0f32;
        if add {
            sum = before[unit];
        }
        let mut part = 0usize.runtime();
        while part < number {
            sum += parts[part * c_out * row + place];
            part += 1;
        }
        result[unit] = sum;
    }
}

/// The gradient of filters, `[c_out, c_in, k_h, k_w]`: `before`, if there is something, and the sum of the parts
/// `[parts, c_out, taps · c_in]`, whose rows may be filled up.
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
    // SAFETY: units are compared with the values of the result, and a row of a part has all taps of all channels.
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
