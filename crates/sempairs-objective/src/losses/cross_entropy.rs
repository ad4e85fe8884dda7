use burn::tensor::Tensor;
use burn::tensor::activation::log_softmax;

use super::stop_gradient::stop_gradient;

/// Mean cross-entropy between the predictions of each view and the targets of the other views. The
/// views with targets come first. Targets get no gradient.
///
/// With `q_s` the targets of view `s < S` and `x_v` the logits of view `v < V`:
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
        // The targets of all other views are added up, so that the log-softmax is computed once.
        let others = targets.iter().enumerate().filter(|(s, _)| *s != v);
        let target = others.map(|(_, q)| stop_gradient(q.clone())).reduce(Tensor::add)?;
        Some((target * log_softmax(x.clone() / temperature, 1)).sum())
    });
    let total = terms.reduce(Tensor::add).expect("two views or more, one of them with targets");
    total / -((b * targets.len() * (logits.len() - 1)) as f64)
}
