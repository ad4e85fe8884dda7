//! The normalised temperature-scaled cross-entropy of SimCLR.

use burn::tensor::{Tensor, assert_shape};
use sempairs_kernels::log_sum_exp_of_others;
use serde::{Deserialize, Serialize};

/// How the `2n` terms of [`nt_xent()`] become one number.
///
/// SimCLR's paper averages over all `2n` terms; its code adds the mean over the left anchors to the
/// mean over the right ones, which is twice as much. With a given learning rate the two differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reduction {
    /// The mean over all `2n` anchors: equation 1 of the paper.
    #[default]
    Mean,
    /// The mean over the left anchors plus the mean over the right ones: the authors' code.
    SumOfDirections,
}

impl Reduction {
    /// How many times the mean over all anchors the loss is.
    pub(crate) fn directions(self) -> f64 {
        match self {
            Self::Mean => 1.0,
            Self::SumOfDirections => 2.0,
        }
    }
}

/// NT-Xent: every view must find its partner among the `2n - 1` other views of the batch.
///
/// With `u_1 .. u_2n` the rows of `left` and `right`, each divided by its length, and `p(i)` the row of
/// `i`'s partner:
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
    assert!(temperature > 0.0, "the temperature is positive, not {temperature}");
    let [left, right] = [normalize(left), normalize(right)];
    let positive = (left.clone() * right.clone()).sum() * 2.0 / temperature;
    let unit = Tensor::cat(vec![left, right], 0); // [2n, d]
    // A view is not its own negative.
    let total = log_sum_exp_of_others(unit, temperature).sum() - positive;
    total * (reduction.directions() / (2 * n) as f64)
}

/// Each row divided by its Euclidean length, which is taken as at least `1e-12`, PyTorch's bound.
///
/// # Shapes
/// - x, output: `[n, d]`
pub fn normalize(x: Tensor<2>) -> Tensor<2> {
    // Bounded before the root, whose derivative at zero is infinite.
    let length = x.clone().square().sum_dim(1).clamp_min(1e-24).sqrt();
    x / length
}
