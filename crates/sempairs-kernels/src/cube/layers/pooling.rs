//! Global average pooling and max pooling of channels-last feature maps.

use burn::tensor::DType;
use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;
use burn_cubecl::kernel::{cast, into_contiguous};
use burn_cubecl::tensor::CubeTensor;

use super::super::launch::{elem_type, empty, floats};
use super::super::matmul_tile::UNITS;
use super::grid::{cubes, number_of_unit, vector};
use super::layout::{channels_last, like, maps};
use super::windows::{Windows, windows};

/// Mean of every feature map.
#[cube(launch_unchecked)]
pub(in crate::cube) fn average_pool<F: Float, N: Size>(
    x: &[Vector<F, N>],
    y: &mut [Vector<f32, N>],
    pictures: usize,
    positions: usize,
    vectors: usize,
    share: f32,
    #[define(F)] _dtype: ElemType,
) {
    let unit = number_of_unit();
    if unit < pictures * vectors {
        let (picture, column) = (unit / vectors, unit % vectors);
        let mut sum = Vector::<f32, N>::zeroed();
        let mut position = 0usize.runtime();
        while position < positions {
            sum +=
                Vector::<f32, N>::cast_from(x[(picture * positions + position) * vectors + column]);
            position += 1;
        }
        y[unit] = sum * Vector::broadcast(share);
    }
}

/// Gradient of the mean: distributes it equally over the feature map.
#[cube(launch_unchecked)]
pub(in crate::cube) fn average_pool_gradient<F: Float, N: Size>(
    gradient: &[Vector<f32, N>],
    result: &mut [Vector<F, N>],
    pictures: usize,
    positions: usize,
    vectors: usize,
    share: f32,
    #[define(F)] _dtype: ElemType,
) {
    let unit = number_of_unit();
    if unit < pictures * positions * vectors {
        let picture = unit / (positions * vectors);
        let value = gradient[picture * vectors + unit % vectors] * Vector::broadcast(share);
        result[unit] = Vector::<F, N>::cast_from(value);
    }
}

/// Maximum of every window.
#[cube(launch_unchecked)]
pub(in crate::cube) fn max_pool<F: Float>(
    x: &[F],
    y: &mut [F],
    windows: Windows,
    channels: usize,
    #[comptime] kernel_y: usize,
    #[comptime] kernel_x: usize,
    #[define(F)] _dtype: ElemType,
) {
    let unit = number_of_unit();
    if unit < windows.pictures * windows.rows * windows.columns * channels {
        let channel = unit % channels;
        let window = unit / channels;
        let left = window % windows.columns * windows.stride_x;
        let top = window / windows.columns % windows.rows * windows.stride_y;
        let first = window / (windows.columns * windows.rows) * windows.height;
        let mut best = 0.0f32;
        let mut found = false;
        for a in 0..kernel_y {
            for b in 0..kernel_x {
                let (row, column) = (top + a, left + b);
                if row >= windows.padding_y
                    && column >= windows.padding_x
                    && row < windows.height + windows.padding_y
                    && column < windows.width + windows.padding_x
                {
                    let (row, column) = (row - windows.padding_y, column - windows.padding_x);
                    let position = (first + row) * windows.width + column;
                    let value = f32::cast_from(x[position * channels + channel]);
                    // NaN propagates.
                    if !found || value > best || value.is_nan() {
                        best = value;
                    }
                    found = true;
                }
            }
        }
        y[unit] = F::cast_from(best);
    }
}

/// Whether no earlier position of a window has the same value as position `(a, b)`. The window
/// starts at `(top, left)` of the padded feature map.
#[cube]
fn is_first<F: Float>(
    x: &[F],
    windows: &Windows,
    picture: usize,
    top: usize,
    left: usize,
    channel: usize,
    channels: usize,
    a: usize,
    b: usize,
    #[comptime] kernel_x: usize,
) -> bool {
    let first = picture * windows.height;
    let own = (first + top + a - windows.padding_y) * windows.width + left + b - windows.padding_x;
    let value = f32::cast_from(x[own * channels + channel]);
    let mut result = true;
    for before in 0..a * kernel_x + b {
        let (row, column) = (top + before / kernel_x, left + before % kernel_x);
        if row >= windows.padding_y
            && column >= windows.padding_x
            && column < windows.width + windows.padding_x
        {
            let position =
                (first + row - windows.padding_y) * windows.width + column - windows.padding_x;
            if f32::cast_from(x[position * channels + channel]) == value {
                result = false;
            }
        }
    }
    result
}

