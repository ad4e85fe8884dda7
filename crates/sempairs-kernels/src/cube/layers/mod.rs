//! The layers of residual networks on tensors of CubeCL's runtimes, with hand-written gradients.
//!
//! Maps have the shape `[n, c, h, w]` as everywhere and lie in memory with the channels innermost. Weights are
//! 32-bit floats and are rounded to the type of what they meet; their gradients are summed and kept in 32 bits.

mod convolution;
mod layout;
mod linear;

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
        _: CubeTensor,
        _: CubeTensor,
        _: CubeTensor,
        _: f64,
        _: bool,
    ) -> (CubeTensor, CubeTensor, CubeTensor) {
        unreachable!("goes to the twin")
    }

    fn fused_batch_norm_add_relu(
        _: CubeTensor,
        _: CubeTensor,
        _: CubeTensor,
        _: CubeTensor,
        _: f64,
    ) -> (CubeTensor, CubeTensor, CubeTensor) {
        unreachable!("goes to the twin")
    }

    fn fused_global_average_pool(_: CubeTensor) -> CubeTensor {
        unreachable!("goes to the twin")
    }

    fn fused_max_pool2d(_: CubeTensor, _: [usize; 2], _: [usize; 2], _: [usize; 2]) -> CubeTensor {
        unreachable!("goes to the twin")
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
        _: CubeTensor,
        _: Option<CubeTensor>,
        _: Statistics<Self>,
        _: CubeTensor,
        _: Wanted,
    ) -> BatchNormGradient<Self> {
        unreachable!("goes to the twin")
    }

    fn global_average_pool_gradient(_: CubeTensor, _: [usize; 4]) -> CubeTensor {
        unreachable!("goes to the twin")
    }

    fn max_pool2d_gradient(
        _: CubeTensor,
        _: CubeTensor,
        _: CubeTensor,
        _: [usize; 2],
        _: [usize; 2],
        _: [usize; 2],
    ) -> CubeTensor {
        unreachable!("goes to the twin")
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
