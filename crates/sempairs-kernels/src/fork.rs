//! A tensor that two operations read.

use burn::backend::Dispatch;
use burn::tensor::Tensor;

use crate::fused::{self, ForwardOps};

/// The same tensor twice, for the two ways through a residual block.
///
/// The gradients of both are added in the layout that the fused operations work in, where a tensor that is
/// cloned has them added, and thereby copied, in row-major order.
///
/// # Shapes
/// - `x`, both outputs: `[n, c, h, w]`
///
/// # Panics
/// When the graph of a backward pass is dropped in which only one of the two had a part: its gradient would be lost.
pub fn fork(x: Tensor<4>) -> [Tensor<4>; 2] {
    if !fused::layers_on(&x) {
        return [x.clone(), x];
    }
    let (a, b) = Dispatch::fused_fork(x.into_dispatch());
    [Tensor::from_dispatch(a), Tensor::from_dispatch(b)]
}