/// Gradient of max pooling: each input value sums the gradients of the windows of which it is the
/// first maximum in row-major order.
#[cube(launch_unchecked)]
pub(in crate::cube) fn max_pool_gradient<F: Float>(
    x: &[F],
    y: &[F],
    gradient: &[F],
    result: &mut [F],
    windows: Windows,
    channels: usize,
    #[comptime] kernel_y: usize,
    #[comptime] kernel_x: usize,
    #[define(F)] _dtype: ElemType,
) {
    let unit = number_of_unit();
    if unit < windows.pictures * windows.height * windows.width * channels {
        let channel = unit % channels;
        let position = unit / channels;
        let column = position % windows.width + windows.padding_x;
        let row = position / windows.width % windows.height + windows.padding_y;
        let picture = position / (windows.width * windows.height);
        let own = f32::cast_from(x[unit]);
        let mut sum = 0.0f32;
        // The offset within the window increases as the window index decreases, so the order of the
        // sum is fixed.
        for a in 0..kernel_y {
            for b in 0..kernel_x {
                if row >= a
                    && column >= b
                    && (row - a).is_multiple_of(windows.stride_y)
                    && (column - b).is_multiple_of(windows.stride_x)
                    && (row - a) / windows.stride_y < windows.rows
                    && (column - b) / windows.stride_x < windows.columns
                {
                    let i = (row - a) / windows.stride_y;
                    let j = (column - b) / windows.stride_x;
                    let window = (picture * windows.rows + i) * windows.columns + j;
                    let largest = f32::cast_from(y[window * channels + channel]);
                    if own == largest {
                        let first = is_first(
                            x,
                            &windows,
                            picture,
                            row - a,
                            column - b,
                            channel,
                            channels,
                            a,
                            b,
                            kernel_x,
                        );
                        if first {
                            sum += f32::cast_from(gradient[window * channels + channel]);
                        }
                    }
                }
            }
        }
        result[unit] = F::cast_from(sum);
    }
}

/// Global average pooling in 32 bits.
///
/// # Shapes
/// - `x`: `[n, c, h, w]`; output: `[n, c]`
pub(super) fn mean(x: CubeTensor) -> CubeTensor {
    let x = channels_last(x);
    let [n, h, w, c] = x.meta.shape().dims();
    let vector = vector(&x, c);
    let y = floats(&x, [n, c]);
    let (client, dtype) = (x.client.clone(), elem_type(x.dtype));
    // SAFETY: the kernel checks its index against the number of vectors of the output.
    unsafe {
        average_pool::launch_unchecked(
            &client,
            cubes(n * c / vector),
            CubeDim::new_1d(UNITS as u32),
            vector,
            x.into_buffer_arg(),
            y.clone().into_buffer_arg(),
            n,
            h * w,
            c / vector,
            (1.0 / (h * w) as f64) as f32,
            dtype,
        );
    }
    y
}

/// `∂L/∂x` of [`mean`] for an input of shape `input`, in `dtype`.
pub(super) fn mean_gradient(gradient: CubeTensor, input: [usize; 4], dtype: DType) -> CubeTensor {
    let [n, c, h, w] = input;
    let gradient = cast(into_contiguous(gradient), DType::F32);
    let result = empty(&gradient, [n, h, w, c], dtype);
    let vector = vector(&result, c);
    let client = gradient.client.clone();
    // SAFETY: the kernel checks its index against the number of vectors of the result.
    unsafe {
        average_pool_gradient::launch_unchecked(
            &client,
            cubes(n * h * w * c / vector),
            CubeDim::new_1d(UNITS as u32),
            vector,
            gradient.into_buffer_arg(),
            result.clone().into_buffer_arg(),
            n,
            h * w,
            c / vector,
            (1.0 / (h * w) as f64) as f32,
            elem_type(dtype),
        );
    }
    maps(result)
}

/// Max pooling.
///
/// # Shapes
/// - `x`: `[n, c, h, w]`; output: `[n, c, h', w']`
pub(super) fn maximum(
    x: CubeTensor,
    kernel: [usize; 2],
    stride: [usize; 2],
    padding: [usize; 2],
) -> CubeTensor {
    let x = channels_last(x);
    let [n, h, w, c] = x.meta.shape().dims();
    let [rows, columns] = windows_along([h, w], kernel, stride, padding);
    let y = empty(&x, [n, rows, columns, c], x.dtype);
    let (client, dtype) = (x.client.clone(), elem_type(x.dtype));
    // SAFETY: the kernel checks its index against the number of windows, and positions against the
    // size of the feature map.
    unsafe {
        max_pool::launch_unchecked(
            &client,
            cubes(n * rows * columns * c),
            CubeDim::new_1d(UNITS as u32),
            x.into_buffer_arg(),
            y.clone().into_buffer_arg(),
            windows([0, n], [h, w], [rows, columns], stride, padding),
            c,
            kernel[0],
            kernel[1],
            dtype,
        );
    }
    maps(y)
}

/// `∂L/∂x` of max pooling with the output `y`.
pub(super) fn maximum_gradient(
    [x, y, gradient]: [CubeTensor; 3],
    kernel: [usize; 2],
    stride: [usize; 2],
    padding: [usize; 2],
) -> CubeTensor {
    let [x, y, gradient] = [x, y, gradient].map(channels_last);
    let [n, h, w, c] = x.meta.shape().dims();
    let [_, rows, columns, _] = y.meta.shape().dims();
    let result = like(&x);
    let (client, dtype) = (x.client.clone(), elem_type(x.dtype));
    // SAFETY: the kernel checks its index against the number of values, and windows and positions
    // against theirs.
    unsafe {
        max_pool_gradient::launch_unchecked(
            &client,
            cubes(n * h * w * c),
            CubeDim::new_1d(UNITS as u32),
            x.into_buffer_arg(),
            y.into_buffer_arg(),
            gradient.into_buffer_arg(),
            result.clone().into_buffer_arg(),
            windows([0, n], [h, w], [rows, columns], stride, padding),
            c,
            kernel[0],
            kernel[1],
            dtype,
        );
    }
    maps(result)
}

/// Number of windows along height and width.
fn windows_along(
    sides: [usize; 2],
    kernel: [usize; 2],
    stride: [usize; 2],
    padding: [usize; 2],
) -> [usize; 2] {
    [0, 1].map(|axis| (sides[axis] + 2 * padding[axis] - kernel[axis]) / stride[axis] + 1)
}
