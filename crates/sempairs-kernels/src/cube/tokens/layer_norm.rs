//! Layer normalisation, which reads each row once.
//!
//! The gradient recomputes mean and variance instead of reading them: it needs the row itself,
//! which is in registers anyway.

use burn::tensor::Shape;
use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;
use burn_cubecl::tensor::CubeTensor;

use super::super::launch::{CUBES, beside, cubes, elem_type, floats};
use super::super::matmul_tile::UNITS;
use super::rows::{Lanes, column_sum, row_sum};

/// Columns per cube of the launch that adds the partial sums.
const COLUMNS: usize = 16;

/// Loads a row into `values`; entries beyond the end of the row, and rows beyond the last, are
/// zero.
#[cube]
fn load<F: Float>(
    x: &[F],
    values: &mut Array<f32>,
    row: usize,
    rows: usize,
    width: usize,
    #[comptime] lanes: usize,
    #[comptime] own: usize,
) {
    let lane = UNIT_POS as usize % lanes;
    #[unroll]
    for i in 0..own {
        let column = lane + i * lanes;
        values[i] = 0.0f32;
        if row < rows && column < width {
            values[i] = f32::cast_from(x[row * width + column]);
        }
    }
}

/// Normalises a row in place to `(x − mean) / √(variance + ε)` and returns
/// `1 / √(variance + ε)`.
#[cube]
fn normalise(
    values: &mut Array<f32>,
    words: &mut Shared<[f32]>,
    width: usize,
    epsilon: f32,
    #[comptime] lanes: usize,
    #[comptime] own: usize,
) -> f32 {
    let lane = UNIT_POS as usize % lanes;
    let count = f32::cast_from(width);
    let mut total = 0.0f32;
    #[unroll]
    for i in 0..own {
        total += values[i];
    }
    let mean = row_sum(total, words, lanes) / count;
    let mut squares = 0.0f32;
    #[unroll]
    for i in 0..own {
        if lane + i * lanes < width {
            values[i] -= mean;
            squares += values[i] * values[i];
        }
    }
    let variance = row_sum(squares, words, lanes) / count;
    let inverse = 1.0f32 / (variance + epsilon).sqrt();
    #[unroll]
    for i in 0..own {
        values[i] *= inverse;
    }
    inverse
}

/// Layer normalisation of the rows of a cube.
#[cube(launch_unchecked)]
pub(in crate::cube) fn layer_norm_of_rows<F: Float>(
    x: &[F],
    weight: &[f32],
    bias: &[f32],
    y: &mut [F],
    rows: usize,
    width: usize,
    epsilon: f32,
    #[comptime] lanes: usize,
    #[comptime] own: usize,
    #[define(F)] _dtype: ElemType,
) {
    let lane = UNIT_POS as usize % lanes;
    let row = CUBE_POS * comptime![UNITS / lanes] + UNIT_POS as usize / lanes;
    let mut words = Shared::<[f32]>::new_slice(UNITS);
    let mut values = Array::<f32>::new(own);
    load::<F>(x, &mut values, row, rows, width, lanes, own);
    normalise(&mut values, &mut words, width, epsilon, lanes, own);
    #[unroll]
    for i in 0..own {
        let column = lane + i * lanes;
        if row < rows && column < width {
            y[row * width + column] = F::cast_from(values[i] * weight[column] + bias[column]);
        }
    }
}

/// Computes `∂x` of every row, and per cube the sums of `∂y · x̂` and of `∂y` over its rows.
#[cube(launch_unchecked)]
pub(in crate::cube) fn layer_norm_gradient_of_rows<F: Float>(
    x: &[F],
    weight: &[f32],
    gradients: &[F],
    dx: &mut [F],
    parts: &mut [f32],
    rows: usize,
    width: usize,
    epsilon: f32,
    #[comptime] lanes: usize,
    #[comptime] own: usize,
    #[define(F)] _dtype: ElemType,
) {
    let unit = UNIT_POS as usize;
    let lane = unit % lanes;
    let cube = CUBE_POS_X as usize;
    let together = comptime![UNITS / lanes].runtime();
    let count = f32::cast_from(width);
    let mut words = Shared::<[f32]>::new_slice(UNITS);
    let mut values = Array::<f32>::new(own);
    let mut slopes = Array::<f32>::new(own);
    let mut of_weight = Array::<f32>::new(own);
    let mut of_bias = Array::<f32>::new(own);
    #[unroll]
    for i in 0..own {
        of_weight[i] = 0.0f32;
        of_bias[i] = 0.0f32;
    }
    let mut first = cube * together;
    while first < rows {
        let row = first + unit / lanes;
        load::<F>(x, &mut values, row, rows, width, lanes, own);
        load::<F>(gradients, &mut slopes, row, rows, width, lanes, own);
        let inverse = normalise(&mut values, &mut words, width, epsilon, lanes, own);
        let mut total = 0.0f32;
        let mut along = 0.0f32;
        #[unroll]
        for i in 0..own {
            let column = lane + i * lanes;
            if column < width {
                of_weight[i] += slopes[i] * values[i];
                of_bias[i] += slopes[i];
                slopes[i] *= weight[column];
                total += slopes[i];
                along += slopes[i] * values[i];
            }
        }
        let mean = row_sum(total, &mut words, lanes) / count;
        let along = row_sum(along, &mut words, lanes) / count;
        #[unroll]
        for i in 0..own {
            let column = lane + i * lanes;
            if row < rows && column < width {
                let slope = inverse * (slopes[i] - mean - values[i] * along);
                dx[row * width + column] = F::cast_from(slope);
            }
        }
        first += CUBE_COUNT_X as usize * together;
    }
    #[unroll]
    for i in 0..own {
        let column = lane + i * lanes;
        let weights = column_sum(of_weight[i], &mut words, lanes);
        let biases = column_sum(of_bias[i], &mut words, lanes);
        if unit < lanes && column < width {
            parts[2 * cube * width + column] = weights;
            parts[(2 * cube + 1) * width + column] = biases;
        }
    }
}

