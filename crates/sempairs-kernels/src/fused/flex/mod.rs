//! The fused operations on Flex (CPU) tensors.

#![allow(
    clippy::needless_range_loop,
    reason = "iterator closures over arrays of registers are not inlined into vector code"
)]

mod attention;
mod batch_last;
mod buffer;
mod convolution;
mod exponential;
mod gelu;
mod geometry;
mod grid;
mod layer_norm;
mod linear;
mod matmul;
mod normalisation;
mod pooling;
mod reduction;
mod steps;
mod taps;
mod tokens;
mod transpose;
mod unroll;
mod winograd;

use burn::backend::Flex;
use burn::backend::tensor::FloatTensor;
use burn::tensor::DType;

use super::ops::{BackwardOps, BatchNormGradient, ForwardOps, Statistics, Wanted};
use batch_last::dims;
use geometry::Geometry;

type Value = FloatTensor<Flex>;

impl ForwardOps for Flex {
    fn fused_conv2d(x: Value, weight: Value, stride: [usize; 2], padding: [usize; 2]) -> Value {
        let geometry = Geometry::new(dims(&x), dims(&weight), stride, padding);
        convolution::forward(&x, &weight, geometry)
    }

    fn fused_batch_norm(
        x: Value,
        weight: Value,
        bias: Value,
        epsilon: f64,
        with_relu: bool,
    ) -> (Value, Value, Value) {
        normalisation::forward(&x, None, &weight, &bias, epsilon, with_relu)
    }

    fn fused_batch_norm_add_relu(
        x: Value,
        skip: Value,
        weight: Value,
        bias: Value,
        epsilon: f64,
    ) -> (Value, Value, Value) {
        normalisation::forward(&x, Some(&skip), &weight, &bias, epsilon, true)
    }

    fn fused_global_average_pool(x: Value) -> Value {
        pooling::mean(&x)
    }

    fn fused_max_pool2d(
        x: Value,
        kernel: [usize; 2],
        stride: [usize; 2],
        padding: [usize; 2],
    ) -> Value {
        pooling::max(&x, &Geometry::of_windows(dims(&x), kernel, stride, padding))
    }

    fn fused_linear(x: Value, weight: Value, bias: Value) -> Value {
        linear::forward(&x, &weight, &bias)
    }

    fn fused_fork(x: Value) -> (Value, Value) {
        (x.clone(), x)
    }
}

impl BackwardOps for Flex {
    fn conv2d_input_gradient(
        weight: Value,
        gradient: Value,
        input: [usize; 4],
        stride: [usize; 2],
        padding: [usize; 2],
    ) -> Value {
        let geometry = Geometry::new(input, dims(&weight), stride, padding);
        convolution::input_gradient(&weight, &gradient, geometry)
    }

    fn conv2d_weight_gradient(
        x: Value,
        gradient: Value,
        filters: [usize; 4],
        stride: [usize; 2],
        padding: [usize; 2],
    ) -> Value {
        let geometry = Geometry::new(dims(&x), filters, stride, padding);
        convolution::weight_gradient(&x, &gradient, geometry)
    }

    fn batch_norm_gradient(
        x: Value,
        relu_output: Option<Value>,
        statistics: Statistics<Self>,
        gradient: Value,
        wanted: Wanted,
    ) -> BatchNormGradient<Self> {
        normalisation::gradient(&x, relu_output.as_ref(), &statistics, &gradient, wanted)
    }

    fn global_average_pool_gradient(gradient: Value, input: [usize; 4], _: DType) -> Value {
        pooling::mean_gradient(&gradient, input)
    }

    fn max_pool2d_gradient(
        x: Value,
        y: Value,
        gradient: Value,
        kernel: [usize; 2],
        stride: [usize; 2],
        padding: [usize; 2],
    ) -> Value {
        let geometry = Geometry::of_windows(dims(&x), kernel, stride, padding);
        pooling::max_gradient(&x, &y, &gradient, &geometry)
    }

    fn linear_input_gradient(weight: Value, gradient: Value) -> Value {
        linear::input_gradient(&weight, &gradient)
    }

    fn linear_weight_gradient(x: Value, gradient: Value) -> Value {
        linear::weight_gradient(&x, &gradient)
    }

    fn linear_bias_gradient(gradient: Value) -> Value {
        linear::bias_gradient(&gradient)
    }

    fn sum_of_maps(a: Value, b: Value) -> Value {
        batch_last::sum(&a, &b)
    }
}
