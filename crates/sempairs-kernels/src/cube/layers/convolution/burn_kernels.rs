//! Convolution by Burn's own kernels.
//!
//! The direct kernel accumulates in the type of the elements and uses no tensor cores. Autotuning
//! selects the fastest of all kernels, which may be the direct one.

use burn::backend::ops::ConvOptions;
use burn::tensor::{DType, Shape};
use burn_cubecl::kernel::cast;
use burn_cubecl::kernel::conv::{
    ConvStrategy, conv_data_backward, conv_forward, conv_weight_backward,
};
use burn_cubecl::tensor::CubeTensor;

use super::path::Path;

/// Burn's strategy for a path, or `None` if the path does not use Burn's kernels.
pub(super) fn strategy(path: Path) -> Option<ConvStrategy> {
    match path {
        Path::Direct => Some(ConvStrategy::Direct),
        #[cfg(feature = "tuned")]
        Path::Tuned => Some(ConvStrategy::Autotune),
        _ => None,
    }
}

fn options(stride: [usize; 2], padding: [usize; 2]) -> ConvOptions<2> {
    ConvOptions::new(stride, padding, [1, 1], 1)
}

/// `[n, c_out, h', w']`, channels innermost, in the type of `x`.
///
/// # Shapes
/// - `x`: `[n, c_in, h, w]`; `weight`: `[c_out, c_in, k_h, k_w]` in 32 bits
pub(super) fn forward(
    strategy: ConvStrategy,
    x: CubeTensor,
    weight: CubeTensor,
    stride: [usize; 2],
    padding: [usize; 2],
) -> CubeTensor {
    let weight = cast(weight, x.dtype);
    conv_forward(x, weight, None, options(stride, padding), strategy)
        .expect("the direct kernels, of which there is always one, take every convolution")
}

/// `∂L/∂x` for an input of shape `input`, channels innermost, in the type of the gradient.
pub(super) fn input_gradient(
    strategy: ConvStrategy,
    weight: CubeTensor,
    gradient: CubeTensor,
    input: [usize; 4],
    stride: [usize; 2],
    padding: [usize; 2],
) -> CubeTensor {
    let weight = cast(weight, gradient.dtype);
    let (input, options) = (Shape::new(input), options(stride, padding));
    conv_data_backward(gradient, weight, input, options, strategy)
        .expect("the direct kernels, of which there is always one, take every convolution")
}

/// `∂L/∂weight` for filters of shape `filters`, in 32 bits.
pub(super) fn weight_gradient(
    strategy: ConvStrategy,
    x: CubeTensor,
    gradient: CubeTensor,
    filters: [usize; 4],
    stride: [usize; 2],
    padding: [usize; 2],
) -> CubeTensor {
    let (filters, options) = (Shape::new(filters), options(stride, padding));
    let dw = conv_weight_backward(x, gradient, filters, options, strategy)
        .expect("the direct kernels, of which there is always one, take every convolution");
    cast(dw, DType::F32)
}
