//! 2D convolution, computed by one of several paths.
//!
//! `SEMPAIRS_CONV` selects the path of the process; see docs/kernels.md.

mod burn_kernels;
#[cfg(feature = "cudnn")]
mod cudnn;
pub(in crate::cube) mod filters;
mod gemm;
mod implicit;
mod path;
mod shape;
pub(in crate::cube) mod unroll;

use burn_cubecl::tensor::CubeTensor;

pub(crate) use path::Path;
use shape::Convolution;

/// `[n, c_out, h', w']`, channels innermost, in the type of `x`.
///
/// # Shapes
/// - `x`: `[n, c_in, h, w]`; `weight`: `[c_out, c_in, k_h, k_w]` in 32 bits
pub(super) fn forward(
    x: CubeTensor,
    weight: CubeTensor,
    stride: [usize; 2],
    padding: [usize; 2],
) -> CubeTensor {
    let path = Path::from_env();
    if let Some(strategy) = burn_kernels::strategy(path) {
        return burn_kernels::forward(strategy, x, weight, stride, padding);
    }
    #[cfg(feature = "cudnn")]
    if path == Path::Cudnn
        && let Some(y) = cudnn::forward(&x, &weight, stride, padding)
    {
        return y;
    }
    let (input, filters) = (x.meta.shape().dims(), weight.meta.shape().dims());
    let convolution = Convolution::new(input, filters, stride, padding);
    if path == Path::Implicit
        && let Some(y) = implicit::forward(&x, &weight, &convolution)
    {
        return y;
    }
    gemm::forward(x, weight, &convolution)
}

/// `∂L/∂x` for an input of shape `input`, channels innermost, in the type of the gradient.
pub(super) fn input_gradient(
    weight: CubeTensor,
    gradient: CubeTensor,
    input: [usize; 4],
    stride: [usize; 2],
    padding: [usize; 2],
) -> CubeTensor {
    let path = Path::from_env();
    if let Some(strategy) = burn_kernels::strategy(path) {
        return burn_kernels::input_gradient(strategy, weight, gradient, input, stride, padding);
    }
    #[cfg(feature = "cudnn")]
    if path == Path::Cudnn
        && let Some(dx) = cudnn::input_gradient(&weight, &gradient, input, stride, padding)
    {
        return dx;
    }
    let filters = weight.meta.shape().dims();
    gemm::input_gradient(weight, gradient, &Convolution::new(input, filters, stride, padding))
}

/// `∂L/∂weight` for filters of shape `filters`, in 32 bits.
pub(super) fn weight_gradient(
    x: CubeTensor,
    gradient: CubeTensor,
    filters: [usize; 4],
    stride: [usize; 2],
    padding: [usize; 2],
) -> CubeTensor {
    let path = Path::from_env();
    if let Some(strategy) = burn_kernels::strategy(path) {
        return burn_kernels::weight_gradient(strategy, x, gradient, filters, stride, padding);
    }
    #[cfg(feature = "cudnn")]
    if path == Path::Cudnn
        && let Some(dw) = cudnn::weight_gradient(&x, &gradient, filters, stride, padding)
    {
        return dw;
    }
    let input = x.meta.shape().dims();
    let convolution = Convolution::new(input, filters, stride, padding);
    if path == Path::Implicit
        && let Some(dw) = implicit::weight_gradient(&x, &gradient, &convolution)
    {
        return dw;
    }
    gemm::weight_gradient(x, gradient, &convolution)
}
