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

    /// Lower bound of the mutual information between the two views of a pair, in nats, if the
    /// method's loss is an estimate of one. `loss` is the mean of the losses of one or more steps,
    /// the first of which is `step`, with `batch` pairs each. `None` by default.
    ///
    /// A loss of the form of InfoNCE is the cross-entropy, in nats, of finding the other view of a
    /// pair among `K` candidates, of which the others are drawn independently of the pair from the
    /// distribution of such views. Then, in expectation, whatever the network,
    ///
    /// `I(left; right) >= ln K - L`
    ///
    /// (van den Oord et al., "Representation Learning with Contrastive Predictive Coding", arXiv
    /// 1807.03748, section 2.3; Poole et al., "On Variational Bounds of Mutual Information", arXiv
    /// 1905.06922, section 2.3), where `ln K` is the [chance-level loss](Self::chance). The
    /// similarities are divided by the temperature before the softmax; the bound holds for every
    /// temperature. It cannot exceed `ln K`, and one that is negative says nothing.
    ///
    /// | method | bound |
    /// |---|---|
    /// | SimCLR | `ln(2n - 1) - L` for `n` pairs a batch; with the sum of both directions, `L / 2` |
    /// | MoCo | `ln(1 + k) - L` with `k` keys, once the queue is full of keys |
    /// | NNCLR | `ln n - L` |
    ///
    /// SimCLR's candidates are the `n - 1` other right views, for which alone the bound would be
    /// `ln n - L`, and the `n - 1` other left views. To count all of them assumes that left and
    /// right views have the same distribution and that the two views of a pair are independent
    /// draws; otherwise the value may be too high by up to `ln 2`. This constant is the same for
    /// all arms with the same batch size. With NNCLR the nearest neighbour is a function of the
    /// view, which cannot increase the information. The negatives of DCL do not include the
    /// positive, and SupCon has further positives, so their losses give no such bound.
    ///
    /// The pairs are those of the training set, the mean is over the logged steps, and BatchNorm
    /// makes embeddings depend slightly on the other candidates. So the value is an estimate, to
    /// compare arms with.
    fn information_bound(&self, _loss: f64, _batch: usize, _step: usize) -> Option<f64> {
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
