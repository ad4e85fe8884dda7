use burn::module::{Initializer, Module, Param};
use burn::tensor::{Device, Tensor};

/// Layer normalisation over the values of a token, `(x - mean) / sqrt(variance + 1e-6) * weight + bias`,
/// variance biased (arXiv 1607.06450; the epsilon is the vision transformers').
///
/// Unlike [`burn::nn::LayerNorm`], its fields bear PyTorch's names.
#[derive(Module, Debug)]
pub struct LayerNorm {
    /// The scale of each value.
    pub weight: Param<Tensor<1>>,
    /// The offset of each value.
    pub bias: Param<Tensor<1>>,
}

const EPSILON: f64 = 1e-6;

impl LayerNorm {
    /// Weight one, bias zero.
    pub fn new(dim: usize, device: &Device) -> Self {
        let constant = |value| Initializer::Constant { value }.init([dim], device);
        Self { weight: constant(1.0), bias: constant(0.0) }
    }

    /// Each token with mean 0 and variance 1, scaled and shifted.
    ///
    /// # Shapes
    /// - input, output: `[batch, tokens, dim]`
    pub fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        sempairs_kernels::layer_norm(x, self.weight.val(), self.bias.val(), EPSILON)
    }
}
