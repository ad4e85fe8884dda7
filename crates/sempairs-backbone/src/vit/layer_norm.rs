use burn::module::{Initializer, Module, Param};
use burn::tensor::{Device, Tensor};

/// Layer normalisation over the values of a token, `(x - mean) / sqrt(variance + 1e-6) * weight +
/// bias`, with the biased variance (arXiv 1607.06450). The epsilon is that of vision transformers.
///
/// Unlike in [`burn::nn::LayerNorm`], the fields have PyTorch's names.
#[derive(Module, Debug)]
pub struct LayerNorm {
    /// Scale of each value.
    pub weight: Param<Tensor<1>>,
    /// Offset of each value.
    pub bias: Param<Tensor<1>>,
}

const EPSILON: f64 = 1e-6;

impl LayerNorm {
    /// Creates the layer, with weight one and bias zero.
    pub fn new(dim: usize, device: &Device) -> Self {
        let constant = |value| Initializer::Constant { value }.init([dim], device);
        Self { weight: constant(1.0), bias: constant(0.0) }
    }

    /// Normalises each token to mean 0 and variance 1, then scales and shifts it.
    ///
    /// # Shapes
    /// - input, output: `[batch, tokens, dim]`
    pub fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        sempairs_kernels::layer_norm(x, self.weight.val(), self.bias.val(), EPSILON)
    }
}
