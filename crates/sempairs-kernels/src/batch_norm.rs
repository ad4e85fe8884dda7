//! Batch normalisation with batch statistics, optionally followed by a residual sum and ReLU.

use burn::backend::{Dispatch, DispatchTensor};
use burn::tensor::Tensor;

use crate::fused::ForwardOps;
use crate::precision::{cast_like, widen};
use crate::reference;
use crate::support::supports_layers;

/// Batch normalisation (Ioffe and Szegedy 2015, algorithm 1) over the batch and spatial axes:
/// `y = weight · (x − mean) / √(variance + ε) + bias`.
///
/// Returns `(y, mean, variance)`. The variance is the biased one of the formula; neither statistic
/// carries a gradient. [`running_statistics`](crate::running_statistics) updates running averages.
///
/// # Shapes
/// - `x`, `y`: `[n, c, h, w]`; `weight`, `bias`, `mean`, `variance`: `[c]`
///
/// # Panics
/// If `weight` or `bias` does not have `c` elements.
pub fn batch_norm(
    x: Tensor<4>,
    weight: Tensor<1>,
    bias: Tensor<1>,
    epsilon: f64,
) -> (Tensor<4>, Tensor<1>, Tensor<1>) {
    if !supports_layers(&x) {
        return widened(x, |x| reference::batch_norm(x, weight, bias, epsilon));
    }
    check(&x, &weight, &bias);
    let (weight, bias) = (widen(weight).into_dispatch(), widen(bias).into_dispatch());
    let x = x.into_dispatch();
    tensors(Dispatch::fused_batch_norm(x, weight, bias, epsilon, false))
}

/// [`batch_norm`] followed by ReLU: `y = max(0, batch_norm(x))`.
///
/// # Shapes
/// - as [`batch_norm`]
///
/// # Panics
/// As [`batch_norm`].
pub fn batch_norm_relu(
    x: Tensor<4>,
    weight: Tensor<1>,
    bias: Tensor<1>,
    epsilon: f64,
) -> (Tensor<4>, Tensor<1>, Tensor<1>) {
    if !supports_layers(&x) {
        return widened(x, |x| reference::batch_norm_relu(x, weight, bias, epsilon));
    }
    check(&x, &weight, &bias);
    let (weight, bias) = (widen(weight).into_dispatch(), widen(bias).into_dispatch());
    let x = x.into_dispatch();
    tensors(Dispatch::fused_batch_norm(x, weight, bias, epsilon, true))
}

/// End of a residual block (He et al. 2016, figure 2): `y = max(0, batch_norm(x) + skip)`.
///
/// # Shapes
/// - `skip`: `[n, c, h, w]`; the others as [`batch_norm`]
///
/// # Panics
/// As [`batch_norm`], and if the shapes of `x` and `skip` differ.
pub fn batch_norm_add_relu(
    x: Tensor<4>,
    skip: Tensor<4>,
    weight: Tensor<1>,
    bias: Tensor<1>,
    epsilon: f64,
) -> (Tensor<4>, Tensor<1>, Tensor<1>) {
    if !supports_layers(&x) {
        let skip = widen(skip);
        return widened(x, |x| reference::batch_norm_add_relu(x, skip, weight, bias, epsilon));
    }
    check(&x, &weight, &bias);
    assert_eq!(x.dims(), skip.dims(), "batch_norm_add_relu: shapes of x and skip");
    let skip = cast_like(skip, &x);
    let (x, skip) = (x.into_dispatch(), skip.into_dispatch());
    let (weight, bias) = (widen(weight).into_dispatch(), widen(bias).into_dispatch());
    tensors(Dispatch::fused_batch_norm_add_relu(x, skip, weight, bias, epsilon))
}

/// Runs an operation in at least 32 bits; its output is cast to the type of its input.
fn widened(
    x: Tensor<4>,
    operation: impl FnOnce(Tensor<4>) -> (Tensor<4>, Tensor<1>, Tensor<1>),
) -> (Tensor<4>, Tensor<1>, Tensor<1>) {
    let like = x.clone().detach();
    let (y, mean, variance) = operation(widen(x));
    (cast_like(y, &like), mean, variance)
}

fn check(x: &Tensor<4>, weight: &Tensor<1>, bias: &Tensor<1>) {
    let channels = x.dims()[1];
    assert_eq!(weight.dims(), [channels], "batch_norm: one weight per channel");
    assert_eq!(bias.dims(), [channels], "batch_norm: one bias per channel");
}

fn tensors(
    (y, mean, variance): (DispatchTensor, DispatchTensor, DispatchTensor),
) -> (Tensor<4>, Tensor<1>, Tensor<1>) {
    (Tensor::from_dispatch(y), Tensor::from_dispatch(mean), Tensor::from_dispatch(variance))
}
