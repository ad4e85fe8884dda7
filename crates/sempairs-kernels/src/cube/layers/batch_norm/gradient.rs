//! The gradients of a batch normalisation.

use burn_cubecl::CubeBackend;
use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;
use burn_cubecl::tensor::CubeTensor;

use super::super::super::launch::{elem_type, empty, floats};
use super::super::super::matmul_tile::UNITS;
use super::super::grid::Grid;
use super::super::layout::{channels_last, like, maps};
use super::sums::{CHANNELS, SLICES, sum_of_column, sum_of_slices};
use crate::fused::ops::{BatchNormGradient, Statistics, Wanted};

/// Sums of the gradient and of its products with the normalised input over a chunk of rows. If a
/// ReLU followed, the gradient is masked where its output is zero or less; the masked gradient is
/// stored for the residual branch if `keep`.
#[cube(launch_unchecked)]
pub(in crate::cube) fn gradient_sums_of_chunk<F: Float, N: Size>(
    x: &[Vector<F, N>],
    relu_output: &[Vector<F, N>],
    gradient: &[Vector<F, N>],
    mean: &[Vector<f32, N>],
    variance: &[Vector<f32, N>],
    passed: &mut [Vector<F, N>],
    sums: &mut [Vector<f32, N>],
    products: &mut [Vector<f32, N>],
    rows: usize,
    vectors: usize,
    rows_of_chunk: usize,
    epsilon: f32,
    #[comptime] width: usize,
    #[comptime] with_relu: bool,
    #[comptime] keep: bool,
    #[define(F)] _dtype: ElemType,
) {
    let column = CUBE_POS_X as usize * width + UNIT_POS_X as usize;
    let height = comptime![UNITS / width];
    let from = CUBE_POS_Y as usize * rows_of_chunk;
    let to = min(from + rows_of_chunk, rows);
    let mut sum = Vector::<f32, N>::zeroed();
    let mut product = Vector::<f32, N>::zeroed();
    if column < vectors {
        let zero = Vector::<f32, N>::zeroed();
        let centre = mean[column];
        let mut row = from + UNIT_POS_Y as usize;
        while row < to {
            let index = row * vectors + column;
            let mut slope = Vector::<f32, N>::cast_from(gradient[index]);
            if with_relu {
                let value = Vector::<f32, N>::cast_from(relu_output[index]);
                slope = select_many(value.less_equal(&zero), zero, slope);
            }
            if keep {
                passed[index] = Vector::<F, N>::cast_from(slope);
            }
            sum += slope;
            product += slope * (Vector::<f32, N>::cast_from(x[index]) - centre);
            row += height;
        }
        product /= (variance[column] + Vector::broadcast(epsilon)).sqrt();
    }
    let mut words = Shared::<[Vector<f32, N>]>::new_slice(UNITS);
    let sum = sum_of_column(sum, &mut words, width);
    let product = sum_of_column(product, &mut words, width);
    if UNIT_POS_Y == 0 && column < vectors {
        sums[CUBE_POS_Y as usize * vectors + column] = sum;
        products[CUBE_POS_Y as usize * vectors + column] = product;
    }
}

/// `∂L/∂bias` and `∂L/∂weight` of every channel from the sums of the chunks.
#[cube(launch_unchecked)]
pub(in crate::cube) fn join_gradient_sums(
    sums: &[f32],
    products: &[f32],
    of_bias: &mut [f32],
    of_weight: &mut [f32],
    channels: usize,
    chunks: usize,
) {
    let channel = CUBE_POS_X as usize * CHANNELS + UNIT_POS_X as usize;
    let mut sum = 0.0f32;
    let mut product = 0.0f32;
    if channel < channels {
        let mut chunk = UNIT_POS_Y as usize;
        while chunk < chunks {
            sum += sums[chunk * channels + channel];
            product += products[chunk * channels + channel];
            chunk += SLICES;
        }
    }
    let mut words = Shared::<[f32]>::new_slice(UNITS);
    let sum = sum_of_slices(sum, &mut words);
    let product = sum_of_slices(product, &mut words);
    if UNIT_POS_Y == 0 && channel < channels {
        of_bias[channel] = sum;
        of_weight[channel] = product;
    }
}

