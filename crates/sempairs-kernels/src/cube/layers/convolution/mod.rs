//! Convolution, by one of several paths.
//!
//! `SEMPAIRS_CONV` chooses the path for the whole process; docs/kernels.md says which suits what.

#[cfg(feature = "cudnn")]
mod cudnn;
mod direct;
pub(in crate::cube) mod filters;
mod gemm;
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
    match Path::of_process() {
        Path::Direct => return direct::forward(x, weight, stride, padding),
        #[cfg(feature = "cudnn")]
        Path::Cudnn => {
            if let Some(y) = cudnn::forward(&x, &weight, stride, padding) {
                return y;
            }
        }
        Path::Gemm => {}
    }
    let (input, filters) = (x.meta.shape().dims(), weight.meta.shape().dims());
    gemm::forward(x, weight, &Convolution::new(input, filters, stride, padding))
}

/// `∂L/∂x` for an input of shape `input`, channels innermost, in the type of the gradient.
pub(super) fn input_gradient(
    weight: CubeTensor,
    gradient: CubeTensor,
    input: [usize; 4],
    stride: [usize; 2],
    padding: [usize; 2],
) -> CubeTensor {
    match Path::of_process() {
        Path::Direct => return direct::input_gradient(weight, gradient, input, stride, padding),
        #[cfg(feature = "cudnn")]
        Path::Cudnn => {
            if let Some(dx) = cudnn::input_gradient(&weight, &gradient, input, stride, padding) {
                return dx;
            }
        }
        Path::Gemm => {}
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
    match Path::of_process() {
        Path::Direct => return direct::weight_gradient(x, gradient, filters, stride, padding),
        #[cfg(feature = "cudnn")]
        Path::Cudnn => {
            if let Some(dw) = cudnn::weight_gradient(&x, &gradient, filters, stride, padding) {
                return dw;
            }
        }
        Path::Gemm => {}
    }
    let input = x.meta.shape().dims();
    gemm::weight_gradient(x, gradient, &Convolution::new(input, filters, stride, padding))
}
