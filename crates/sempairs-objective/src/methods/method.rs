use burn::module::{Module, ParamGroup};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;
use sempairs_backbone::Backbone;

use crate::losses::stop_gradient;
use crate::{Clock, Negatives, ObjectiveError, Views};

/// The name of the mean entropy of the teacher's distributions over its prototypes, in nats: 0 if every picture
/// falls to one prototype for certain, `ln K` if none is told from another.
pub const TEACHER_ENTROPY: &str = "teacher_entropy";

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
    /// Further numbers worth a curve, one element each, outside the graph, such as [`TEACHER_ENTROPY`]; a
    /// method yields the same names at every step.
    pub scalars: Vec<(&'static str, Tensor<1>)>,
}

impl Loss {
    /// A loss without further numbers; the embeddings are taken out of the graph.
    pub fn new(value: Tensor<1>, embeddings: Tensor<2>) -> Self {
        Self { value, embeddings: stop_gradient(embeddings), scalars: Vec::new() }
    }

    /// The same loss with one more number, taken out of the graph.
    pub fn with(mut self, name: &'static str, scalar: Tensor<1>) -> Self {
        self.scalars.push((name, stop_gradient(scalar)));
        self
    }
}

/// A self-supervised method: networks, a loss over two views, and whatever follows slowly.
///
/// Queues and centres live in the module and advance inside [`loss`](Self::loss), as the statistics of
/// BatchNorm do; momentum copies and prototypes follow in [`after_step`](Self::after_step). So all of them
/// are part of every checkpoint.
///
/// A step is `loss`, the backward pass, `mask`, the optimiser, `after_step`, in this order and with the same
/// clock throughout.
pub trait Method: Module {
    /// The network that outlives pre-training.
    type Backbone: Backbone;

    /// The loss of one batch.
    ///
    /// # Panics
    ///
    /// If views have other shapes than the method takes, or lack the classes that it
    /// [needs](Self::needs_classes).
    fn loss(&self, views: Views, clock: Clock) -> Loss;

    /// Takes away gradients that must not act at this time, such as those of DINO's last layer in its
    /// first epoch.
    fn mask(&self, _grads: &mut GradientsParams, _clock: Clock) {}

    /// What follows the optimiser's step: momentum copies, normalised prototypes.
    fn after_step(self, _clock: Clock) -> Self {
        self
    }

    /// The network that is trained and kept.
    fn backbone(&self) -> &Self::Backbone;

    /// The network that is evaluated: DINO's teacher, everywhere else the [`backbone`](Self::backbone).
    fn evaluated(&self) -> &Self::Backbone {
        self.backbone()
    }

    /// What an anchor is pushed away from.
    fn negatives(&self) -> Negatives {
        Negatives::None
    }

    /// The loss, in its own unit, of embeddings that tell nothing apart, if the formula has such a value: a
    /// loss that stays there has learned nothing, or has collapsed. It is `ln(2n - 1)` for SimCLR with `n`
    /// pairs in a batch and `ln K` for SwAV and DINO with `K` prototypes.
    fn chance(&self, _batch: usize) -> Option<f64> {
        None
    }

    /// The parameters whose learning rate stays at its base value while that of all others follows its
    /// schedule, by their paths in this module: SimSiam's predictor.
    fn constant_rate(&self) -> Option<ParamGroup> {
        None
    }

    /// Whether [`Views::classes`] must be there, as for SupCon.
    fn needs_classes(&self) -> bool {
        false
    }

    /// Whether [`Views::locals`] are used; all other methods leave them aside.
    fn takes_locals(&self) -> bool {
        false
    }

    /// Whether the method can run with so many pairs, so many of them in a batch.
    ///
    /// # Errors
    ///
    /// [`ObjectiveError::Config`] with the key whose value does not fit, such as a queue that is no multiple
    /// of the batch.
    fn check_data(&self, _batch: usize, _pairs: usize) -> Result<(), ObjectiveError> {
        Ok(())
    }
}