/// Adds the partial sums of all cubes, `[groups, 2, width]`.
#[cube(launch_unchecked)]
pub(in crate::cube) fn add_groups(
    parts: &[f32],
    of_weight: &mut [f32],
    of_bias: &mut [f32],
    groups: usize,
    width: usize,
) {
    let unit = UNIT_POS as usize;
    let column = CUBE_POS_X as usize * COLUMNS + unit % COLUMNS;
    let mut weights = 0.0f32;
    let mut biases = 0.0f32;
    let mut group = unit / COLUMNS;
    while group < groups {
        if column < width {
            weights += parts[2 * group * width + column];
            biases += parts[(2 * group + 1) * width + column];
        }
        group += comptime![UNITS / COLUMNS];
    }
    let mut words = Shared::<[f32]>::new_slice(UNITS);
    let weights = column_sum(weights, &mut words, COLUMNS);
    let biases = column_sum(biases, &mut words, COLUMNS);
    if unit < COLUMNS && column < width {
        of_weight[column] = weights;
        of_bias[column] = biases;
    }
}

/// The normalised rows, in the type of `x`.
///
/// # Shapes
/// - `x`, output: `[rows, d]`; `weight`, `bias`: `[d]` in 32 bits; all row-major
pub(super) fn forward(
    x: CubeTensor,
    weight: CubeTensor,
    bias: CubeTensor,
    epsilon: f64,
) -> CubeTensor {
    let [rows, width] = x.meta.shape().dims();
    let y = beside(&x, Shape::new([rows, width]), x.dtype);
    if rows * width == 0 {
        return y;
    }
    let (client, dtype, lanes) = (x.client.clone(), elem_type(x.dtype), Lanes::of(width));
    // SAFETY: the kernel checks rows and columns against the shapes.
    unsafe {
        layer_norm_of_rows::launch_unchecked(
            &client,
            cubes(rows.div_ceil(lanes.rows())),
            CubeDim::new_1d(UNITS as u32),
            x.into_buffer_arg(),
            weight.into_buffer_arg(),
            bias.into_buffer_arg(),
            y.clone().into_buffer_arg(),
            rows,
            width,
            epsilon as f32,
            lanes.number,
            lanes.own,
            dtype,
        );
    }
    y
}

/// The gradients of `x`, in its type, and of `weight` and `bias`, in 32 bits.
///
/// # Shapes
/// - `x`, `gradient`: `[rows, d]` of one type; `weight`: `[d]` in 32 bits; all row-major
pub(super) fn gradient(
    x: CubeTensor,
    weight: CubeTensor,
    gradient: CubeTensor,
    epsilon: f64,
) -> [CubeTensor; 3] {
    let [rows, width] = x.meta.shape().dims();
    let dx = beside(&x, Shape::new([rows, width]), x.dtype);
    let sums @ [of_weight, of_bias] = &[(); 2].map(|()| floats(&x, [width]));
    if width == 0 {
        return [dx, of_weight.clone(), of_bias.clone()];
    }
    let (client, dtype, lanes) = (x.client.clone(), elem_type(x.dtype), Lanes::of(width));
    let groups = rows.div_ceil(lanes.rows()).clamp(1, 2 * CUBES);
    let parts = floats(&x, [groups, 2, width]);
    // SAFETY: the kernels check rows and columns against the shapes, and the buffer of sums has two
    // values per column and cube.
    unsafe {
        layer_norm_gradient_of_rows::launch_unchecked(
            &client,
            CubeCount::Static(groups as u32, 1, 1),
            CubeDim::new_1d(UNITS as u32),
            x.into_buffer_arg(),
            weight.into_buffer_arg(),
            gradient.into_buffer_arg(),
            dx.clone().into_buffer_arg(),
            parts.clone().into_buffer_arg(),
            rows,
            width,
            epsilon as f32,
            lanes.number,
            lanes.own,
            dtype,
        );
        add_groups::launch_unchecked(
            &client,
            CubeCount::Static(width.div_ceil(COLUMNS) as u32, 1, 1),
            CubeDim::new_1d(UNITS as u32),
            parts.into_buffer_arg(),
            of_weight.clone().into_buffer_arg(),
            of_bias.clone().into_buffer_arg(),
            groups,
            width,
        );
    }
    let [of_weight, of_bias] = sums.clone();
    [dx, of_weight, of_bias]
}
