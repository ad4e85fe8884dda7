//! Self-attention.

use burn::backend::Dispatch;
use burn::tensor::Tensor;

use crate::fused::ForwardTokenOps;
use crate::reference;
use crate::support::supports_tokens;

/// Multi-head self-attention, `softmax(q kᵀ / √(d / heads)) v` per head (Vaswani et al.,
/// arXiv 1706.03762).
///
/// Attention weights are recomputed in the backward pass, so that no `[tokens, tokens]` matrix is
/// kept.
///
/// # Shapes
/// - `qkv`: `[n, tokens, 3·d]`, queries, keys and values concatenated, each split into heads
/// - output: `[n, tokens, d]`
///
/// # Panics
/// If `heads` is zero or does not divide `d`.
pub fn attention(qkv: Tensor<3>, heads: usize) -> Tensor<3> {
    let [_, _, width] = qkv.dims();
    assert!(
        heads > 0 && width.is_multiple_of(3 * heads),
        "attention: {width} values do not divide into queries, keys and values of {heads} heads"
    );
    if !supports_tokens(&qkv) {
        return reference::attention(qkv, heads);
    }
    Tensor::from_dispatch(Dispatch::fused_attention(qkv.into_dispatch(), heads))
}
