//! Pooling.

use burn::backend::Dispatch;
use burn::tensor::Tensor;

use crate::fused::{self, ForwardOps};
use crate::reference;

/// Averages every channel over the whole map: `y[n, c] = Σ_{i, j} x[n, c, i, j] / (h·w)`.
///
/// # Shapes
/// - `x`: `[n, c, h, w]`
/// - output: `[n, c]`
pub fn global_average_pool(x: Tensor<4>) -> Tensor<2> {
    if !fused::on(&x) {
        return reference::global_average_pool(x);
    }
    Tensor::from_dispatch(Dispatch::fused_global_average_pool(x.into_dispatch()))
}
