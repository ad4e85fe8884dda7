use burn::module::{Module, ModuleDisplay};
use burn::tensor::Tensor;

use crate::VisionTransformer;

/// A network from pictures to features; what pre-training learns and evaluation scores.
///
/// The type of the pictures decides that of its products: with pictures of 16 bits, such as bfloat16, convolutions and
/// linear layers compute in 16 bits; weights, statistics and features have 32 bits whatever the pictures have.
///
/// Whether it trains is the module's state, as for every Burn module: `valid()` makes it a function
/// of its weights alone.
pub trait Backbone: Module + ModuleDisplay + 'static {
    /// The features of a batch of pictures.
    ///
    /// # Shapes
    /// - images: `[batch, 3, height, width]`
    /// - output: `[batch, features]`
    fn forward(&self, images: Tensor<4>) -> Tensor<2>;

    /// [`forward`](Self::forward) of a network in training that leaves parts of itself out at random. Which parts
    /// follows from `draw` alone, so that a step can be made again. Nothing is left out by default.
    ///
    /// # Shapes
    /// - as [`forward`](Self::forward)
    fn forward_dropping(&self, images: Tensor<4>, _draw: u64) -> Tensor<2> {
        self.forward(images)
    }

    /// How many features a picture gets.
    fn features(&self) -> usize;

    /// The network itself if it is a vision transformer, for what only these have: class tokens of several
    /// blocks and attention maps. `None`, the default, for any other.
    fn transformer(&self) -> Option<&VisionTransformer> {
        None
    }
}
