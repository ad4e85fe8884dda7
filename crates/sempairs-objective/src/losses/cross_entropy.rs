use burn::tensor::Tensor;
use burn::tensor::activation::log_softmax;

use super::stop_gradient::stop_gradient;

/// The mean cross-entropy of views against the targets of other views, which get no gradient; the views with
/// targets come first.
///
/// With `q_s` the targets of view `s < S`, `x_v` the logits of view `v < V`:
///
/// `-1/S sum_{s < S} 1/(V - 1) sum_{v != s} 1/b sum_i sum_k q_s,ik log softmax(x_v,i / t)_k`
///
/// # Shapes
/// - logits: `[b, K]` each, two or more
/// - targets: `[b, K]` each, rows that sum to one
/// - output: `[1]`, in nats
pub(crate) fn cross_entropy_across(
    logits: &[Tensor<2>],
    targets: &[Tensor<2>],
    temperature: f64,
) -> Tensor<1> {
    let [b, _] = logits[0].dims();
    let terms = logits.iter().enumerate().filter_map(|(v, x)| {
        // All that this view must match, at once: its logarithms are taken once.
        let others = targets.iter().enumerate().filter(|(s, _)| *s != v);
        let target = others.map(|(_, q)| stop_gradient(q.clone())).reduce(Tensor::add)?;
        Some((target * log_softmax(x.clone() / temperature, 1)).sum())
    });
    let total = terms.reduce(Tensor::add).expect("some view is held to another");
    total / -((b * targets.len() * (logits.len() - 1)) as f64)
}
