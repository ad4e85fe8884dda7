use burn::tensor::Tensor;

use super::stop_gradient::stop_gradient;

/// Assigns pictures to prototypes such that each prototype gets the same share of the batch: the algorithm of
/// Sinkhorn and Knopp on the exponentials of the scores. Outside the graph.
///
/// `Q = exp(scores / epsilon)`; then so many times: each column (a prototype) is divided by `K` times its sum,
/// each row (a picture) by `B` times its sum; at the end `Q` times `B`, so that each row sums to one.
///
/// Source: Caron et al., "Unsupervised Learning of Visual Features by Contrasting Cluster Assignments"
/// (arXiv 2006.09882), section 3.1 and appendix A; three iterations in the paper.
///
/// # Shapes
/// - scores, output: `[B, K]`
///
/// # Panics
///
/// If epsilon is not positive or there is no iteration.
pub fn sinkhorn(scores: Tensor<2>, epsilon: f64, iterations: usize) -> Tensor<2> {
    assert!(epsilon > 0.0, "epsilon is positive, not {epsilon}");
    assert!(iterations > 0, "the rows of an assignment sum to one after an iteration");
    let scores = stop_gradient(scores) / epsilon;
    // A common factor of all exponentials changes nothing, and this one keeps them finite.
    let largest = scores.clone().max().reshape([1, 1]);
    let mut q = (scores - largest).exp();
    // The constant factors 1/K and 1/B cancel in the next division, but for the last, which `B` takes back.
    for _ in 0..iterations {
        q = q.clone() / q.sum_dim(0);
        q = q.clone() / q.sum_dim(1);
    }
    q
}
