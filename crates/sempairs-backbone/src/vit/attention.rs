use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::activation::softmax;
use burn::tensor::{Device, Tensor};
use sempairs_kernels::attention;

use super::block::linear;

/// Multi-head self-attention, `softmax(q kᵀ / sqrt(d / heads)) v` for each head (Vaswani et al.,
/// arXiv 1706.03762).
#[derive(Module, Debug)]
pub struct Attention {
    /// Queries, keys and values of all heads, one behind the other.
    pub qkv: Linear,
    /// What joins the heads.
    pub proj: Linear,
    heads: usize,
}

impl Attention {
    /// Attention of `heads` heads among tokens of `dim` values.
    pub fn new(dim: usize, heads: usize, device: &Device) -> Self {
        Self {
            qkv: LinearConfig::new(dim, 3 * dim).init(device),
            proj: LinearConfig::new(dim, dim).init(device),
            heads,
        }
    }

    /// What each token gathers from all: the values weighted by [`weights`](Self::weights), head by head, projected.
    ///
    /// # Shapes
    /// - input, output: `[batch, tokens, dim]`
    pub fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        linear(&self.proj, attention(linear(&self.qkv, x), self.heads))
    }

    /// How much each token attends to each; rows sum to one.
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
