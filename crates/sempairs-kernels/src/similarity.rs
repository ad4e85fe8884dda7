//! Contrastive losses on dot products of embeddings.

#[cfg(feature = "cube")]
use burn::backend::Dispatch;
use burn::tensor::Tensor;
#[cfg(feature = "cube")]
use burn::tensor::{DType, activation::softplus};

#[cfg(feature = "cube")]
use crate::cube::{self, LossOps};
use crate::reference;

/// Log-sum-exp of the similarities of each query to all keys,
/// `lᵢ = log Σⱼ exp(queriesᵢ · keysⱼ / t)`.
///
/// # Shapes
/// - `queries`: `[n, d]`; `keys`: `[k, d]`
/// - output: `[n]`, in 32 bits where the operation is fused
///
/// # Panics
/// If the widths differ.
pub fn log_sum_exp(queries: Tensor<2>, keys: Tensor<2>, temperature: f64) -> Tensor<1> {
    assert_eq!(queries.dims()[1], keys.dims()[1], "log_sum_exp: widths of queries and keys");
    #[cfg(feature = "cube")]
    if cube::supports(&queries) && queries.dtype() == keys.dtype() {
        let (queries, keys) = (queries.into_dispatch(), keys.into_dispatch());
        return Tensor::from_dispatch(Dispatch::fused_log_sum_exp(
            queries,
            keys,
            temperature.recip(),
        ));
    }
    reference::log_sum_exp(queries, keys, temperature)
}

/// Log-sum-exp of the similarities of each row to the other rows of a matrix,
/// `lᵢ = log Σ_{j ≠ i} exp(xᵢ · xⱼ / t)`: the denominators of SimCLR's loss.
///
/// # Shapes
/// - `x`: `[n, d]` with `n ≥ 2`
/// - output: `[n]`, in 32 bits where the operation is fused
///
/// # Panics
/// If there is a single row.
pub fn log_sum_exp_of_others(x: Tensor<2>, temperature: f64) -> Tensor<1> {
    assert!(x.dims()[0] > 1, "log_sum_exp_of_others: needs at least two rows");
    #[cfg(feature = "cube")]
    if cube::supports(&x) {
        let result = Dispatch::fused_log_sum_exp_of_others(x.into_dispatch(), temperature.recip());
        return Tensor::from_dispatch(result);
    }
    reference::log_sum_exp_of_others(x, temperature)
}

/// InfoNCE of embeddings with one positive per query and shared negatives:
/// `Lᵢ = −log(exp(sᵢ) / (exp(sᵢ) + Σⱼ exp(qᵢ · kⱼ / t)))` with
/// `sᵢ = qᵢ · k⁺ᵢ / t`.
///
/// Computed as `softplus(lᵢ − sᵢ)` with `l` of [`log_sum_exp`], without the
/// matrix of similarities. Source: He et al., "Momentum Contrast for Unsupervised Visual
/// Representation Learning" (2020), equation 1.
///
/// # Shapes
/// - `queries`, `positives`: `[n, d]`; `keys`: `[k, d]`
/// - output: `[n]`, in nats
///
/// # Panics
/// If the shapes disagree.
pub fn info_nce_from_embeddings(
    queries: Tensor<2>,
    positives: Tensor<2>,
    keys: Tensor<2>,
    temperature: f64,
) -> Tensor<1> {
    assert_eq!(
        queries.dims(),
        positives.dims(),
        "info_nce_from_embeddings: shapes of queries and positives"
    );
    #[cfg(feature = "cube")]
    if cube::supports(&queries) {
        let [q, k] = [queries.clone(), positives].map(|x| x.cast(DType::F32));
        let positive = (q * k).sum_dim(1).squeeze_dim::<1>(1) / temperature;
        return softplus(log_sum_exp(queries, keys, temperature).cast(DType::F32) - positive, 1.0);
    }
    reference::info_nce_from_embeddings(queries, positives, keys, temperature)
}
