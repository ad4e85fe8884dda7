//! Weighted sum of squares of a square matrix, with another weight on the diagonal.

use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;
use burn_cubecl::tensor::CubeTensor;

use super::launch::{CUBES, elem_type, empty, floats};
use super::matmul_tile::UNITS;
use super::ops::Energy;
use super::reduction::sum;

/// Columns per unit of the gradient kernel.
const COLUMNS: usize = 4;

/// Partial sums of the energy of a matrix, one per cube.
#[cube(launch_unchecked)]
pub(in crate::cube) fn energy_of_rows<F: Float>(
    matrix: &[F],
    parts: &mut [f32],
    side: usize,
    off_diagonal: f32,
    diagonal: f32,
    target: f32,
    #[define(F)] _dtype: ElemType,
) {
    let mut off = 0.0f32;
    let mut on = 0.0f32;
    let mut row = CUBE_POS_X as usize;
    while row < side {
        let mut column = UNIT_POS as usize;
        while column < side {
            let value = f32::cast_from(matrix[row * side + column]);
            if row == column {
                on += (value - target) * (value - target);
            } else {
                off += value * value;
            }
            column += UNITS;
        }
        row += CUBE_COUNT_X as usize;
    }
    let mut words = Shared::<[f32]>::new_slice(UNITS);
    let total = sum(off_diagonal * off + diagonal * on, &mut words);
    if UNIT_POS == 0 {
        parts[CUBE_POS_X as usize] = total;
    }
}

/// The sum of the partial sums, computed by a single cube.
#[cube(launch_unchecked)]
pub(in crate::cube) fn add_parts(parts: &[f32], total: &mut [f32], number: usize) {
    let mut own = 0.0f32;
    let mut part = UNIT_POS as usize;
    while part < number {
        own += parts[part];
        part += UNITS;
    }
    let mut words = Shared::<[f32]>::new_slice(UNITS);
    let all = sum(own, &mut words);
    if UNIT_POS == 0 {
        total[0] = all;
    }
}

/// Gradient of the energy with respect to every entry of the matrix.
#[cube(launch_unchecked)]
pub(in crate::cube) fn gradient_of_matrix<F: Float>(
    matrix: &[F],
    gradients: &[f32],
    result: &mut [F],
    side: usize,
    off_diagonal: f32,
    diagonal: f32,
    target: f32,
    #[define(F)] _dtype: ElemType,
) {
    let row = CUBE_POS_X as usize;
    let factor = 2.0f32 * gradients[0];
    #[unroll]
    for i in 0..COLUMNS {
        let column = (CUBE_POS_Y as usize * COLUMNS + i) * UNITS + UNIT_POS as usize;
        if column < side {
            let value = f32::cast_from(matrix[row * side + column]);
            let mut slope = off_diagonal * value;
            if row == column {
                slope = diagonal * (value - target);
            }
            result[row * side + column] = F::cast_from(factor * slope);
        }
    }
}

/// The energy of a matrix, in 32 bits.
///
/// # Shapes
/// - matrix: `[d, d]`
/// - output: `[1]`
pub(super) fn forward(matrix: CubeTensor, energy: Energy) -> CubeTensor {
    let [side, _] = matrix.meta.shape().dims();
    let number = side.min(2 * CUBES);
    let (parts, total) = (floats(&matrix, [number]), floats(&matrix, [1]));
    let (client, dtype) = (matrix.client.clone(), elem_type(matrix.dtype));
    // SAFETY: the kernel checks rows and columns against the size, and there is a partial sum per
    // cube.
    unsafe {
        energy_of_rows::launch_unchecked(
            &client,
            CubeCount::Static(number as u32, 1, 1),
            CubeDim::new_1d(UNITS as u32),
            matrix.into_buffer_arg(),
            parts.clone().into_buffer_arg(),
            side,
            energy.off_diagonal as f32,
            energy.diagonal as f32,
            energy.target as f32,
            dtype,
        );
        add_parts::launch_unchecked(
            &client,
            CubeCount::Static(1, 1, 1),
            CubeDim::new_1d(UNITS as u32),
            parts.into_buffer_arg(),
            total.clone().into_buffer_arg(),
            number,
        );
    }
    total
}

/// `∂L/∂matrix` from the gradient `[1]` of its energy.
///
/// # Shapes
/// - matrix, output: `[d, d]`
pub(super) fn gradient(matrix: CubeTensor, gradient: CubeTensor, energy: Energy) -> CubeTensor {
    let [side, _] = matrix.meta.shape().dims();
    let result = empty(&matrix, [side, side], matrix.dtype);
    let (client, dtype) = (matrix.client.clone(), elem_type(matrix.dtype));
    // SAFETY: there is a line of cubes per row, and every unit checks its columns against their
    // number.
    unsafe {
        gradient_of_matrix::launch_unchecked(
            &client,
            CubeCount::Static(side as u32, side.div_ceil(COLUMNS * UNITS) as u32, 1),
            CubeDim::new_1d(UNITS as u32),
            matrix.into_buffer_arg(),
            gradient.into_buffer_arg(),
            result.clone().into_buffer_arg(),
            side,
            energy.off_diagonal as f32,
            energy.diagonal as f32,
            energy.target as f32,
            dtype,
        );
    }
    result
}
