//! Convolution as matrix products (GEMM).
//!
//! A pointwise convolution multiplies the feature map itself as a matrix `[n · h · w, c_in]`.
//! Others multiply an im2col matrix, of a part of the batch at a time if it would exceed
//! [`UNROLLED`]. The weight gradient is a small matrix whose entries are sums over all windows of
//! the batch: it is computed in parts (split-K) to occupy the whole device, and the parts are added
//! in a fixed order.

use burn::backend::ops::FloatTensorOps;
use burn::tensor::{DType, Shape};
use burn_cubecl::CubeBackend;
use burn_cubecl::tensor::CubeTensor;

use super::super::super::launch::{CUBES, empty};
use super::super::layout::{channels_last, maps};
use super::super::matmul::{matmul, matmul_into};
use super::filters::{Rows, arranged, joined};
use super::shape::{Convolution, padded_row};
use super::unroll::{Of, spread, unrolled};

/// Maximum size of the im2col matrix in bytes, unless a single image needs more.
const UNROLLED: usize = 512 << 20;
/// Maximum size of the parts of a weight gradient in bytes.
const PARTS: usize = 64 << 20;
/// Minimum number of windows per part of a weight gradient.
const LEAST: usize = 256;
/// Side of an output tile, to estimate the number of cubes of a product.
const TILE: usize = 128;

pub(super) fn forward(x: CubeTensor, weight: CubeTensor, convolution: &Convolution) -> CubeTensor {
    forward_within(UNROLLED, x, weight, convolution)
}

fn forward_within(
    bytes: usize,
    x: CubeTensor,
    weight: CubeTensor,
    convolution: &Convolution,
) -> CubeTensor {
    let &Convolution { pictures, c_out, output: [h, w], .. } = convolution;
    let dtype = x.dtype;
    let weight = arranged(weight, convolution, Rows::Inputs, dtype);
    let x = channels_last(x);
    if convolution.is_pointwise() {
        let y = matmul(matrix(x, weight.meta.shape()[0]), weight, dtype);
        return maps(reshaped(y, [pictures, h, w, c_out]));
    }
    let all = empty(&x, [pictures, h, w, c_out], dtype);
    let row = weight.meta.shape()[0];
    for (first, count) in chunks(bytes, &all, h * w * row * dtype.size()) {
        let windows = unrolled(&x, convolution, Of::Input, first, count);
        matmul_into(windows, weight.clone(), part(&all, first, count));
    }
    maps(all)
}

pub(super) fn input_gradient(
    weight: CubeTensor,
    gradient: CubeTensor,
    convolution: &Convolution,
) -> CubeTensor {
    input_gradient_within(UNROLLED, weight, gradient, convolution)
}

fn input_gradient_within(
    bytes: usize,
    weight: CubeTensor,
    gradient: CubeTensor,
    convolution: &Convolution,
) -> CubeTensor {
    let &Convolution { pictures, c_in, input: [h, w], .. } = convolution;
    let dtype = gradient.dtype;
    let weight = arranged(weight, convolution, Rows::Outputs, dtype);
    let gradient = channels_last(gradient);
    if convolution.is_subsampled() {
        let dx = matmul(matrix(gradient, weight.meta.shape()[0]), weight, dtype);
        return maps(match convolution.is_pointwise() {
            true => reshaped(dx, [pictures, h, w, c_in]),
            false => spread(dx, convolution),
        });
    }
    let all = empty(&gradient, [pictures, h, w, c_in], dtype);
    let row = weight.meta.shape()[0];
    for (first, count) in chunks(bytes, &all, h * w * row * dtype.size()) {
        let windows = unrolled(&gradient, convolution, Of::Gradient, first, count);
        matmul_into(windows, weight.clone(), part(&all, first, count));
    }
    maps(all)
}

pub(super) fn weight_gradient(
    x: CubeTensor,
    gradient: CubeTensor,
    convolution: &Convolution,
) -> CubeTensor {
    weight_gradient_within(UNROLLED, x, gradient, convolution)
}

fn weight_gradient_within(
    bytes: usize,
    x: CubeTensor,
    gradient: CubeTensor,
    convolution: &Convolution,
) -> CubeTensor {
    let &Convolution { c_in, c_out, output: [h, w], .. } = convolution;
    let (x, gradient) = (channels_last(x), channels_last(gradient));
    let row = padded_row(convolution.taps() * c_in);
    let mut sum = None;
    for (first, count) in chunks(bytes, &gradient, h * w * row * x.dtype.size()) {
        let (windows, row) = match convolution.is_pointwise() {
            true => (part(&x, first, count), c_in),
            false => (unrolled(&x, convolution, Of::Input, first, count), row),
        };
        let number = parts(count * h * w, c_out, row);
        let rows = count * h * w / number;
        let windows = reshaped(windows, [number, rows, row]);
        let slopes = reshaped(part(&gradient, first, count), [number, rows, c_out]);
        let partial = matmul(CubeBackend::float_swap_dims(slopes, 1, 2), windows, DType::F32);
        sum = Some(joined(partial, sum, convolution));
    }
    sum.expect("a batch has at least one image")
}

/// Number of parts of a sum over `windows` for a result `[c_out, row]`: as many as occupy the
/// device, divide the windows evenly, and fit into [`PARTS`].
fn parts(windows: usize, c_out: usize, row: usize) -> usize {
    let tiles = c_out.div_ceil(TILE) * row.div_ceil(TILE);
    let most = (PARTS / (c_out * row * size_of::<f32>())).min(windows / LEAST);
    let wanted = CUBES.div_ceil(tiles).min(most).max(1);
    (1..=wanted).rev().find(|number| windows.is_multiple_of(*number)).unwrap_or(1)
}

