use burn::module::Module;
use burn::tensor::Tensor;

use crate::{Backbone, ResNet, VisionTransformer};

/// A backbone of any architecture, chosen at run time.
///
/// The parameters have the same names as without this wrapper, so weight files, seeded
/// initialisation and identity hashes do not depend on it.
#[derive(Module, Debug)]
pub enum AnyBackbone {
    /// A residual network (ResNet).
    Residual(ResNet),
    /// A vision transformer (ViT).
    Transformer(VisionTransformer),
}

impl From<ResNet> for AnyBackbone {
    fn from(network: ResNet) -> Self {
        Self::Residual(network)
    }
}

impl From<VisionTransformer> for AnyBackbone {
    fn from(network: VisionTransformer) -> Self {
        Self::Transformer(network)
    }
}

impl Backbone for AnyBackbone {
    fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        match self {
            Self::Residual(network) => network.forward(images),
            Self::Transformer(network) => network.forward(images),
        }
    }

    fn forward_dropping(&self, images: Tensor<4>, draw: u64) -> Tensor<2> {
        match self {
            Self::Residual(network) => network.forward_dropping(images, draw),
            Self::Transformer(network) => network.forward_dropping(images, draw),
        }
    }

    fn features(&self) -> usize {
        match self {
            Self::Residual(network) => network.features(),
            Self::Transformer(network) => network.features(),
        }
    }

    fn transformer(&self) -> Option<&VisionTransformer> {
        match self {
            Self::Residual(_) => None,
            Self::Transformer(network) => Some(network),
        }
    }
}
