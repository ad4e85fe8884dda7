use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::Tensor;
use sempairs_backbone::Backbone;

use crate::{Clock, Views};

/// What one step of a method yields.
#[derive(Clone, Debug)]
pub struct Loss {
    /// What the optimiser brings down, one element, on the autodiff device.
    pub value: Tensor<1>,
    /// The embeddings the loss compared, outside the graph, for the collapse monitor.
    ///
    /// # Shapes
    /// - `[rows, d]`
    pub embeddings: Tensor<2>,
}

/// A self-supervised method: networks, a loss over two views, and whatever follows slowly.
///
/// Queues, centres and prototypes live in the module and advance inside [`loss`](Self::loss), as the
/// statistics of BatchNorm do, so they are part of every checkpoint.
pub trait Method: Module {
    /// The network that outlives pre-training.
    type Backbone: Backbone;

    /// The loss of one batch.
    fn loss(&self, views: Views, clock: Clock) -> Loss;

    /// Takes away gradients that must not act at this time, such as those of DINO's last layer in its
    /// first epoch.
    fn mask(&self, _grads: &mut GradientsParams, _clock: Clock) {}

    /// What follows the optimiser's step: momentum copies, normalised prototypes.
    fn after_step(self, _clock: Clock) -> Self {
        self
    }

    /// The network that is kept and evaluated.
    fn backbone(&self) -> &Self::Backbone;
}
