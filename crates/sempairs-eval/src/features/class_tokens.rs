use burn::module::Module;
use burn::tensor::Tensor;
use sempairs_backbone::{Backbone, VisionTransformer};

use crate::ConfigError;

/// A vision transformer whose features are the concatenated class tokens of its last blocks.
#[derive(Module, Debug)]
pub(crate) struct ClassTokens {
    network: VisionTransformer,
    blocks: usize,
}

impl ClassTokens {
    /// The class tokens of the last `blocks` blocks.
    pub fn new(network: &VisionTransformer, blocks: usize) -> Result<Self, ConfigError> {
        let depth = network.depth();
        if blocks > depth {
            let reason = format!("is {blocks}, but the network has {depth} blocks");
            return Err(ConfigError::new("blocks", reason));
        }
        Ok(Self { network: network.clone(), blocks })
    }
}

impl Backbone for ClassTokens {
    fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        self.network.class_tokens(images, self.blocks)
    }

    fn features(&self) -> usize {
        self.blocks * self.network.features()
    }
}
