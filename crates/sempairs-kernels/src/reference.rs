//! The plain twins: what every operation of this crate means, in Burn's own tensor operations.

use burn::tensor::Tensor;
use burn::tensor::activation::{relu, softmax};
use burn::tensor::module::{adaptive_avg_pool2d, batch_norm_train};
use burn::tensor::ops::{ConvOptions, MaxPoolOptions};

use crate::precision::{follow, widen};

/// The twin of [`conv2d`](crate::conv2d()): [`burn::tensor::module::conv2d`] without bias, dilation
/// or groups.
///
/// # Shapes
/// - `x`: `[n, c_in, h, w]`
/// - `weight`: `[c_out, c_in, k_h, k_w]`
/// - output: `[n, c_out, h', w']`
pub fn conv2d(
    x: Tensor<4>,
    weight: Tensor<4>,
    stride: [usize; 2],
    padding: [usize; 2],
) -> Tensor<4> {
    burn::tensor::module::conv2d(x, weight, None, ConvOptions::new(stride, padding, [1, 1], 1))
}

/// The twin of [`batch_norm`](crate::batch_norm()).
///
/// # Shapes
/// - `x`: `[n, c, h, w]`; `weight`, `bias`: `[c]`
/// - output: `[n, c, h, w]`, mean `[c]`, variance `[c]`
pub fn batch_norm(
    x: Tensor<4>,
    weight: Tensor<1>,
    bias: Tensor<1>,
    epsilon: f64,
) -> (Tensor<4>, Tensor<1>, Tensor<1>) {
    let result = batch_norm_train(x, weight, bias, epsilon);
    (result.output, result.mean, result.variance)
}

/// The twin of [`batch_norm_relu`](crate::batch_norm_relu).
///
/// # Shapes
/// - as [`batch_norm`]
pub fn batch_norm_relu(
    x: Tensor<4>,
    weight: Tensor<1>,
    bias: Tensor<1>,
    epsilon: f64,
) -> (Tensor<4>, Tensor<1>, Tensor<1>) {
    let (y, mean, variance) = batch_norm(x, weight, bias, epsilon);
    (relu(y), mean, variance)
}

/// The twin of [`batch_norm_add_relu`](crate::batch_norm_add_relu).
///
/// # Shapes
/// - `skip`: `[n, c, h, w]`; the others as [`batch_norm`]
pub fn batch_norm_add_relu(
    x: Tensor<4>,
    skip: Tensor<4>,
    weight: Tensor<1>,
    bias: Tensor<1>,
    epsilon: f64,
) -> (Tensor<4>, Tensor<1>, Tensor<1>) {
    let (y, mean, variance) = batch_norm(x, weight, bias, epsilon);
    (relu(y + skip), mean, variance)
}

/// The twin of [`global_average_pool`](crate::global_average_pool).
///
/// # Shapes
/// - `x`: `[n, c, h, w]`
/// - output: `[n, c]`
pub fn global_average_pool(x: Tensor<4>) -> Tensor<2> {
    adaptive_avg_pool2d(x, [1, 1]).flatten(1, 3)
}

/// The twin of [`max_pool2d`](crate::max_pool2d): [`burn::tensor::module::max_pool2d`].
///
/// # Shapes
/// - `x`: `[n, c, h, w]`
/// - output: `[n, c, h', w']`
pub fn max_pool2d(
    x: Tensor<4>,
    kernel: [usize; 2],
    stride: [usize; 2],
    padding: [usize; 2],
) -> Tensor<4> {
    let options = MaxPoolOptions::new(kernel).with_stride(stride).with_padding(padding);
    burn::tensor::module::max_pool2d(x, options)
}

/// The twin of [`linear`](crate::linear()): a product of matrices and a sum.
///
/// # Shapes
/// - `x`: `[rows, inputs]`; `weight`: `[inputs, outputs]`; `bias`: `[outputs]`
/// - output: `[rows, outputs]`
pub fn linear(x: Tensor<2>, weight: Tensor<2>, bias: Tensor<1>) -> Tensor<2> {
    x.matmul(weight) + bias.unsqueeze()
}

/// The twin of [`layer_norm`](crate::layer_norm()).
///
/// # Shapes
/// - `x`, output: `[.., d]`; `weight`, `bias`: `[d]`
pub fn layer_norm<const D: usize>(
    x: Tensor<D>,
    weight: Tensor<1>,
    bias: Tensor<1>,
    epsilon: f64,
) -> Tensor<D> {
    let centred = x.clone() - x.mean_dim(D - 1);
    let variance = centred.clone().square().mean_dim(D - 1);
    let scaled = centred / variance.add_scalar(epsilon).sqrt();
    scaled * weight.unsqueeze() + bias.unsqueeze()
}

/// The twin of [`gelu`](crate::gelu()): [`burn::tensor::activation::gelu`].
///
/// # Shapes
/// - `x`, output: any
pub fn gelu<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    burn::tensor::activation::gelu(x)
}

/// The twin of [`attention`](crate::attention()).
///
/// # Shapes
/// - `qkv`: `[n, tokens, 3·d]`
/// - output: `[n, tokens, d]`
pub fn attention(qkv: Tensor<3>, heads: usize) -> Tensor<3> {
    let [n, tokens, width] = qkv.dims();
    let d = width / 3;
    let [q, k, v] = std::array::from_fn(|part| {
        let part = qkv.clone().narrow(2, part * d, d);
        part.reshape([n, tokens, heads, d / heads]).swap_dims(1, 2)
    });
    let scale = ((d / heads) as f64).sqrt().recip();
    let logits = widen(q.mul_scalar(scale).matmul(k.swap_dims(2, 3)));
    let weights = follow(softmax(logits, 3), &v);
    weights.matmul(v).swap_dims(1, 2).reshape([n, tokens, d])
}
