use burn::tensor::{Bool, Tensor};

use super::stop_gradient::stop_gradient;

/// `log sum_k exp(x_ik)` of each row over the entries where `keep` is true, numerically stable for
/// `x` of any magnitude. The gradient of the other entries is zero.
///
/// # Shapes
/// - x, keep: `[n, m]`, with at least one true entry per row
/// - output: `[n, 1]`
pub(crate) fn log_sum_exp(x: Tensor<2>, keep: Option<Tensor<2, Bool>>) -> Tensor<2> {
    let x = match keep {
        Some(keep) => x.mask_fill(keep.bool_not(), f32::MIN / 2.0),
        None => x,
    };
    let largest = stop_gradient(x.clone()).max_dim(1);
    (x - largest.clone()).exp().sum_dim(1).log() + largest
}