/// Ranges `(first, count)` of the images of `all`, whose im2col matrices of `size` bytes per image
/// take at most `bytes`. Each range starts at an aligned address.
fn chunks(bytes: usize, all: &CubeTensor, size: usize) -> Vec<(usize, usize)> {
    let [pictures, h, w, c] = all.meta.shape().dims();
    let alignment = all.client.properties().memory.alignment as usize;
    let picture = h * w * c * all.dtype.size();
    // The alignment is a power of two.
    let step = alignment / alignment.min(1 << picture.trailing_zeros());
    let most = (bytes / size / step * step).max(step);
    (0..pictures).step_by(most).map(|first| (first, most.min(pictures - first))).collect()
}

/// The images `first .. first + count` of a row-major tensor, sharing its memory.
fn part(all: &CubeTensor, first: usize, count: usize) -> CubeTensor {
    let [pictures, h, w, c] = all.meta.shape().dims();
    if count == pictures {
        return all.clone();
    }
    let picture = (h * w * c * all.dtype.size()) as u64;
    // The allocation may be larger than requested.
    let beyond = all.handle.size_in_used() - picture * pictures as u64;
    let handle = all.handle.clone().offset_start(picture * first as u64);
    let handle = handle.offset_end(beyond + picture * (pictures - first - count) as u64);
    let (client, device) = (all.client.clone(), all.device.clone());
    CubeTensor::new_contiguous(client, device, Shape::new([count, h, w, c]), handle, all.dtype)
}

/// Feature maps `[n, h, w, c]` as a matrix `[n · h · w, c]`, its rows zero-padded to `row`
/// values.
fn matrix(maps: CubeTensor, row: usize) -> CubeTensor {
    let [n, h, w, c] = maps.meta.shape().dims();
    if c == row {
        return reshaped(maps, [n * h * w, c]);
    }
    let pointwise = Convolution::new([n, c, h, w], [1, c, 1, 1], [1, 1], [0, 0]);
    unrolled(&maps, &pointwise, Of::Input, 0, n)
}

/// A row-major tensor in another shape.
fn reshaped<const D: usize>(tensor: CubeTensor, shape: [usize; D]) -> CubeTensor {
    CubeBackend::float_reshape(tensor, shape.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_divide_the_windows_evenly_and_fit_into_memory() {
        for windows in [1, 7, 49, 256, 4096, 131_072, 100_003] {
            for (c_out, row) in [(1, 8), (64, 576), (512, 4608), (2048, 512)] {
                let number = parts(windows, c_out, row);
                assert!(windows.is_multiple_of(number), "{windows} in {number}");
                assert!(number == 1 || 4 * number * c_out * row <= PARTS);
                assert!(number == 1 || windows / number >= LEAST);
            }
        }
        assert_eq!(parts(131_072, 64, 576), 32, "five tiles do not occupy a device");
    }
}

/// Runs only with `SEMPAIRS_DEVICE=wgpu`, as the parity tests on that device.
#[cfg(all(test, feature = "wgpu"))]
mod on_wgpu {
    use burn::tensor::{Device, DeviceKind, Distribution, Tensor};

    use super::super::super::super::lists::{float_tensor, primitive};
    use super::*;

    fn maps_of(shape: [usize; 4], device: &Device) -> CubeTensor {
        let values = Tensor::<1>::random(
            [shape.iter().product::<usize>()],
            Distribution::Uniform(-1.0, 1.0),
            device,
        );
        reshaped(primitive(&values), shape)
    }

    fn bits(tensor: CubeTensor) -> Vec<u32> {
        let length = tensor.meta.num_elements();
        let tensor: Tensor<1> = float_tensor(reshaped(tensor, [length]));
        tensor.into_data().try_to_vec::<f32>().unwrap().into_iter().map(f32::to_bits).collect()
    }

    #[test]
    fn a_batch_in_parts_gives_the_same_result_as_a_whole_batch() {
        let device = Device::wgpu(DeviceKind::DefaultDevice);
        let convolution = Convolution::new([37, 5, 6, 7], [9, 5, 3, 3], [2, 1], [1, 1]);
        let Convolution { output: [h, w], .. } = convolution;
        let x = maps_of([37, 5, 6, 7], &device);
        let weight = maps_of([9, 5, 3, 3], &device);
        let gradient = maps_of([37, 9, h, w], &device);
        let few = 1;
        let forward = |bytes| forward_within(bytes, x.clone(), weight.clone(), &convolution);
        assert_eq!(bits(forward(few)), bits(forward(UNROLLED)));
        let of_input =
            |bytes| input_gradient_within(bytes, weight.clone(), gradient.clone(), &convolution);
        assert_eq!(bits(of_input(few)), bits(of_input(UNROLLED)));
        // The order of these sums differs.
        let of_weight =
            |bytes| weight_gradient_within(bytes, x.clone(), gradient.clone(), &convolution);
        let floats = |bytes| bits(of_weight(bytes)).into_iter().map(f32::from_bits);
        for (few, all) in floats(few).zip(floats(UNROLLED)) {
            assert!((few - all).abs() < 1e-4 * all.abs().max(1.0), "{few} and {all}");
        }
        let all = channels_last(x.clone());
        assert!(chunks(few, &all, 1 << 20).len() > 1, "all images at once");
    }
}
