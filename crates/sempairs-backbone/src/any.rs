use burn::module::Module;
use burn::tensor::Tensor;

use crate::{Backbone, ResNet, VisionTransformer};

/// A network of any kind, chosen when the program runs.
///
/// Its parameters bear the names they have without this wrapper: files of weights, seeds and identities do
/// not know of it.
#[derive(Module, Debug)]
pub enum AnyBackbone {
    /// A residual network.
    Residual(ResNet),
    /// A vision transformer.
    Transformer(VisionTransformer),
}

/// Whether a walk over a module meets the name of an enum's variant here, which is no part of a
/// parameter's name. `container` is the kind of module that Burn calls the field's owner.
pub fn is_variant(container: &str) -> bool {
    container.starts_with("Enum:")
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
