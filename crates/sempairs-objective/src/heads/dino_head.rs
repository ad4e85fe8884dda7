use burn::module::{Module, Param};
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Device, Tensor};
use sempairs_backbone::{seed_parameters, seed_transformer_parameters};

use crate::{Projector, ProjectorConfig, normalize};

/// DINO's head: a perceptron, its output at length one, and a last layer that is normalised by its weights.
///
/// `g_k v_k . u / |v_k|` for each of the `K` prototypes, with `u` the perceptron's output divided by its length.
/// The perceptron's weights are drawn from N(0, 0.02²), its biases are zero; `v` is drawn as a linear layer of
/// PyTorch, `g` is one. Source: `DINOHead` in the authors' code of DINO (arXiv 2104.14294); weight normalisation
/// is that of Salimans and Kingma (arXiv 1602.07868).
#[derive(Module, Debug)]
pub struct DinoHead {
    mlp: Projector,
    pub(crate) last_layer: LastLayer,
}

/// A linear layer without bias whose columns have lengths of their own.
#[derive(Module, Debug)]
pub(crate) struct LastLayer {
    /// `v`, `[d, K]`.
    pub(crate) direction: Linear,
    /// `g`, `[1, K]`.
    pub(crate) length: Param<Tensor<2>>,
}

impl DinoHead {
    /// A head for a backbone of so many features; with `fixed_lengths` the lengths `g` stay one.
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

    /// Features to embeddings, before they are brought to length one.
    ///
    /// # Shapes
    /// - x: `[n, features]`
    /// - output: `[n, d]`
    pub fn embed(&self, x: Tensor<2>) -> Tensor<2> {
        self.mlp.forward(x)
    }

    /// Embeddings to logits.
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
