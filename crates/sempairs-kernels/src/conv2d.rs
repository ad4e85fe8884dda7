//! 2D convolution.

use burn::backend::Dispatch;
use burn::tensor::{DType, Device, Tensor};

use crate::fused::ForwardOps;
use crate::precision::{cast_like, widen};
use crate::reference;
use crate::support::supports_layers;

/// 2D convolution (cross-correlation) with zero padding, without bias, dilation or groups:
/// `y[n, o, i, j] = Σ_{c, a, b} weight[o, c, a, b] · x[n, c, i′, j′]` with
/// `i′ = i·s_h + a − p_h` and `j′ = j·s_w + b − p_w`.
///
/// `weight` is cast to the type of `x`.
///
/// # Shapes
/// - `x`: `[n, c_in, h, w]`
/// - `weight`: `[c_out, c_in, k_h, k_w]`
/// - output: `[n, c_out, h', w']` with `h' = ⌊(h + 2·p_h − k_h) / s_h⌋ + 1`, and `w'` likewise
///
/// # Panics
/// If the numbers of channels disagree, a stride is zero, or the kernel is larger than the padded
/// input.
pub fn conv2d(
    x: Tensor<4>,
    weight: Tensor<4>,
    stride: [usize; 2],
    padding: [usize; 2],
) -> Tensor<4> {
    assert!(stride.iter().all(|&stride| stride > 0), "conv2d: a stride of zero");
    if !supports_layers(&x) {
        let weight = cast_like(weight, &x);
        return reference::conv2d(x, weight, stride, padding);
    }
    let (x, weight) = (x.into_dispatch(), widen(weight).into_dispatch());
    Tensor::from_dispatch(Dispatch::fused_conv2d(x, weight, stride, padding))
}

/// Checks that convolutions of type `dtype` accumulate in at least 32 bits on a device, as training
/// needs.
///
/// # Errors
/// The reason if they do not, and what to change.
#[cfg_attr(
    not(feature = "cube"),
    expect(unused_variables, reason = "on the CPU every sum has at least 32 bits")
)]
pub fn check_sums(device: &Device, dtype: DType) -> Result<(), String> {
    #[cfg(feature = "cube")]
    if let Some(reason) = crate::cube::conv_refusal(device, dtype) {
        return Err(reason);
    }
    Ok(())
}
