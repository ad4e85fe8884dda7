use burn::tensor::Tensor;

use super::stop_gradient::stop_gradient;

/// Soft assignment of pictures to prototypes that gives every prototype the same share of the
/// batch, by the Sinkhorn-Knopp algorithm. No gradient flows through it.
///
/// `Q = exp(scores / epsilon)`. Each iteration divides every column (a prototype) by `K` times its
/// sum, then every row (a picture) by `B` times its sum. At the end `Q` is multiplied by `B`, so
/// that each row sums to one.
///
/// Source: Caron et al., "Unsupervised Learning of Visual Features by Contrasting Cluster
/// Assignments" (arXiv 2006.09882), section 3.1 and appendix A. The paper uses three iterations.
///
/// # Shapes
/// - scores, output: `[B, K]`
///
/// # Panics
///
/// If `epsilon` is not positive or `iterations` is zero.
pub fn sinkhorn(scores: Tensor<2>, epsilon: f64, iterations: usize) -> Tensor<2> {
    assert!(epsilon > 0.0, "epsilon must be positive, not {epsilon}");
    assert!(iterations > 0, "at least one iteration is needed");
    let scores = stop_gradient(scores) / epsilon;
    // A common factor of all exponentials cancels; this one avoids overflow.
    let largest = scores.clone().max().reshape([1, 1]);
    let mut q = (scores - largest).exp();
    // The factors 1/K and 1/B cancel in the next division, the last one with the final factor `B`.
    for _ in 0..iterations {
        q = q.clone() / q.sum_dim(0);
        q = q.clone() / q.sum_dim(1);
    }
    q
}
