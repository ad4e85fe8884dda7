//! Softmax of attention logits, and its gradient.
//!
//! The matrices have `pitch` rows and columns, of which the first `tokens` are used; the others
//! become zero.

use burn::tensor::{DType, Shape};
use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;
use burn_cubecl::tensor::CubeTensor;

use super::super::launch::{beside, cubes, elem_type};
use super::super::matmul_tile::UNITS;
use super::rows::{Lanes, row_largest, row_sum};

/// A number below every logit, since WGSL has no literal for minus infinity.
const LOWEST: f32 = -1.0e30;

/// Writes the softmax of `scale` times the logits of a row to `values`.
#[cube]
fn attend(
    logits: &[f32],
    values: &mut Array<f32>,
    words: &mut Shared<[f32]>,
    row: usize,
    tokens: usize,
    pitch: usize,
    counts: bool,
    scale: f32,
    #[comptime] lanes: usize,
    #[comptime] own: usize,
) {
    let lane = UNIT_POS as usize % lanes;
    let mut highest = LOWEST.runtime();
    #[unroll]
    for i in 0..own {
        let column = lane + i * lanes;
        values[i] = LOWEST.runtime();
        if counts && column < tokens {
            values[i] = logits[row * pitch + column] * scale;
        }
        highest = max(highest, values[i]);
    }
    let highest = row_largest(highest, words, lanes);
    let mut total = 0.0f32;
    #[unroll]
    for i in 0..own {
        let mut value = 0.0f32;
        if counts && lane + i * lanes < tokens {
            value = (values[i] - highest).exp();
        }
        values[i] = value;
        total += value;
    }
    let mut share = 1.0f32 / row_sum(total, words, lanes);
    if !counts {
        share = 0.0f32;
    }
    #[unroll]
    for i in 0..own {
        values[i] *= share;
    }
}

/// Softmax of the rows of a cube.
#[cube(launch_unchecked)]
pub(in crate::cube) fn softmax_of_rows<F: Float>(
    logits: &[f32],
    weights: &mut [F],
    rows: usize,
    tokens: usize,
    pitch: usize,
    scale: f32,
    #[comptime] lanes: usize,
    #[comptime] own: usize,
    #[define(F)] _dtype: ElemType,
) {
    let row = CUBE_POS * comptime![UNITS / lanes] + UNIT_POS as usize / lanes;
    let counts = row < rows && row % pitch < tokens;
    let mut words = Shared::<[f32]>::new_slice(UNITS);
    let mut values = Array::<f32>::new(own);
    attend(logits, &mut values, &mut words, row, tokens, pitch, counts, scale, lanes, own);
    #[unroll]
    for i in 0..own {
        let column = UNIT_POS as usize % lanes + i * lanes;
        if row < rows && column < pitch {
            weights[row * pitch + column] = F::cast_from(values[i]);
        }
    }
}

/// The softmax `p` and, from its gradient `∂p`, that of the logits:
/// `∂l = scale · p · (∂p − Σ p ∂p)`.
#[cube(launch_unchecked)]
pub(in crate::cube) fn softmax_gradient_of_rows<F: Float>(
    logits: &[f32],
    slopes: &[f32],
    weights: &mut [F],
    result: &mut [F],
    rows: usize,
    tokens: usize,
    pitch: usize,
    scale: f32,
    #[comptime] lanes: usize,
    #[comptime] own: usize,
    #[define(F)] _dtype: ElemType,
) {
    let lane = UNIT_POS as usize % lanes;
    let row = CUBE_POS * comptime![UNITS / lanes] + UNIT_POS as usize / lanes;
    let counts = row < rows && row % pitch < tokens;
    let mut words = Shared::<[f32]>::new_slice(UNITS);
    let mut values = Array::<f32>::new(own);
    let mut own_slopes = Array::<f32>::new(own);
    attend(logits, &mut values, &mut words, row, tokens, pitch, counts, scale, lanes, own);
    let mut along = 0.0f32;
    #[unroll]
    for i in 0..own {
        let column = lane + i * lanes;
        own_slopes[i] = 0.0f32;
        if counts && column < tokens {
            own_slopes[i] = slopes[row * pitch + column];
        }
        along += values[i] * own_slopes[i];
    }
    let along = row_sum(along, &mut words, lanes);
    #[unroll]
    for i in 0..own {
        let column = lane + i * lanes;
        if row < rows && column < pitch {
            let index = row * pitch + column;
            weights[index] = F::cast_from(values[i]);
            result[index] = F::cast_from(scale * values[i] * (own_slopes[i] - along));
        }
    }
}

/// `softmax(scale · logits)` along the last axis in `dtype`, zero beyond the tokens.
///
/// # Shapes
/// - `logits`, output: `[matrices, pitch, pitch]`, the logits in 32 bits and row-major
pub(super) fn forward(logits: CubeTensor, tokens: usize, scale: f64, dtype: DType) -> CubeTensor {
    let [matrices, pitch, _] = logits.meta.shape().dims();
    let (rows, lanes) = (matrices * pitch, Lanes::of(pitch));
    let weights = beside(&logits, Shape::new([matrices, pitch, pitch]), dtype);
    let client = logits.client.clone();
    // SAFETY: rows and columns are compared with their numbers.
    unsafe {
        softmax_of_rows::launch_unchecked(
            &client,
            cubes(rows.div_ceil(lanes.rows())),
            CubeDim::new_1d(UNITS as u32),
            logits.into_buffer_arg(),
            weights.clone().into_buffer_arg(),
            rows,
            tokens,
            pitch,
            scale as f32,
            lanes.number,
            lanes.own,
            elem_type(dtype),
        );
    }
    weights
}

/// The softmax and the gradient of the logits, both in `dtype`, zero beyond the tokens.
///
/// # Shapes
/// - `logits`, `slopes`, outputs: `[matrices, pitch, pitch]`, the inputs in 32 bits and row-major
pub(super) fn with_gradient(
    logits: CubeTensor,
    slopes: CubeTensor,
    tokens: usize,
    scale: f64,
    dtype: DType,
) -> [CubeTensor; 2] {
    let [matrices, pitch, _] = logits.meta.shape().dims();
    let (rows, lanes) = (matrices * pitch, Lanes::of(pitch));
    let outputs = [(); 2].map(|()| beside(&logits, Shape::new([matrices, pitch, pitch]), dtype));
    let [weights, result] = outputs.clone();
    let client = logits.client.clone();
    // SAFETY: rows and columns are compared with their numbers.
    unsafe {
        softmax_gradient_of_rows::launch_unchecked(
            &client,
            cubes(rows.div_ceil(lanes.rows())),
            CubeDim::new_1d(UNITS as u32),
            logits.into_buffer_arg(),
            slopes.into_buffer_arg(),
            weights.into_buffer_arg(),
            result.into_buffer_arg(),
            rows,
            tokens,
            pitch,
            scale as f32,
            lanes.number,
            lanes.own,
            elem_type(dtype),
        );
    }
    outputs
}
