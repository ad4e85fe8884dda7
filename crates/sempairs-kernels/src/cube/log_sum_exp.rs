//! Log-sum-exp over the rows of a matrix product, without storing the product.
//!
//! The algorithm is the online softmax of Milakov and Gimelshein, "Online normalizer calculation
//! for softmax" (2018): a running maximum, and the sum of exponentials relative to it. Every cube
//! processes a block of rows and a chunk of keys; a second launch joins the chunks if there are
//! several.

use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;
use burn_cubecl::tensor::CubeTensor;

use super::launch::{Chunks, elem_type, floats};
use super::matmul_tile::{OWN, PITCH, SIDE, STEP, TILE, UNITS, of_tile};

/// Stands for minus infinity, the logarithm of zero, for which WGSL has no literal; its exponential
/// relative to any product is zero.
const LOWEST: f32 = -1.0e30;

/// Log-sum-exps of a tile of rows over a chunk of keys.
#[cube(launch_unchecked)]
pub(in crate::cube) fn log_sum_exp_of_chunk<F: Float>(
    queries: &[F],
    keys: &[F],
    parts: &mut [f32],
    rows: usize,
    columns: usize,
    width: usize,
    scale: f32,
    tiles: usize,
    #[comptime] of_others: bool,
    #[define(F)] _dtype: ElemType,
) {
    let horizontal = UNIT_POS_X as usize;
    let vertical = UNIT_POS_Y as usize;
    let first_row = CUBE_POS_X as usize * TILE;
    let mut lines_of_queries = Shared::<[f32]>::new_slice(STEP * PITCH);
    let mut lines_of_keys = Shared::<[f32]>::new_slice(STEP * PITCH);
    let mut products = Array::<f32>::new(OWN * OWN);
    let mut largest = Array::<f32>::new(OWN);
    let mut sums = Array::<f32>::new(OWN);
    #[unroll]
    for r in 0..OWN {
        largest[r] = LOWEST.runtime();
        sums[r] = 0.0f32;
    }

    let from = CUBE_POS_Y as usize * tiles;
    for tile in from..from + tiles {
        let first_column = tile * TILE;
        of_tile::<F>(
            queries,
            keys,
            &mut lines_of_queries,
            &mut lines_of_keys,
            &mut products,
            (first_row, first_column),
            (rows, columns),
            width,
        );
        #[unroll]
        for r in 0..OWN {
            let row = first_row + vertical + SIDE * r;
            let mut highest = largest[r];
            #[unroll]
            for c in 0..OWN {
                let column = first_column + horizontal + SIDE * c;
                if is_included(row, column, columns, of_others) {
                    highest = max(highest, products[OWN * r + c] * scale);
                }
            }
            let mut sum = sums[r] * (largest[r] - highest).exp();
            #[unroll]
            for c in 0..OWN {
                let column = first_column + horizontal + SIDE * c;
                if is_included(row, column, columns, of_others) {
                    sum += (products[OWN * r + c] * scale - highest).exp();
                }
            }
            largest[r] = highest;
            sums[r] = sum;
        }
    }

    // The units of a row combine their results in shared memory, which the last tile no longer
    // needs.
    sync_cube();
    #[unroll]
    for r in 0..OWN {
        let place = (vertical + SIDE * r) * SIDE + horizontal;
        lines_of_queries[place] = largest[r];
        lines_of_keys[place] = sums[r];
    }
    sync_cube();
    let own = UNIT_POS as usize;
    if own < TILE && first_row + own < rows {
        let mut highest = LOWEST.runtime();
        for i in 0..SIDE {
            highest = max(highest, lines_of_queries[own * SIDE + i]);
        }
        let mut sum = 0.0f32;
        for i in 0..SIDE {
            sum +=
                lines_of_keys[own * SIDE + i] * (lines_of_queries[own * SIDE + i] - highest).exp();
        }
        let mut result = LOWEST.runtime();
        if sum > 0.0f32 {
            result = highest + sum.ln();
        }
        parts[CUBE_POS_Y as usize * rows + first_row + own] = result;
    }
}

/// Whether a product is included: it must lie inside the matrix, and off its diagonal if
/// `of_others`.
#[cube]
pub(super) fn is_included(
    row: usize,
    column: usize,
    columns: usize,
    #[comptime] of_others: bool,
) -> bool {
    let mut inside = column < columns;
    if of_others {
        inside = inside && row != column;
    }
    inside
}

/// Log-sum-exp of every row over all chunks, from those of the chunks.
#[cube(launch_unchecked)]
pub(in crate::cube) fn join_chunks(parts: &[f32], joined: &mut [f32], rows: usize, chunks: usize) {
    let row = ABSOLUTE_POS;
    if row < rows {
        let mut highest = LOWEST.runtime();
        for chunk in 0..chunks {
            highest = max(highest, parts[chunk * rows + row]);
        }
        let mut sum = 0.0f32;
        for chunk in 0..chunks {
            sum += (parts[chunk * rows + row] - highest).exp();
        }
        joined[row] = highest + sum.ln();
    }
}

/// `log Σⱼ exp(scale · queriesᵢ · keysⱼ)` of each row, in 32 bits; the sum omits `j = i` if
/// `of_others`.
///
/// # Shapes
/// - queries: `[n, d]`; keys: `[k, d]`
/// - output: `[n]`
pub(super) fn log_sum_exp(
    queries: CubeTensor,
    keys: CubeTensor,
    scale: f64,
    of_others: bool,
) -> CubeTensor {
    let [rows, width] = queries.meta.shape().dims();
    let [columns, _] = keys.meta.shape().dims();
    let blocks = rows.div_ceil(TILE);
    let Chunks { number, tiles } = Chunks::new(columns.div_ceil(TILE), blocks);
    let parts = floats(&queries, [number, rows]);
    let client = queries.client.clone();
    let dtype = elem_type(queries.dtype);
    // SAFETY: the kernel checks every index against the sizes of the matrices, or it is bounded by
    // the size of the cube.
    unsafe {
        log_sum_exp_of_chunk::launch_unchecked(
            &client,
            CubeCount::Static(blocks as u32, number as u32, 1),
            CubeDim::new_2d(SIDE as u32, SIDE as u32),
            queries.into_buffer_arg(),
            keys.into_buffer_arg(),
            parts.clone().into_buffer_arg(),
            rows,
            columns,
            width,
            scale as f32,
            tiles,
            of_others,
            dtype,
        );
    }
    let joined = floats(&parts, [rows]);
    // SAFETY: each unit checks its row against the number of rows.
    unsafe {
        join_chunks::launch_unchecked(
            &client,
            CubeCount::Static(rows.div_ceil(UNITS) as u32, 1, 1),
            CubeDim::new_1d(UNITS as u32),
            parts.into_buffer_arg(),
            joined.clone().into_buffer_arg(),
            rows,
            number,
        );
    }
    joined
}
