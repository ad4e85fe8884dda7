//! A tensor used by two branches.

use burn::backend::Dispatch;
use burn::tensor::Tensor;

use crate::fused::ForwardOps;
use crate::support::supports_layers;

/// The same tensor twice, for the two branches of a residual block.
///
/// The two gradients are added in the memory layout of the fused operations; cloning the tensor
/// instead would add, and copy, them in row-major order.
///
/// # Shapes
/// - `x`, both outputs: `[n, c, h, w]`
///
/// # Panics
/// If only one of the outputs contributes to the loss of a backward pass, since its gradient would
/// be lost.
pub fn fork(x: Tensor<4>) -> [Tensor<4>; 2] {
    if !supports_layers(&x) {
        return [x.clone(), x];
    }
    let (a, b) = Dispatch::fused_fork(x.into_dispatch());
    [Tensor::from_dispatch(a), Tensor::from_dispatch(b)]
}
