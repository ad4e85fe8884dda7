//! Self-attention.

use burn::backend::Dispatch;
use burn::tensor::Tensor;

use crate::fused::{self, ForwardTokenOps};
use crate::reference;

/// Multi-head self-attention, `softmax(q kᵀ / √(d / heads)) v` for each head (Vaswani et al., arXiv 1706.03762).
///
/// The weights of the tokens are made anew for the gradient, so that nothing of the size `tokens²` is kept.
///
/// # Shapes
/// - `qkv`: `[n, tokens, 3·d]`, queries, keys and values one behind the other, each head by head
/// - output: `[n, tokens, d]`
///
/// # Panics
/// If there is no head, or the heads do not share the queries, keys and values evenly.
pub fn attention(qkv: Tensor<3>, heads: usize) -> Tensor<3> {
    let [_, _, width] = qkv.dims();
    assert!(
        heads > 0 && width.is_multiple_of(3 * heads),
        "attention: {heads} heads share queries, keys and values of {width} numbers"
    );
    if !fused::tokens_on(&qkv) {
        return reference::attention(qkv, heads);
    }
    Tensor::from_dispatch(Dispatch::fused_attention(qkv.into_dispatch(), heads))
}
