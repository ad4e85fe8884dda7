use burn::tensor::{Tensor, assert_shape};

use super::stop_gradient::stop_gradient;
use crate::normalize;

/// Mean cosine similarity between predictions and targets, without gradient to the targets.
///
/// `1/n sum_i p_i . z_i / (|p_i| |z_i|)`
///
/// # Shapes
/// - prediction, target: `[n, d]`
/// - output: `[1]`
pub(crate) fn mean_cosine(prediction: Tensor<2>, target: Tensor<2>) -> Tensor<1> {
    let [n, d] = prediction.dims();
    assert_shape!(target, [n, d]);
    (normalize(prediction) * normalize(stop_gradient(target))).sum() / n as f64
}
