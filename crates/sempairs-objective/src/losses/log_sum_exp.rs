use burn::tensor::{Bool, Tensor};

use super::stop_gradient::stop_gradient;

/// `log sum_k exp(x_ik)` of each row `i` over the entries `k` where `keep` is true, or over all
/// entries without `keep`.
///
/// It is computed as `m_i + log sum_k exp(x_ik - m_i)` with `m_i` the largest entry of the row, so
/// that it is stable for `x` of any magnitude. The gradient is the softmax of the row; that of the
/// other entries is zero.
///
/// # Shapes
/// - x: `[n, m]`
/// - keep: `[n, m]`, with at least one true entry per row
/// - output: `[n, 1]`, in nats
///
/// # Panics
///
/// If the shapes differ, or a row has no entry (`m = 0`).
pub fn log_sum_exp(x: Tensor<2>, keep: Option<Tensor<2, Bool>>) -> Tensor<2> {
    assert!(x.dims()[1] > 0, "log_sum_exp: the rows have no entry");
    let x = match keep {
        Some(keep) => {
            assert_eq!(keep.dims(), x.dims(), "log_sum_exp: `keep` has another shape than `x`");
            x.mask_fill(keep.bool_not(), f32::MIN / 2.0)
        }
        None => x,
    };
    let largest = stop_gradient(x.clone()).max_dim(1);
    (x - largest.clone()).exp().sum_dim(1).log() + largest
}
