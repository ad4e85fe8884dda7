//! The forward pass of a batch normalisation.

use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;
use burn_cubecl::tensor::CubeTensor;

use super::super::super::launch::{elem_type, floats};
use super::super::super::matmul_tile::UNITS;
use super::super::grid::Grid;
use super::super::layout::{channels_last, like, maps};
use super::sums::{CHANNELS, SLICES, sum_of_column, sum_of_slices};

/// Sums of `x − x₀` and of its square over a chunk of rows. `x₀` is the first row: a value of
/// the distribution, which keeps the difference of the two moments from cancelling where the mean
/// is far from zero.
#[cube(launch_unchecked)]
pub(in crate::cube) fn moments_of_chunk<F: Float, N: Size>(
    x: &[Vector<F, N>],
    sums: &mut [Vector<f32, N>],
    squares: &mut [Vector<f32, N>],
    rows: usize,
    vectors: usize,
    rows_of_chunk: usize,
    #[comptime] width: usize,
    #[define(F)] _dtype: ElemType,
) {
    let column = CUBE_POS_X as usize * width + UNIT_POS_X as usize;
    let height = comptime![UNITS / width];
    let from = CUBE_POS_Y as usize * rows_of_chunk;
    let to = min(from + rows_of_chunk, rows);
    let mut sum = Vector::<f32, N>::zeroed();
    let mut square = Vector::<f32, N>::zeroed();
    if column < vectors {
        let shift = Vector::<f32, N>::cast_from(x[column]);
        let mut row = from + UNIT_POS_Y as usize;
        while row < to {
            let distance = Vector::<f32, N>::cast_from(x[row * vectors + column]) - shift;
            sum += distance;
            square += distance * distance;
            row += height;
        }
    }
    let mut words = Shared::<[Vector<f32, N>]>::new_slice(UNITS);
    let sum = sum_of_column(sum, &mut words, width);
    let square = sum_of_column(square, &mut words, width);
    if UNIT_POS_Y == 0 && column < vectors {
        sums[CUBE_POS_Y as usize * vectors + column] = sum;
        squares[CUBE_POS_Y as usize * vectors + column] = square;
    }
}

/// Mean and biased variance of every channel from the moments of the chunks.
#[cube(launch_unchecked)]
pub(in crate::cube) fn join_moments<F: Float>(
    x: &[F],
    sums: &[f32],
    squares: &[f32],
    mean: &mut [f32],
    variance: &mut [f32],
    channels: usize,
    chunks: usize,
    share: f32,
    #[define(F)] _dtype: ElemType,
) {
    let channel = CUBE_POS_X as usize * CHANNELS + UNIT_POS_X as usize;
    let mut sum = 0.0f32;
    let mut square = 0.0f32;
    if channel < channels {
        let mut chunk = UNIT_POS_Y as usize;
        while chunk < chunks {
            sum += sums[chunk * channels + channel];
            square += squares[chunk * channels + channel];
            chunk += SLICES;
        }
    }
    let mut words = Shared::<[f32]>::new_slice(UNITS);
    let sum = sum_of_slices(sum, &mut words);
    let square = sum_of_slices(square, &mut words);
    if UNIT_POS_Y == 0 && channel < channels {
        let distance = sum * share;
        mean[channel] = f32::cast_from(x[channel]) + distance;
        // Rounding may make the difference negative; NaN stays NaN.
        let found = square * share - distance * distance;
        variance[channel] = select(found < 0.0f32, 0.0f32, found);
    }
}

/// `weight · (x − mean) / √(variance + ε) + bias`, plus `skip` if `add`, followed by ReLU if
/// `with_relu`.
#[cube(launch_unchecked)]
pub(in crate::cube) fn normalise<F: Float, N: Size>(
    x: &[Vector<F, N>],
    skip: &[Vector<F, N>],
    weight: &[Vector<f32, N>],
    bias: &[Vector<f32, N>],
    mean: &[Vector<f32, N>],
    variance: &[Vector<f32, N>],
    y: &mut [Vector<F, N>],
    rows: usize,
    vectors: usize,
    rows_of_chunk: usize,
    epsilon: f32,
    #[comptime] width: usize,
    #[comptime] add: bool,
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
        let offset = bias[column];
        let mut row = from + UNIT_POS_Y as usize;
        while row < to {
            let index = row * vectors + column;
            let mut value = (Vector::<f32, N>::cast_from(x[index]) - centre) * scale + offset;
            if add {
                value += Vector::<f32, N>::cast_from(skip[index]);
            }
            if with_relu {
                // `max` would hide NaN.
                value = select_many(value.less_than(&zero), zero, value);
            }
            y[index] = Vector::<F, N>::cast_from(value);
            row += height;
        }
    }
}

/// Batch normalisation in the type of `x`, plus `skip` if there is one, followed by ReLU if
/// `with_relu`; also returns mean and biased variance in 32 bits.
///
/// # Shapes
/// - `x`, `skip`, output: `[n, c, h, w]`; `weight`, `bias`, mean, variance: `[c]`
pub(in crate::cube::layers) fn forward(
    x: CubeTensor,
    skip: Option<CubeTensor>,
    weight: CubeTensor,
    bias: CubeTensor,
    epsilon: f64,
    with_relu: bool,
) -> (CubeTensor, CubeTensor, CubeTensor) {
    let (x, skip) = (channels_last(x), skip.map(channels_last));
    let grid = Grid::over(&x);
    let (client, dtype, channels) = (x.client.clone(), elem_type(x.dtype), grid.channels());
    let [sums, squares] = [(); 2].map(|()| floats(&x, [grid.chunks, channels]));
    let [mean, variance] = [(); 2].map(|()| floats(&x, [channels]));
    let y = like(&x);
    // SAFETY: the kernels check rows, columns and channels against the shapes, and the buffer of
    // moments has a row per chunk.
    unsafe {
        moments_of_chunk::launch_unchecked(
            &client,
            grid.cubes(),
            grid.units(),
            grid.vector,
            x.clone().into_buffer_arg(),
            sums.clone().into_buffer_arg(),
            squares.clone().into_buffer_arg(),
            grid.rows,
            grid.vectors,
            grid.rows_of_chunk,
            grid.width,
            dtype,
        );
        join_moments::launch_unchecked(
            &client,
            CubeCount::Static(channels.div_ceil(CHANNELS) as u32, 1, 1),
            CubeDim::new_2d(CHANNELS as u32, SLICES as u32),
            x.clone().into_buffer_arg(),
            sums.into_buffer_arg(),
            squares.into_buffer_arg(),
            mean.clone().into_buffer_arg(),
            variance.clone().into_buffer_arg(),
            channels,
            grid.chunks,
            (1.0 / grid.rows as f64) as f32,
            dtype,
        );
        normalise::launch_unchecked(
            &client,
            grid.cubes(),
            grid.units(),
            grid.vector,
            x.clone().into_buffer_arg(),
            skip.clone().unwrap_or(x).into_buffer_arg(),
            weight.into_buffer_arg(),
            bias.into_buffer_arg(),
            mean.clone().into_buffer_arg(),
            variance.clone().into_buffer_arg(),
            y.clone().into_buffer_arg(),
            grid.rows,
            grid.vectors,
            grid.rows_of_chunk,
            epsilon as f32,
            grid.width,
            skip.is_some(),
            with_relu,
            dtype,
        );
    }
    (maps(y), mean, variance)
}
