//! The gradient of [`log_sum_exp`](super::log_sum_exp), which recomputes every product instead of
//! storing it.
//!
//! With `pᵢⱼ = exp(scale · xᵢ · yⱼ − lᵢ)` and `gᵢ` the gradient of `lᵢ`:
//! `∂L/∂xᵢ = scale · Σⱼ gᵢ pᵢⱼ yⱼ` and
//! `∂L/∂yⱼ = scale · Σᵢ gᵢ pᵢⱼ xᵢ`. Both are weighted sums over the rows of the other operand. For
//! a matrix against itself one pass computes both, since its products are symmetric.

use burn::tensor::DType;
use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;
use burn_cubecl::tensor::CubeTensor;

use super::launch::{Chunks, cubes, elem_type, floats};
use super::log_sum_exp::is_included;
use super::matmul_tile::{OWN, PITCH, SIDE, STEP, TILE, UNITS, of_tile};

/// Maximum number of slices of 64 columns that a cube accumulates in registers, 16 values per unit
/// and slice.
const SLICES: usize = 4;

/// The operand whose rows the log-sum-exps belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Anchors {
    /// The rows of `x`: the gradient is that of the queries.
    Rows,
    /// The rows of `y`: the gradient is that of the keys.
    Columns,
    /// Both, because `x` and `y` are the same matrix; each row is compared with the other rows.
    Both,
}

/// Partial gradient of a tile of rows, summed over a chunk of columns.
#[cube(launch_unchecked)]
pub(in crate::cube) fn gradient_of_chunk<F: Float>(
    x: &[F],
    y: &[F],
    log_sum_exps: &[f32],
    gradients: &[f32],
    parts: &mut [f32],
    rows: usize,
    columns: usize,
    width: usize,
    scale: f32,
    tiles: usize,
    #[comptime] anchored_rows: bool,
    #[comptime] anchored_columns: bool,
    #[comptime] of_others: bool,
    #[comptime] slices: usize,
    #[define(F)] _dtype: ElemType,
) {
    let horizontal = UNIT_POS_X as usize;
    let vertical = UNIT_POS_Y as usize;
    let first_row = CUBE_POS_X as usize * TILE;
    let first_value = CUBE_POS_Z as usize * slices * TILE;
    let mut lines_of_x = Shared::<[f32]>::new_slice(STEP * PITCH);
    let mut lines_of_y = Shared::<[f32]>::new_slice(STEP * PITCH);
    let mut weights = Shared::<[f32]>::new_slice(TILE * PITCH);
    let mut products = Array::<f32>::new(OWN * OWN);
    let mut sums = Array::<f32>::new(slices * OWN * OWN);
    #[unroll]
    for i in 0..slices * OWN * OWN {
        sums[i] = 0.0f32;
    }

    let from = CUBE_POS_Y as usize * tiles;
    for tile in from..from + tiles {
        let first_column = tile * TILE;
        of_tile::<F>(
            x,
            y,
            &mut lines_of_x,
            &mut lines_of_y,
            &mut products,
            (first_row, first_column),
            (rows, columns),
            width,
        );
        #[unroll]
        for r in 0..OWN {
            let row = first_row + vertical + SIDE * r;
            #[unroll]
            for c in 0..OWN {
                let column = first_column + horizontal + SIDE * c;
                let mut weight = 0.0f32;
                if row < rows && is_included(row, column, columns, of_others) {
                    let product = products[OWN * r + c] * scale;
                    if anchored_rows {
                        weight += gradients[row] * (product - log_sum_exps[row]).exp();
                    }
                    if anchored_columns {
                        weight += gradients[column] * (product - log_sum_exps[column]).exp();
                    }
                }
                weights[(horizontal + SIDE * c) * PITCH + vertical + SIDE * r] = weight;
            }
        }

        #[unroll]
        for slice in 0..slices {
            let first = first_value + slice * TILE;
            for step in 0..TILE / STEP {
                sync_cube();
                #[unroll]
                for i in 0..TILE * STEP / UNITS {
                    let element = UNIT_POS as usize + i * UNITS;
                    let value = element % TILE;
                    let line = element / TILE;
                    let column = first_column + step * STEP + line;
                    let mut loaded = 0.0f32;
                    if column < columns && first + value < width {
                        loaded = f32::cast_from(y[column * width + first + value]);
                    }
                    lines_of_y[line * PITCH + value] = loaded;
                }
                sync_cube();
                for line in 0..STEP {
                    #[unroll]
                    for r in 0..OWN {
                        let weight = weights[(step * STEP + line) * PITCH + vertical + SIDE * r];
                        #[unroll]
                        for c in 0..OWN {
                            sums[(slice * OWN + r) * OWN + c] +=
                                weight * lines_of_y[line * PITCH + horizontal + SIDE * c];
                        }
                    }
                }
            }
        }
    }

    #[unroll]
    for slice in 0..slices {
        #[unroll]
        for r in 0..OWN {
            let row = first_row + vertical + SIDE * r;
            #[unroll]
            for c in 0..OWN {
                let value = first_value + slice * TILE + horizontal + SIDE * c;
                if row < rows && value < width {
                    parts[(CUBE_POS_Y as usize * rows + row) * width + value] =
                        sums[(slice * OWN + r) * OWN + c] * scale;
                }
            }
        }
    }
}