/// `∂L/∂x = weight / √(variance + ε) · (g − mean(g) − x̂ · mean(g · x̂))`, where `g` is the
/// gradient masked by the ReLU.
#[cube(launch_unchecked)]
pub(in crate::cube) fn gradient_of_input<F: Float, N: Size>(
    x: &[Vector<F, N>],
    relu_output: &[Vector<F, N>],
    gradient: &[Vector<F, N>],
    weight: &[Vector<f32, N>],
    mean: &[Vector<f32, N>],
    variance: &[Vector<f32, N>],
    of_bias: &[Vector<f32, N>],
    of_weight: &[Vector<f32, N>],
    result: &mut [Vector<F, N>],
    rows: usize,
    vectors: usize,
    rows_of_chunk: usize,
    epsilon: f32,
    share: f32,
    #[comptime] width: usize,
    #[comptime] with_relu: bool,
    #[define(F)] _dtype: ElemType,
) {
    let column = CUBE_POS_X as usize * width + UNIT_POS_X as usize;
    let height = comptime![UNITS / width];
    let from = CUBE_POS_Y as usize * rows_of_chunk;
    let to = min(from + rows_of_chunk, rows);
    if column < vectors {
        let zero = Vector::<f32, N>::zeroed();
        let centre = mean[column];
        let deviation = (variance[column] + Vector::broadcast(epsilon)).sqrt();
        let scale = weight[column] / deviation;
        let offset = of_bias[column] * Vector::broadcast(share);
        let slant = of_weight[column] * Vector::broadcast(share) / deviation;
        let mut row = from + UNIT_POS_Y as usize;
        while row < to {
            let index = row * vectors + column;
            let mut slope = Vector::<f32, N>::cast_from(gradient[index]);
            if with_relu {
                let value = Vector::<f32, N>::cast_from(relu_output[index]);
                slope = select_many(value.less_equal(&zero), zero, slope);
            }
            let distance = Vector::<f32, N>::cast_from(x[index]) - centre;
            let value = scale * (slope - offset - distance * slant);
            result[index] = Vector::<F, N>::cast_from(value);
            row += height;
        }
    }
}

/// The gradients of a batch normalisation: those of `x` and `skip` in the type of `x`, those of
/// weight and bias in 32 bits.
pub(in crate::cube::layers) fn gradient(
    x: CubeTensor,
    relu_output: Option<CubeTensor>,
    statistics: Statistics<CubeBackend>,
    gradient: CubeTensor,
    wanted: Wanted,
) -> BatchNormGradient<CubeBackend> {
    let Statistics { weight, mean, variance, epsilon } = statistics;
    let (x, gradient) = (channels_last(x), channels_last(gradient));
    let relu_output = relu_output.map(channels_last);
    let grid = Grid::over(&x);
    let (client, dtype, channels) = (x.client.clone(), elem_type(x.dtype), grid.channels());
    let [sums, products] = [(); 2].map(|()| floats(&x, [grid.chunks, channels]));
    let [of_bias, of_weight] = [(); 2].map(|()| floats(&x, [channels]));
    // The masked gradient is the gradient of `skip`, and the second pass reads it.
    let passed = (wanted.skip && relu_output.is_some()).then(|| like(&x));
    // SAFETY: the kernels check rows, columns and channels against the shapes, the buffer of sums
    // has a row per chunk, and placeholders are not accessed.
    unsafe {
        gradient_sums_of_chunk::launch_unchecked(
            &client,
            grid.cubes(),
            grid.units(),
            grid.vector,
            x.clone().into_buffer_arg(),
            relu_output.clone().unwrap_or_else(|| gradient.clone()).into_buffer_arg(),
            gradient.clone().into_buffer_arg(),
            mean.clone().into_buffer_arg(),
            variance.clone().into_buffer_arg(),
            passed.clone().unwrap_or_else(|| placeholder(&x, grid.vector)).into_buffer_arg(),
            sums.clone().into_buffer_arg(),
            products.clone().into_buffer_arg(),
            grid.rows,
            grid.vectors,
            grid.rows_of_chunk,
            epsilon as f32,
            grid.width,
            relu_output.is_some(),
            passed.is_some(),
            dtype,
        );
        join_gradient_sums::launch_unchecked(
            &client,
            CubeCount::Static(channels.div_ceil(CHANNELS) as u32, 1, 1),
            CubeDim::new_2d(CHANNELS as u32, SLICES as u32),
            sums.into_buffer_arg(),
            products.into_buffer_arg(),
            of_bias.clone().into_buffer_arg(),
            of_weight.clone().into_buffer_arg(),
            channels,
            grid.chunks,
        );
    }
    let of_x = wanted.x.then(|| {
        let result = like(&x);
        let (slopes, mask) = match &passed {
            Some(passed) => (passed.clone(), None),
            None => (gradient.clone(), relu_output),
        };
        // SAFETY: the kernel checks rows and columns against the shapes.
        unsafe {
            gradient_of_input::launch_unchecked(
                &client,
                grid.cubes(),
                grid.units(),
                grid.vector,
                x.into_buffer_arg(),
                mask.clone().unwrap_or_else(|| slopes.clone()).into_buffer_arg(),
                slopes.into_buffer_arg(),
                weight.into_buffer_arg(),
                mean.into_buffer_arg(),
                variance.into_buffer_arg(),
                of_bias.clone().into_buffer_arg(),
                of_weight.clone().into_buffer_arg(),
                result.clone().into_buffer_arg(),
                grid.rows,
                grid.vectors,
                grid.rows_of_chunk,
                epsilon as f32,
                (1.0 / grid.rows as f64) as f32,
                grid.width,
                mask.is_some(),
                dtype,
            );
        }
        maps(result)
    });
    let skip = wanted.skip.then(|| maps(passed.unwrap_or(gradient)));
    BatchNormGradient { x: of_x, skip, weight: of_weight, bias: of_bias }
}

/// Placeholder for an unused buffer of a kernel, in the type of `x`.
fn placeholder(x: &CubeTensor, vector: usize) -> CubeTensor {
    empty(x, [vector], x.dtype)
}
