use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::activation::softmax;
use burn::tensor::{Device, Tensor};
use sempairs_kernels::attention;

use super::linear::linear;

/// Multi-head self-attention, `softmax(q kᵀ / sqrt(dim / heads)) v` for each head
/// (Vaswani et al., arXiv 1706.03762).
#[derive(Module, Debug)]
pub struct Attention {
    /// Projection to queries, keys and values of all heads, concatenated.
    pub qkv: Linear,
    /// Output projection of the concatenated heads.
    pub proj: Linear,
    heads: usize,
}

impl Attention {
    /// Creates attention with `heads` heads for tokens of dimension `dim`.
    pub fn new(dim: usize, heads: usize, device: &Device) -> Self {
        Self {
            qkv: LinearConfig::new(dim, 3 * dim).init(device),
            proj: LinearConfig::new(dim, dim).init(device),
            heads,
        }
    }

    /// Computes the output of the attention layer: for each head the values weighted by
    /// [`weights`](Self::weights), concatenated and projected.
    ///
    /// # Shapes
    /// - input, output: `[batch, tokens, dim]`
    pub fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        linear(&self.proj, attention(linear(&self.qkv, x), self.heads))
    }

    /// Computes the attention weights; each row sums to one.
    ///
    /// # Shapes
    /// - input: `[batch, tokens, dim]`
    /// - output: `[batch, heads, tokens, tokens]`
    pub fn weights(&self, x: Tensor<3>) -> Tensor<4> {
        let [batch, tokens, dim] = x.dims();
        let qkv = linear(&self.qkv, x);
        let [q, k] = [0, 1].map(|part| {
            qkv.clone()
                .narrow(2, part * dim, dim)
                .reshape([batch, tokens, self.heads, dim / self.heads])
                .swap_dims(1, 2)
        });
        let scale = ((dim / self.heads) as f64).sqrt().recip();
        softmax(q.mul_scalar(scale).matmul(k.swap_dims(2, 3)), 3)
    }
}
