use burn::module::Module;
use burn::tensor::{Device, Tensor};
use sempairs_backbone::{Backbone, seed_parameters};

use crate::{Projector, ProjectorConfig};

/// A backbone and the head on top of it.
#[derive(Module, Debug)]
pub struct Encoder<B: Backbone> {
    /// The network that outlives pre-training.
    pub backbone: B,
    /// The head, thrown away after it.
    pub projector: Projector,
}

impl<B: Backbone> Encoder<B> {
    /// Joins a backbone and a fresh head, whose weights follow from the seed.
    pub fn new(backbone: B, projector: &ProjectorConfig, seed: u64, device: &Device) -> Self {
        let projector = projector.init(backbone.features(), device);
        Self { backbone, projector: seed_parameters(projector, seed) }
    }

    /// Pictures to embeddings.
    ///
    /// # Shapes
    /// - images: `[n, 3, h, w]`
    /// - output: `[n, d]`
    pub fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        self.projector.forward(self.backbone.forward(images))
    }
}
