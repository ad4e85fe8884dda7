//! im2col: a matrix with one row per window of a feature map.

use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;
use burn_cubecl::tensor::CubeTensor;

use super::super::super::launch::{elem_type, empty};
use super::super::super::matmul_tile::UNITS;
use super::super::grid::{cubes, number_of_unit, vector};
use super::super::windows::{Windows, windows};
use super::shape::{Convolution, padded_row};

/// im2col: one row per window, `(tap, channel)` within a row, zero in the padding and beyond the
/// last tap.
///
/// With `scattered` it is the im2col matrix of the input gradient: the row of an input position
/// holds, for each tap, the output position whose window reads the input position at this tap, or
/// zero if there is none.
#[cube(launch_unchecked)]
pub(in crate::cube) fn unroll_windows<F: Float, N: Size>(
    maps: &[Vector<F, N>],
    matrix: &mut [Vector<F, N>],
    windows: Windows,
    vectors: usize,
    row_vectors: usize,
    #[comptime] kernel_y: usize,
    #[comptime] kernel_x: usize,
    #[comptime] scattered: bool,
    #[define(F)] _dtype: ElemType,
) {
    let unit = number_of_unit();
    if unit < windows.pictures * windows.rows * windows.columns * row_vectors {
        let (window, place) = (unit / row_vectors, unit % row_vectors);
        let (tap, column) = (place / vectors, place % vectors);
        let (a, b) = (tap / kernel_x, tap % kernel_x);
        let left = window % windows.columns;
        let top = window / windows.columns % windows.rows;
        let picture = windows.first + window / (windows.columns * windows.rows);
        let mut value = Vector::<F, N>::zeroed();
        if a < kernel_y {
            let mut y = 0usize.runtime();
            let mut x = 0usize.runtime();
            let mut inside = false;
            if scattered {
                let (down, right) = (top + windows.padding_y, left + windows.padding_x);
                if down >= a && right >= b {
                    y = (down - a) / windows.stride_y;
                    x = (right - b) / windows.stride_x;
                    inside = y * windows.stride_y == down - a
                        && x * windows.stride_x == right - b
                        && y < windows.height
                        && x < windows.width;
                }
            } else {
                let (down, right) = (top * windows.stride_y + a, left * windows.stride_x + b);
                if down >= windows.padding_y && right >= windows.padding_x {
                    y = down - windows.padding_y;
                    x = right - windows.padding_x;
                    inside = y < windows.height && x < windows.width;
                }
            }
            if inside {
                let from = (picture * windows.height + y) * windows.width + x;
                value = maps[from * vectors + column];
            }
        }
        matrix[unit] = value;
    }
}

/// Source of the im2col matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    /// The input, for the forward pass and the weight gradient: `[n · h' · w', taps · c_in]`.
    Input,
    /// The output gradient, for the input gradient: `[n · h · w, taps · c_out]`.
    Gradient,
}

/// The im2col matrix of `pictures` images from index `first`, its rows zero-padded.
///
/// # Shapes
/// - `maps`: `[n, h, w, c]`, row-major
pub(super) fn unrolled(
    maps: &CubeTensor,
    convolution: &Convolution,
    of: Of,
    first: usize,
    pictures: usize,
) -> CubeTensor {
    let [_, height, width, channels] = maps.meta.shape().dims();
    let [rows, columns] = match of {
        Of::Input => convolution.output,
        Of::Gradient => convolution.input,
    };
    let Convolution { kernel, stride, padding, .. } = convolution;
    let row = padded_row(convolution.taps() * channels);
    let vector = vector(maps, channels);
    let height_of_matrix = pictures * rows * columns;
    let matrix = empty(maps, [height_of_matrix, row], maps.dtype);
    let client = maps.client.clone();
    // SAFETY: the kernel checks its index against the number of vectors, which divide the rows
    // evenly, and positions against the size of the feature maps.
    unsafe {
        unroll_windows::launch_unchecked(
            &client,
            cubes(height_of_matrix * row / vector),
            CubeDim::new_1d(UNITS as u32),
            vector,
            maps.clone().into_buffer_arg(),
            matrix.clone().into_buffer_arg(),
            windows([first, pictures], [height, width], [rows, columns], *stride, *padding),
            channels / vector,
            row / vector,
            kernel[0],
            kernel[1],
            of == Of::Gradient,
            elem_type(maps.dtype),
        );
    }
    matrix
}

/// Scatters the rows of a matrix over a feature map with the stride of a convolution; other
/// positions are zero.
#[cube(launch_unchecked)]
pub(in crate::cube) fn spread_rows<F: Float, N: Size>(
    matrix: &[Vector<F, N>],
    maps: &mut [Vector<F, N>],
    windows: Windows,
    vectors: usize,
    #[define(F)] _dtype: ElemType,
) {
    let unit = number_of_unit();
    if unit < windows.pictures * windows.height * windows.width * vectors {
        let (place, column) = (unit / vectors, unit % vectors);
        let x = place % windows.width;
        let y = place / windows.width % windows.height;
        let picture = place / (windows.width * windows.height);
        let (row, beside) = (y / windows.stride_y, x / windows.stride_x);
        let mut value = Vector::<F, N>::zeroed();
        if row * windows.stride_y == y
            && beside * windows.stride_x == x
            && row < windows.rows
            && beside < windows.columns
        {
            let from = (picture * windows.rows + row) * windows.columns + beside;
            value = matrix[from * vectors + column];
        }
        maps[unit] = value;
    }
}

/// The gradient `[n, h, w, c_in]` of the input of a strided pointwise convolution from its
/// rows `[n · h' · w', c_in]`.
pub(super) fn spread(matrix: CubeTensor, convolution: &Convolution) -> CubeTensor {
    let &Convolution { pictures, c_in, input: [h, w], output: [rows, columns], stride, .. } =
        convolution;
    let maps = empty(&matrix, [pictures, h, w, c_in], matrix.dtype);
    let vector = vector(&maps, c_in);
    let (client, dtype) = (matrix.client.clone(), elem_type(matrix.dtype));
    // SAFETY: the kernel checks its index against the number of vectors, and rows against theirs.
    unsafe {
        spread_rows::launch_unchecked(
            &client,
            cubes(pictures * h * w * c_in / vector),
            CubeDim::new_1d(UNITS as u32),
            vector,
            matrix.into_buffer_arg(),
            maps.clone().into_buffer_arg(),
            windows([0, pictures], [h, w], [rows, columns], stride, [0, 0]),
            c_in / vector,
            dtype,
        );
    }
    maps
}