/// Adds the partial gradients of all chunks in ascending order.
#[cube(launch_unchecked)]
pub(in crate::cube) fn add_chunks<F: Float>(
    parts: &[f32],
    total: &mut [F],
    values: usize,
    chunks: usize,
    #[define(F)] _dtype: ElemType,
) {
    let value = ABSOLUTE_POS;
    if value < values {
        let mut sum = 0.0f32;
        for chunk in 0..chunks {
            sum += parts[chunk * values + value];
        }
        total[value] = F::cast_from(sum);
    }
}

/// The gradient of every row of `x`, a sum over the rows of `y`.
///
/// The log-sum-exps and their gradients are 32-bit; `anchors` tells which operand they belong to.
///
/// # Shapes
/// - x: `[n, d]`; y: `[k, d]`; log_sum_exp, gradient: `[n]`, or `[k]` with [`Anchors::Columns`]
/// - output: `[n, d]`
pub(super) fn gradient(
    x: CubeTensor,
    y: CubeTensor,
    (anchors, log_sum_exp, gradient): (Anchors, CubeTensor, CubeTensor),
    scale: f64,
) -> CubeTensor {
    let [rows, width] = x.meta.shape().dims();
    let [columns, _] = y.meta.shape().dims();
    let (blocks, dtype) = (rows.div_ceil(TILE), x.dtype);
    let slices = width.div_ceil(TILE).min(SLICES);
    let groups = width.div_ceil(TILE * slices);
    let Chunks { number, tiles } = Chunks::new(columns.div_ceil(TILE), blocks * groups);
    let client = x.client.clone();
    let parts = floats(&x, [number, rows, width]);
    // SAFETY: the kernel checks every index against the sizes of the matrices, or it is bounded by
    // the size of the cube; the comptime flags select the side by which the log-sum-exps are
    // indexed.
    unsafe {
        gradient_of_chunk::launch_unchecked(
            &client,
            CubeCount::Static(blocks as u32, number as u32, groups as u32),
            CubeDim::new_2d(SIDE as u32, SIDE as u32),
            x.into_buffer_arg(),
            y.into_buffer_arg(),
            log_sum_exp.into_buffer_arg(),
            gradient.into_buffer_arg(),
            parts.clone().into_buffer_arg(),
            rows,
            columns,
            width,
            scale as f32,
            tiles,
            anchors != Anchors::Columns,
            anchors != Anchors::Rows,
            anchors == Anchors::Both,
            slices,
            elem_type(dtype),
        );
    }
    if number == 1 && dtype == DType::F32 {
        return reshaped(parts, rows, width);
    }
    let total = super::launch::empty(&parts, [rows, width], dtype);
    let values = rows * width;
    // SAFETY: each unit checks its index against the number of values.
    unsafe {
        add_chunks::launch_unchecked(
            &client,
            cubes(values.div_ceil(UNITS)),
            CubeDim::new_1d(UNITS as u32),
            parts.into_buffer_arg(),
            total.clone().into_buffer_arg(),
            values,
            number,
            elem_type(dtype),
        );
    }
    total
}

fn reshaped(one: CubeTensor, rows: usize, width: usize) -> CubeTensor {
    let CubeTensor { client, device, handle, dtype, .. } = one;
    CubeTensor::new_contiguous(client, device, [rows, width].into(), handle, dtype)
}
