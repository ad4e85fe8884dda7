//! The layers of residual networks on CubeCL tensors, with hand-written gradients.
//!
//! Feature maps have the shape `[n, c, h, w]` and lie in memory with the channels innermost.
//! Weights are 32-bit floats and are cast to the type of the feature maps; their gradients are
//! accumulated and returned in 32 bits.

pub(in crate::cube) mod batch_norm;
pub(in crate::cube) mod convolution;
mod grid;
mod layout;
mod linear;
pub(in crate::cube) mod matmul;
pub(in crate::cube) mod pooling;
pub(in crate::cube) mod windows;

pub(crate) use convolution::Path;

use burn::tensor::DType;
use burn_cubecl::CubeBackend;
use burn_cubecl::tensor::CubeTensor;

use crate::fused::ops::{BackwardOps, BatchNormGradient, ForwardOps, Statistics, Wanted};

impl ForwardOps for CubeBackend {
    fn fused_conv2d(
        x: CubeTensor,
        weight: CubeTensor,
        stride: [usize; 2],
        padding: [usize; 2],
    ) -> CubeTensor {
        convolution::forward(x, weight, stride, padding)
    }

    fn fused_batch_norm(
        x: CubeTensor,
        weight: CubeTensor,
        bias: CubeTensor,
        epsilon: f64,
        with_relu: bool,
    ) -> (CubeTensor, CubeTensor, CubeTensor) {
        batch_norm::forward(x, None, weight, bias, epsilon, with_relu)
    }

    fn fused_batch_norm_add_relu(
        x: CubeTensor,
        skip: CubeTensor,
        weight: CubeTensor,
        bias: CubeTensor,
        epsilon: f64,
    ) -> (CubeTensor, CubeTensor, CubeTensor) {
        batch_norm::forward(x, Some(skip), weight, bias, epsilon, true)
    }

    fn fused_global_average_pool(x: CubeTensor) -> CubeTensor {
        pooling::mean(x)
    }

    fn fused_max_pool2d(
        x: CubeTensor,
        kernel: [usize; 2],
        stride: [usize; 2],
        padding: [usize; 2],
    ) -> CubeTensor {
        pooling::maximum(x, kernel, stride, padding)
    }

    fn fused_linear(x: CubeTensor, weight: CubeTensor, bias: CubeTensor) -> CubeTensor {
        linear::forward(x, weight, bias)
    }

    fn fused_fork(x: CubeTensor) -> (CubeTensor, CubeTensor) {
        (x.clone(), x)
    }
}

impl BackwardOps for CubeBackend {
    fn conv2d_input_gradient(
        weight: CubeTensor,
        gradient: CubeTensor,
        input: [usize; 4],
        stride: [usize; 2],
        padding: [usize; 2],
    ) -> CubeTensor {
        convolution::input_gradient(weight, gradient, input, stride, padding)
    }

    fn conv2d_weight_gradient(
        x: CubeTensor,
        gradient: CubeTensor,
        filters: [usize; 4],
        stride: [usize; 2],
        padding: [usize; 2],
    ) -> CubeTensor {
        convolution::weight_gradient(x, gradient, filters, stride, padding)
    }

    fn batch_norm_gradient(
        x: CubeTensor,
        relu_output: Option<CubeTensor>,
        statistics: Statistics<Self>,
        gradient: CubeTensor,
        wanted: Wanted,
    ) -> BatchNormGradient<Self> {
        batch_norm::gradient(x, relu_output, statistics, gradient, wanted)
    }

    fn global_average_pool_gradient(
        gradient: CubeTensor,
        input: [usize; 4],
        dtype: DType,
    ) -> CubeTensor {
        pooling::mean_gradient(gradient, input, dtype)
    }

    fn max_pool2d_gradient(
        x: CubeTensor,
        y: CubeTensor,
        gradient: CubeTensor,
        kernel: [usize; 2],
        stride: [usize; 2],
        padding: [usize; 2],
    ) -> CubeTensor {
        pooling::maximum_gradient([x, y, gradient], kernel, stride, padding)
    }

    fn linear_input_gradient(weight: CubeTensor, gradient: CubeTensor) -> CubeTensor {
        linear::input_gradient(weight, gradient)
    }

    fn linear_weight_gradient(x: CubeTensor, gradient: CubeTensor) -> CubeTensor {
        linear::weight_gradient(x, gradient)
    }

    fn linear_bias_gradient(gradient: CubeTensor) -> CubeTensor {
        linear::bias_gradient(gradient)
    }

    fn sum_of_maps(a: CubeTensor, b: CubeTensor) -> CubeTensor {
        layout::sum(a, b)
    }
}
