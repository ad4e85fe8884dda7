use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::activation::softmax;
use burn::tensor::{Device, Tensor};

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

    /// # Shapes
    /// - input, output: `[batch, tokens, dim]`
    pub fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        let [batch, tokens, dim] = x.dims();
        let [q, k, v] = self.heads_of(x);
        let mixed = weights(q, k).matmul(v); // [batch, heads, tokens, dim / heads]
        self.proj.forward(mixed.swap_dims(1, 2).reshape([batch, tokens, dim]))
    }

    /// How much each token attends to each; rows sum to one.
    ///
    /// # Shapes
    /// - input: `[batch, tokens, dim]`
    /// - output: `[batch, heads, tokens, tokens]`
    pub fn weights(&self, x: Tensor<3>) -> Tensor<4> {
        let [q, k, _] = self.heads_of(x);
        weights(q, k)
    }

    /// Queries, keys and values, `[batch, heads, tokens, dim / heads]` each.
    fn heads_of(&self, x: Tensor<3>) -> [Tensor<4>; 3] {
        let [batch, tokens, dim] = x.dims();
        let qkv = self.qkv.forward(x);
        std::array::from_fn(|part| {
            qkv.clone()
                .narrow(2, part * dim, dim)
                .reshape([batch, tokens, self.heads, dim / self.heads])
                .swap_dims(1, 2)
        })
    }
}

fn weights(q: Tensor<4>, k: Tensor<4>) -> Tensor<4> {
    let scale = (q.dims()[3] as f64).sqrt().recip();
    softmax(q.mul_scalar(scale).matmul(k.swap_dims(2, 3)), 3)
}
