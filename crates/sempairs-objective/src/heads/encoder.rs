use burn::module::Module;
use burn::tensor::{Device, Tensor};
use sempairs_backbone::{Backbone, seed_parameters};

use crate::{Projector, ProjectorConfig};

/// A backbone with a projection head.
#[derive(Module, Debug)]
pub struct Encoder<B: Backbone> {
    /// The network that is kept after pre-training.
    pub backbone: B,
    /// The projection head, which is discarded after pre-training.
    pub projector: Projector,
}

impl<B: Backbone> Encoder<B> {
    /// Adds a newly initialised head to a backbone. The seed determines the head's weights.
    pub fn new(backbone: B, projector: &ProjectorConfig, seed: u64, device: &Device) -> Self {
        let projector = projector.init(backbone.features(), device);
        Self { backbone, projector: seed_parameters(projector, seed) }
    }

    /// Computes the embeddings of pictures.
    ///
    /// # Shapes
    /// - images: `[n, 3, h, w]`
    /// - output: `[n, d]`
    pub fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        self.projector.forward(self.backbone.forward(images))
    }
}
