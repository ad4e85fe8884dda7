//! Layer normalisation.

use burn::backend::Dispatch;
use burn::tensor::Tensor;

use crate::fused::ForwardTokenOps;
use crate::precision::{cast_like, widen};
use crate::reference;
use crate::support::supports_tokens;

/// Layer normalisation over the last axis (Ba et al., arXiv 1607.06450):
/// `y = (x − mean) / √(variance + ε) · weight + bias`, with the biased variance.
///
/// Computed in 32 bits; the output has the type of `x`.
///
/// # Shapes
/// - `x`, output: `[.., d]`; `weight`, `bias`: `[d]`
///
/// # Panics
/// If `weight` or `bias` does not have `d` elements.
pub fn layer_norm<const D: usize>(
    x: Tensor<D>,
    weight: Tensor<1>,
    bias: Tensor<1>,
    epsilon: f64,
) -> Tensor<D> {
    if !supports_tokens(&x) {
        let like = x.clone().detach();
        return cast_like(reference::layer_norm(widen(x), weight, bias, epsilon), &like);
    }
    let shape = x.dims();
    let d = shape[D - 1];
    assert_eq!(weight.dims(), [d], "layer_norm: one weight per column");
    assert_eq!(bias.dims(), [d], "layer_norm: one bias per column");
    let rows = x.reshape([shape[..D - 1].iter().product(), d]);
    let (weight, bias) = (widen(weight).into_dispatch(), widen(bias).into_dispatch());
    let y = Dispatch::fused_layer_norm(rows.into_dispatch(), weight, bias, epsilon);
    Tensor::<2>::from_dispatch(y).reshape(shape)
}
