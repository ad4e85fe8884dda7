//! Pooling.

use burn::backend::Dispatch;
use burn::tensor::Tensor;

use crate::fused::ForwardOps;
use crate::precision::widen;
use crate::reference;
use crate::support::supports_layers;

/// Global average pooling, `y[n, c] = Σ_{i, j} x[n, c, i, j] / (h·w)`, computed in 32 bits.
///
/// # Shapes
/// - `x`: `[n, c, h, w]`
/// - output: `[n, c]`
pub fn global_average_pool(x: Tensor<4>) -> Tensor<2> {
    if !supports_layers(&x) {
        return reference::global_average_pool(widen(x));
    }
    Tensor::from_dispatch(Dispatch::fused_global_average_pool(x.into_dispatch()))
}

/// Max pooling, `y[n, c, i, j] = max_{a, b} x[n, c, i·s_h + a − p_h, j·s_w + b − p_w]` over
/// the positions inside the input.
///
/// The gradient goes to the first maximum of each window in row-major order, as in PyTorch.
///
/// # Shapes
/// - `x`: `[n, c, h, w]`
/// - output: `[n, c, h', w']` with `h' = ⌊(h + 2·p_h − k_h) / s_h⌋ + 1`, and `w'` likewise
///
/// # Panics
/// If a stride or a side of the input is zero, or the padding is larger than half the kernel.
pub fn max_pool2d(
    x: Tensor<4>,
    kernel: [usize; 2],
    stride: [usize; 2],
    padding: [usize; 2],
) -> Tensor<4> {
    if !supports_layers(&x) {
        return reference::max_pool2d(x, kernel, stride, padding);
    }
    Tensor::from_dispatch(Dispatch::fused_max_pool2d(x.into_dispatch(), kernel, stride, padding))
}
