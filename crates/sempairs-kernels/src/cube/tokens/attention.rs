//! Self-attention as batched matrix products, on tensor cores where available, with a softmax
//! kernel in between.
//!
//! Logits and the gradient of the attention weights are stored in 32 bits, attention weights and
//! other results in the type of the input. Matrix products accumulate in 32 bits. The gradient
//! recomputes the logits, so that no matrix of `tokens²` values is kept.

use burn::backend::ops::FloatTensorOps;
use burn::tensor::{DType, Shape};
use burn_cubecl::CubeBackend;
use burn_cubecl::tensor::CubeTensor;

use super::super::launch::beside;
use super::super::layers::matmul::matmul;
use super::heads::{Sizes, join, join_qkv, split, split_qkv};
use super::softmax;

/// `softmax(q kᵀ / √width) v` of every head, in the type of the input.
///
/// # Shapes
/// - `qkv`: `[n, tokens, 3·d]`, row-major
/// - output: `[n, tokens, d]`
pub(super) fn forward(qkv: CubeTensor, heads: usize) -> CubeTensor {
    let (sizes, dtype) = (Sizes::of(&qkv, heads), qkv.dtype);
    if sizes.is_empty() {
        let shape = Shape::new([sizes.pictures, sizes.tokens, heads * sizes.width]);
        return beside(&qkv, shape, dtype);
    }
    let [q, k, v] = split_qkv(qkv, sizes);
    let logits = matmul(q, transposed(k), DType::F32);
    let weights = softmax::forward(logits, sizes.tokens, scale(sizes), dtype);
    join(matmul(weights, v, dtype), sizes)
}

/// `∂L/∂qkv` in the type of the input: with `p` the weights of a head, `∂p = ∂y vᵀ` and
/// `∂l` the gradient of its logits, `∂q = ∂l k`, `∂k = ∂lᵀ q` and `∂v = pᵀ ∂y`.
///
/// # Shapes
/// - `qkv`, output: `[n, tokens, 3·d]`; `gradient`: `[n, tokens, d]`; inputs row-major and of one
///   type
pub(super) fn gradient(qkv: CubeTensor, gradient: CubeTensor, heads: usize) -> CubeTensor {
    let (sizes, dtype) = (Sizes::of(&qkv, heads), qkv.dtype);
    if sizes.is_empty() {
        return qkv;
    }
    let [q, k, v] = split_qkv(qkv, sizes);
    let dy = split(gradient, sizes);
    let logits = matmul(q.clone(), transposed(k.clone()), DType::F32);
    let slopes = matmul(dy.clone(), transposed(v), DType::F32);
    let [weights, slopes] =
        softmax::with_gradient(logits, slopes, sizes.tokens, scale(sizes), dtype);
    let dv = matmul(transposed(weights), dy, dtype);
    let dq = matmul(slopes.clone(), k, dtype);
    let dk = matmul(transposed(slopes), q, dtype);
    join_qkv([dq, dk, dv], sizes, dtype)
}

fn scale(sizes: Sizes) -> f64 {
    (sizes.width as f64).sqrt().recip()
}

fn transposed(matrices: CubeTensor) -> CubeTensor {
    CubeBackend::float_swap_dims(matrices, 1, 2)
}
