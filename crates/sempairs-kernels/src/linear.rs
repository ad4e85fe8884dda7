//! Linear layers.

use burn::backend::Dispatch;
use burn::tensor::Tensor;

use crate::fused::ForwardOps;
use crate::precision::{cast_like, widen};
use crate::reference;
use crate::support::supports_layers;

/// Linear layer: `y = x · weight + bias`. `weight` and `bias` are cast to the type of `x`.
///
/// # Shapes
/// - `x`: `[rows, inputs]`; `weight`: `[inputs, outputs]`; `bias`: `[outputs]`
/// - output: `[rows, outputs]`
///
/// # Panics
/// If the sizes disagree.
pub fn linear(x: Tensor<2>, weight: Tensor<2>, bias: Tensor<1>) -> Tensor<2> {
    if !supports_layers(&x) {
        let (weight, bias) = (cast_like(weight, &x), cast_like(bias, &x));
        return reference::linear(x, weight, bias);
    }
    let ([_, inputs], [weights, outputs]) = (x.dims(), weight.dims());
    assert_eq!(inputs, weights, "linear: columns of x and rows of the weight");
    assert_eq!(bias.dims(), [outputs], "linear: one bias per output");
    let (weight, bias) = (widen(weight).into_dispatch(), widen(bias).into_dispatch());
    let x = x.into_dispatch();
    Tensor::from_dispatch(Dispatch::fused_linear(x, weight, bias))
}
