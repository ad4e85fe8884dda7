use burn::module::{Module, ModuleDisplay};
use burn::tensor::Tensor;

use crate::VisionTransformer;

/// A network that computes features of images; it is trained by self-supervised learning and then
/// evaluated.
///
/// The dtype of the images determines that of the matrix products: with images of 16 bits, such as
/// bfloat16, convolutions and linear layers compute in 16 bits. Weights, normalisation statistics
/// and features always have 32 bits.
///
/// As in every Burn module, `valid()` switches to inference, in which the output depends only on
/// the weights and the images.
pub trait Backbone: Module + ModuleDisplay + 'static {
    /// Computes the features of a batch of images.
    ///
    /// # Shapes
    /// - images: `[batch, 3, height, width]`
    /// - output: `[batch, features]`
    fn forward(&self, images: Tensor<4>) -> Tensor<2>;

    /// Like [`forward`](Self::forward), for training with stochastic depth: parts of the network
    /// are dropped at random. Which parts depends only on `draw`, so a training step can be
    /// repeated exactly. By default nothing is dropped.
    ///
    /// # Shapes
    /// - as [`forward`](Self::forward)
    fn forward_dropping(&self, images: Tensor<4>, _draw: u64) -> Tensor<2> {
        self.forward(images)
    }

    /// Number of features per image.
    fn features(&self) -> usize;

    /// The network itself if it is a vision transformer, for operations that only these have: class
    /// tokens of several blocks and attention maps. `None`, the default, for other networks.
    fn transformer(&self) -> Option<&VisionTransformer> {
        None
    }
}
