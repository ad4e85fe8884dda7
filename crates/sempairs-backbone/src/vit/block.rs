use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{DType, Device, Tensor};
use sempairs_kernels::gelu;

use super::{Attention, LayerNorm};

/// Two linear layers, four times as wide between them, with a GELU (exact, by the error function).
#[derive(Module, Debug)]
pub struct Mlp {
    /// Into the wide layer.
    pub fc1: Linear,
    /// Out of it.
    pub fc2: Linear,
}

/// A block with the norms before attention and perceptron: `x + attn(norm1(x))`, then `x + mlp(norm2(x))`.
#[derive(Module, Debug)]
pub struct TransformerBlock {
    /// Before attention.
    pub norm1: LayerNorm,
    /// Mixes tokens.
    pub attn: Attention,
    /// Before the perceptron.
    pub norm2: LayerNorm,
    /// Works on each token alone.
    pub mlp: Mlp,
}

impl TransformerBlock {
    /// A block for tokens of `dim` values.
    pub fn new(dim: usize, heads: usize, device: &Device) -> Self {
        let linear = |from, to| LinearConfig::new(from, to).init(device);
        Self {
            norm1: LayerNorm::new(dim, device),
            attn: Attention::new(dim, heads, device),
            norm2: LayerNorm::new(dim, device),
            mlp: Mlp { fc1: linear(dim, 4 * dim), fc2: linear(4 * dim, dim) },
        }
    }

    /// The tokens behind the block, in their own type; its products are made in the type `products`.
    ///
    /// # Shapes
    /// - input, output: `[batch, tokens, dim]`
    pub fn forward(&self, x: Tensor<3>, products: DType) -> Tensor<3> {
        self.forward_scaled(x, products, |branch| branch)
    }

    /// [`forward`](Self::forward), where what attention and perceptron add passes through `scale` before it is added.
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

    /// [`Attention::weights`] of the tokens that enter the block.
    ///
    /// # Shapes
    /// - input: `[batch, tokens, dim]`
    /// - output: `[batch, heads, tokens, tokens]`
    pub fn attention(&self, x: Tensor<3>, products: DType) -> Tensor<4> {
        self.attn.weights(self.norm1.forward(x).cast(products))
    }
}

/// A layer with a bias, on all tokens of all pictures at once.
pub(super) fn linear(layer: &Linear, x: Tensor<3>) -> Tensor<3> {
    let [batch, tokens, dim] = x.dims();
    let bias = layer.bias.as_ref().expect("the layers of a transformer have biases");
    let y =
        sempairs_kernels::linear(x.reshape([batch * tokens, dim]), layer.weight.val(), bias.val());
    let [_, width] = y.dims();
    y.reshape([batch, tokens, width])
}
