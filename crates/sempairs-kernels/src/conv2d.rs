//! Convolution.

use burn::backend::Dispatch;
use burn::tensor::{DType, Device, Tensor};

use crate::fused::{self, ForwardOps};
use crate::precision::{follow, widen};
use crate::reference;

/// Convolves pictures with filters:
/// `y[n, o, i, j] = Σ_{c, a, b} weight[o, c, a, b] · x[n, c, i·s_h + a − p_h, j·s_w + b − p_w]`,
/// where `x` is zero outside the picture.
///
/// There is no bias, dilation or grouping: a batch normalisation follows every convolution of a
/// residual network.
///
/// Filters of another type are cast to the pictures'.
///
/// # Shapes
/// - `x`: `[n, c_in, h, w]`
/// - `weight`: `[c_out, c_in, k_h, k_w]`
/// - output: `[n, c_out, h', w']` with `h' = (h + 2·p_h − k_h) / s_h + 1`, and `w'` alike
pub fn conv2d(
    x: Tensor<4>,
    weight: Tensor<4>,
    stride: [usize; 2],
    padding: [usize; 2],
) -> Tensor<4> {
    if !fused::layers_on(&x) {
        let weight = follow(weight, &x);
        return reference::conv2d(x, weight, stride, padding);
    }
    let (x, weight) = (x.into_dispatch(), widen(weight).into_dispatch());
    Tensor::from_dispatch(Dispatch::fused_conv2d(x, weight, stride, padding))
}

/// Whether the convolutions of a device add products of values of a type up in at least 32 bits, so that a network can be
/// trained in it.
///
/// # Errors
/// The reason if they do not, with what to do about it.
#[cfg_attr(not(feature = "cube"), expect(unused_variables, reason = "the processor always does"))]
pub fn check_sums(device: &Device, dtype: DType) -> Result<(), String> {
    #[cfg(feature = "cube")]
    if let Some(reason) = crate::cube::conv_refusal(device, dtype) {
        return Err(reason);
    }
    Ok(())
}
