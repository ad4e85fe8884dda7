//! NT-Xent, the normalised temperature-scaled cross-entropy loss of SimCLR.

use burn::tensor::{Tensor, assert_shape};
use sempairs_kernels::log_sum_exp_of_others;
use serde::{Deserialize, Serialize};

/// Reduction of the `2n` terms of [`nt_xent()`].
///
/// SimCLR's paper takes the mean over all `2n` terms. The authors' code adds the mean over the left
/// anchors and the mean over the right anchors, which is twice that value, so the same learning
/// rate has another effect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reduction {
    /// Mean over all `2n` anchors: equation 1 of the paper.
    #[default]
    Mean,
    /// Mean over the left anchors plus mean over the right anchors: the authors' code.
    SumOfDirections,
}

impl Reduction {
    /// The loss as a multiple of the mean over all anchors.
    pub(crate) fn directions(self) -> f64 {
        match self {
            Self::Mean => 1.0,
            Self::SumOfDirections => 2.0,
        }
    }
}

/// NT-Xent loss: the cross-entropy of identifying the positive of each view among the `2n - 1`
/// other views of the batch.
///
/// With `u_1 .. u_2n` the rows of `left` and `right`, each L2-normalised, and `p(i)` the index of
/// the positive of `i`:
///
/// `L = -1/(2n) sum_i log( exp(u_i . u_p(i) / t) / sum_{k != i} exp(u_i . u_k / t) )`
///
/// doubled for [`Reduction::SumOfDirections`]. Source: Chen et al., "A Simple Framework for
/// Contrastive Learning of Visual Representations" (2020), equation 1.
///
/// # Shapes
/// - left, right: `[n, d]`
/// - output: `[1]`, in nats
///
/// # Panics
///
/// If the shapes differ or the temperature is not positive.
pub fn nt_xent(
    left: Tensor<2>,
    right: Tensor<2>,
    temperature: f64,
    reduction: Reduction,
) -> Tensor<1> {
    let [n, d] = left.dims();
    assert_shape!(right, [n, d]);
    assert!(temperature > 0.0, "the temperature must be positive, not {temperature}");
    let [left, right] = [normalize(left), normalize(right)];
    let positive = (left.clone() * right.clone()).sum() * 2.0 / temperature;
    let unit = Tensor::cat(vec![left, right], 0); // [2n, d]
    // The similarity of a view with itself is excluded.
    let total = log_sum_exp_of_others(unit, temperature).sum() - positive;
    total * (reduction.directions() / (2 * n) as f64)
}

/// L2-normalises each row: `x / max(|x|, 1e-12)`, with the epsilon of PyTorch's `normalize`.
///
/// # Shapes
/// - x, output: `[n, d]`
pub fn normalize(x: Tensor<2>) -> Tensor<2> {
    // Clamped before the square root, whose derivative at zero is infinite.
    let length = x.clone().square().sum_dim(1).clamp_min(1e-24).sqrt();
    x / length
}
