use burn::module::{Module, ParamGroup};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;
use sempairs_backbone::Backbone;

use crate::losses::stop_gradient;
use crate::{Clock, ConfigError, Negatives, Views};

/// Name of the scalar for the mean entropy of the teacher's distributions over `K` prototypes, in
/// nats: 0 if every picture is assigned to one prototype with certainty, `ln K` if all
/// distributions are uniform.
pub const TEACHER_ENTROPY: &str = "teacher_entropy";

/// Output of one step of a method.
#[derive(Clone, Debug)]
pub struct Loss {
    /// The loss to minimise, one element, on the autodiff device.
    pub value: Tensor<1>,
    /// The embeddings that the loss was computed from, detached, for the collapse monitor.
    ///
    /// # Shapes
    /// - `[rows, d]`
    pub embeddings: Tensor<2>,
    /// Further scalars to log by name, one element each, detached, such as [`TEACHER_ENTROPY`]. A
    /// method returns the same names at every step.
    pub scalars: Vec<(&'static str, Tensor<1>)>,
}

impl Loss {
    /// A loss without further scalars. The embeddings are detached from the autodiff graph.
    pub fn new(value: Tensor<1>, embeddings: Tensor<2>) -> Self {
        Self { value, embeddings: stop_gradient(embeddings), scalars: Vec::new() }
    }

    /// Adds a scalar, which is detached from the autodiff graph.
    pub fn with(mut self, name: &'static str, scalar: Tensor<1>) -> Self {
        self.scalars.push((name, stop_gradient(scalar)));
        self
    }
}

/// A self-supervised method: its networks, a loss over two views, and state such as queues and
/// momentum encoders.
///
/// [`loss`](Self::loss) updates queues and centres, as it updates the running statistics of
/// BatchNorm; [`after_step`](Self::after_step) updates momentum encoders and prototypes. All of
/// them belong to the module and so to every checkpoint.
///
/// A training step consists of `loss`, the backward pass, `mask`, the optimiser's step and
/// `after_step`, in this order and with the same clock.
pub trait Method: Module {
    /// Type of the network that is kept after pre-training.
    type Backbone: Backbone;

    /// Computes the loss of one batch.
    ///
    /// # Panics
    ///
    /// If the views have shapes that the method does not accept, or have no classes and the method
    /// [needs them](Self::needs_classes).
    fn loss(&self, views: Views, clock: Clock) -> Loss;

    /// Removes gradients that must not be applied in this step, such as those of DINO's last layer
    /// in the first epoch.
    fn mask(&self, _grads: &mut GradientsParams, _clock: Clock) {}

    /// Updates that follow the optimiser's step: momentum encoders, normalisation of prototypes.
    fn after_step(self, _clock: Clock) -> Self {
        self
    }

    /// The backbone that is trained.
    fn backbone(&self) -> &Self::Backbone;

    /// The backbone that is evaluated and saved: that of DINO's teacher, for all other methods the
    /// trained [`backbone`](Self::backbone).
    fn evaluated(&self) -> &Self::Backbone {
        self.backbone()
    }

    /// The kind of negatives that the method uses.
    fn negatives(&self) -> Negatives {
        Negatives::None
    }

    /// Chance-level loss: the loss of embeddings without information, if the formula has such a
    /// value. A loss that stays there has learned nothing, or has collapsed. It is `ln(2n - 1)` for
    /// SimCLR with `n` pairs per batch and `ln K` for SwAV and DINO with `K` prototypes.
    fn chance(&self, _batch: usize) -> Option<f64> {
        None
    }

    /// Parameters, by their paths in this module, whose learning rate is constant at its base value
    /// while all others follow the schedule: SimSiam's predictor.
    fn constant_rate(&self) -> Option<ParamGroup> {
        None
    }

    /// Returns true if the method needs [`Views::classes`], as SupCon does.
    fn needs_classes(&self) -> bool {
        false
    }

    /// Returns true if the method uses [`Views::locals`]; other methods ignore them.
    fn takes_locals(&self) -> bool {
        false
    }

    /// Returns an error if the method cannot run with this batch size and number of pairs.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] with the key whose value does not fit, such as a queue that is
    /// not a multiple of the batch size.
    fn check_data(&self, _batch: usize, _pairs: usize) -> Result<(), ConfigError> {
        Ok(())
    }
}
