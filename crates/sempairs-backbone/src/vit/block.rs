use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{DType, Device, Tensor};
use sempairs_kernels::gelu;

use super::linear::linear;
use super::{Attention, LayerNorm};

/// MLP of two linear layers with a GELU (exact, with the error function) between them; the hidden
/// layer has four times the width.
#[derive(Module, Debug)]
pub struct Mlp {
    /// The first linear layer.
    pub fc1: Linear,
    /// The second linear layer.
    pub fc2: Linear,
}

/// Pre-norm transformer block: `x + attn(norm1(x))`, then `x + mlp(norm2(x))`.
#[derive(Module, Debug)]
pub struct TransformerBlock {
    /// Layer normalisation before the attention.
    pub norm1: LayerNorm,
    /// Self-attention.
    pub attn: Attention,
    /// Layer normalisation before the MLP.
    pub norm2: LayerNorm,
    /// MLP applied to each token.
    pub mlp: Mlp,
}

impl TransformerBlock {
    /// Creates a block for tokens of dimension `dim`.
    pub fn new(dim: usize, heads: usize, device: &Device) -> Self {
        let linear = |from, to| LinearConfig::new(from, to).init(device);
        Self {
            norm1: LayerNorm::new(dim, device),
            attn: Attention::new(dim, heads, device),
            norm2: LayerNorm::new(dim, device),
            mlp: Mlp { fc1: linear(dim, 4 * dim), fc2: linear(4 * dim, dim) },
        }
    }

    /// Computes the tokens after the block, in the dtype of `x`; matrix products are computed in
    /// the dtype `products`.
    ///
    /// # Shapes
    /// - input, output: `[batch, tokens, dim]`
    pub fn forward(&self, x: Tensor<3>, products: DType) -> Tensor<3> {
        self.forward_scaled(x, products, |branch| branch)
    }

    /// Like [`forward`](Self::forward), with `scale` applied to the outputs of attention and MLP
    /// before they are added.
    pub(super) fn forward_scaled(
        &self,
        x: Tensor<3>,
        products: DType,
        mut scale: impl FnMut(Tensor<3>) -> Tensor<3>,
    ) -> Tensor<3> {
        let dtype = x.dtype();
        let attended = self.attn.forward(self.norm1.forward(x.clone()).cast(products));
        let x = x + scale(attended.cast(dtype));
        let hidden = linear(&self.mlp.fc1, self.norm2.forward(x.clone()).cast(products));
        x + scale(linear(&self.mlp.fc2, gelu(hidden)).cast(dtype))
    }

    /// Attention weights for the tokens `x` that enter the block (see [`Attention::weights`]).
    ///
    /// # Shapes
    /// - input: `[batch, tokens, dim]`
    /// - output: `[batch, heads, tokens, tokens]`
    pub fn attention(&self, x: Tensor<3>, products: DType) -> Tensor<4> {
        self.attn.weights(self.norm1.forward(x).cast(products))
    }
}
