use burn::module::{Module, Param};
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Device, Tensor};
use sempairs_backbone::{seed_parameters, seed_transformer_parameters};

use crate::{Projector, ProjectorConfig, normalize};

/// DINO's projection head: an MLP, L2 normalisation of its output, and a weight-normalised linear
/// layer.
///
/// The logit of prototype `k` is `g_k v_k . u / |v_k|`, with `u` the L2-normalised output of the
/// MLP. The MLP's weights are initialised from N(0, 0.02²) and its biases with zero; `v` is
/// initialised as a linear layer of PyTorch and `g` with one. Source: `DINOHead` in the authors'
/// code of DINO (arXiv 2104.14294); weight normalisation is that of Salimans and Kingma (arXiv
/// 1602.07868).
#[derive(Module, Debug)]
pub struct DinoHead {
    mlp: Projector,
    pub(crate) last_layer: LastLayer,
}

/// A weight-normalised linear layer without bias: direction and norm of each column are separate
/// parameters.
#[derive(Module, Debug)]
pub(crate) struct LastLayer {
    /// Directions `v`, `[d, K]`.
    pub(crate) direction: Linear,
    /// Norms `g`, `[1, K]`.
    pub(crate) length: Param<Tensor<2>>,
}

impl DinoHead {
    /// A head for a backbone with `features` features. With `fixed_lengths` the norms `g` are not
    /// trained and stay one.
    pub fn new(
        mlp: &ProjectorConfig,
        prototypes: usize,
        fixed_lengths: bool,
        features: usize,
        seed: u64,
        device: &Device,
    ) -> Self {
        let direction = LinearConfig::new(mlp.output, prototypes).with_bias(false).init(device);
        let length = Param::from_tensor(Tensor::ones([1, prototypes], device));
        let last_layer = LastLayer { direction, length: length.set_require_grad(!fixed_lengths) };
        Self {
            mlp: seed_transformer_parameters(mlp.init(features, device), seed),
            last_layer: seed_parameters(last_layer, seed),
        }
    }

    /// Computes embeddings, the output of the MLP before L2 normalisation.
    ///
    /// # Shapes
    /// - x: `[n, features]`
    /// - output: `[n, d]`
    pub fn embed(&self, x: Tensor<2>) -> Tensor<2> {
        self.mlp.forward(x)
    }

    /// Computes logits over the prototypes from embeddings.
    ///
    /// # Shapes
    /// - embeddings: `[n, d]`
    /// - output: `[n, K]`
    pub fn logits(&self, embeddings: Tensor<2>) -> Tensor<2> {
        let direction = self.last_layer.direction.weight.val();
        let length = direction.clone().square().sum_dim(0).sqrt(); // [1, K]
        let weight = direction * (self.last_layer.length.val() / length); // [d, K]
        normalize(embeddings).matmul(weight)
    }
}
