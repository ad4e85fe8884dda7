use burn::module::{Module, Param};
use burn::nn::{Linear, LinearConfig};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor};
use sempairs_backbone::{Backbone, seed_parameters};
use serde::{Deserialize, Serialize};

use crate::limits::{EPOCHS, EPSILONS, ITERATIONS, PROTOTYPES, QUEUES, STEPS, TEMPERATURES};
use crate::losses::cross_entropy_across;
use crate::losses::stop_gradient;
use crate::losses::{by_view, features};
use crate::{
    Clock, ConfigError, Encoder, HeadNorm, Loss, Method, ProjectorConfig, Queue, Views, normalize,
    sinkhorn,
};

/// Queue of the features of earlier batches, which are part of SwAV's assignments when a batch is
/// small relative to the number of prototypes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SwavQueue {
    /// Number of features per view: a multiple of the batch size and less than the number of pairs.
    pub size: usize,
    /// Epoch, from 0, from which on features are added. The queue is used once it is full.
    pub from_epoch: usize,
}

/// Hyper-parameters of SwAV.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SwavConfig {
    /// Temperature `t` of [`swav_loss`].
    pub temperature: f64,
    /// Regularisation `epsilon` of [`sinkhorn()`].
    pub epsilon: f64,
    /// Number of iterations of [`sinkhorn()`].
    pub iterations: usize,
    /// Number of prototypes `K`.
    pub prototypes: usize,
    /// Number of steps at the start in which the prototypes are frozen.
    pub freeze_steps: usize,
    /// Queue of the features of earlier batches; `None` for no queue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<SwavQueue>,
    /// Projection head.
    pub projector: ProjectorConfig,
}

impl SwavConfig {
    /// Values for 200 epochs on ImageNet with batches of 256: temperature 0.1, epsilon 0.05, three
    /// iterations, 3000 prototypes frozen for the first 5005 steps (an epoch), a queue of 3840 from
    /// epoch 15, a head 2048-128 (arXiv 2006.09882, appendix A; the authors'
    /// `swav_200ep_bs256_pretrain.sh`).
    pub fn paper() -> Self {
        Self {
            temperature: 0.1,
            epsilon: 0.05,
            iterations: 3,
            prototypes: 3000,
            freeze_steps: 5005,
            queue: Some(SwavQueue { size: 3840, from_epoch: 15 }),
            projector: ProjectorConfig::new([2048], 128, HeadNorm::Hidden),
        }
    }

    /// Returns an error for a value that is out of range.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] with the key of the first such value.
    pub fn check(&self) -> Result<(), ConfigError> {
        ConfigError::unless_within("temperature", self.temperature, TEMPERATURES)?;
        ConfigError::unless_within("epsilon", self.epsilon, EPSILONS)?;
        ConfigError::unless_within("iterations", self.iterations, ITERATIONS)?;
        ConfigError::unless_within("prototypes", self.prototypes, PROTOTYPES)?;
        ConfigError::unless_within("freeze_steps", self.freeze_steps, STEPS)?;
        if let Some(queue) = self.queue {
            ConfigError::unless_within("queue.size", queue.size, QUEUES)?;
            ConfigError::unless_within("queue.from_epoch", queue.from_epoch, EPOCHS)?;
        }
        self.projector.check("projector")
    }

    /// Returns an error if the queue does not fit batches of `batch` pairs out of `pairs`.
    ///
    /// # Errors
    ///
    /// As [`Queue::check`].
    pub fn check_data(&self, batch: usize, pairs: usize) -> Result<(), ConfigError> {
        self.queue.map_or(Ok(()), |queue| Queue::check("queue.size", queue.size, batch, pairs))
    }

    /// Builds the method from a backbone, a newly initialised head, prototypes and queues. The seed
    /// determines all but the backbone.
    pub fn init<B: Backbone>(&self, backbone: B, seed: u64, device: &Device) -> Swav<B> {
        let width = self.projector.output;
        let prototypes = Prototypes {
            prototypes: LinearConfig::new(width, self.prototypes).with_bias(false).init(device),
        };
        let queue = |side| {
            let queue = self.queue?;
            Some(Queue::new(queue.size, width, seed.wrapping_add(side), device))
        };
        Swav {
            encoder: Encoder::new(backbone, &self.projector, seed, device),
            prototypes: seed_parameters(prototypes, seed).normalised(),
            left_queue: queue(0),
            right_queue: queue(1),
            config: self.clone(),
        }
    }
}

/// The prototypes, one per column, of unit norm.
#[derive(Module, Debug)]
struct Prototypes {
    prototypes: Linear,
}

impl Prototypes {
    /// Cosine similarities between L2-normalised features and the prototypes: `[n, K]`.
    fn scores(&self, features: Tensor<2>) -> Tensor<2> {
        features.matmul(self.prototypes.weight.val())
    }

    /// L2-normalises every prototype.
    fn normalised(mut self) -> Self {
        self.prototypes.weight = self.prototypes.weight.map(|weight| {
            let trains = weight.is_require_grad();
            let autodiff = weight.is_autodiff();
            let weight = weight.inner(); // [d, K]
            // Without a transpose: the memory layout affects the order of sums and would be lost in
            // a checkpoint.
            let length = weight.clone().square().sum_dim(0).sqrt();
            let unit = weight / length;
            if autodiff { Tensor::from_inner(unit).set_require_grad(trains) } else { unit }
        });
        self
    }
}

/// SwAV loss: cross-entropy of predicting the assignment of each global view from every other view.
///
/// With `q_s` the assignments of view `s`, `x_v` the scores of view `v`, and `V` views of which the
/// first `S` have assignments:
///
/// `L = -1/S sum_{s < S} 1/(V - 1) sum_{v != s} 1/b sum_i sum_k q_s,ik log softmax(x_v,i / t)_k`
///
/// The assignments get no gradient. Source: Caron et al., "Unsupervised Learning of Visual Features
/// by Contrasting Cluster Assignments" (arXiv 2006.09882), equations 2 and 6.
///
/// # Shapes
/// - scores: `[b, K]` for each view, two views or more
/// - assignments: `[b, K]` for each view, rows that sum to one
/// - output: `[1]`, in nats; `ln K` for uniform predictions
///
/// # Panics
///
/// If there are fewer than two views, fewer views than assignments, no assignments, or the
/// temperature is not positive.
pub fn swav_loss(scores: &[Tensor<2>], assignments: &[Tensor<2>], temperature: f64) -> Tensor<1> {
    let (views, assigned) = (scores.len(), assignments.len());
    assert!(views > 1 && (1..=views).contains(&assigned), "{views} views, {assigned} assignments");
    assert!(temperature > 0.0, "the temperature must be positive, not {temperature}");
    cross_entropy_across(scores, assignments, temperature)
}

/// SwAV: views are assigned to prototypes with equal shares over the batch, and each view predicts
/// the assignment of the other.
///
/// Source: Caron et al., "Unsupervised Learning of Visual Features by Contrasting Cluster
/// Assignments" (arXiv 2006.09882).
#[derive(Module, Debug)]
pub struct Swav<B: Backbone> {
    encoder: Encoder<B>,
    prototypes: Prototypes,
    left_queue: Option<Queue>,
    right_queue: Option<Queue>,
    #[module(skip)]
    config: SwavConfig,
}

impl<B: Backbone> Swav<B> {
    /// Assignments of a view. Features in the queue take part once it is full. The view's features
    /// are added to the queue.
    fn assign(
        &self,
        queue: &Option<Queue>,
        unit: Tensor<2>,
        scores: Tensor<2>,
        clock: Clock,
    ) -> Tensor<2> {
        let SwavConfig { epsilon, iterations, .. } = self.config;
        let [b, _] = scores.dims();
        let fills = self.config.queue.zip(queue.as_ref()).and_then(|(settings, queue)| {
            let batches = clock.step.checked_sub(settings.from_epoch * clock.steps_per_epoch)?;
            Some((queue, batches, batches * b >= settings.size))
        });
        let Some((queue, batches, full)) = fills else {
            return sinkhorn(scores, epsilon, iterations);
        };
        let all = if full {
            let earlier = queue.rows().matmul(self.prototypes.prototypes.weight.val().inner());
            Tensor::cat(vec![scores, earlier], 0)
        } else {
            scores
        };
        queue.push(unit, batches);
        sinkhorn(all, epsilon, iterations).narrow(0, 0, b)
    }
}

impl<B: Backbone> Method for Swav<B> {
    type Backbone = B;

    fn loss(&self, views: Views, clock: Clock) -> Loss {
        let b = views.batch();
        let features =
            features(&self.encoder.backbone, [views.left, views.right], views.locals, None);
        let z = self.encoder.projector.forward(features);
        let unit = normalize(z.clone());
        let scores = by_view(self.prototypes.scores(unit.clone()), b);
        let whole = stop_gradient(unit);
        let assignments = [(&self.left_queue, 0), (&self.right_queue, 1)].map(|(queue, side)| {
            let unit = whole.clone().narrow(0, side * b, b);
            self.assign(queue, unit, stop_gradient(scores[side].clone()), clock)
        });
        let value = swav_loss(&scores, &assignments, self.config.temperature);
        Loss::new(value, z.narrow(0, 0, 2 * b))
    }

    fn mask(&self, grads: &mut GradientsParams, clock: Clock) {
        if clock.step < self.config.freeze_steps {
            let weight: &Param<Tensor<2>> = &self.prototypes.prototypes.weight;
            grads.remove::<2>(weight.id);
        }
    }

    fn after_step(self, clock: Clock) -> Self {
        if clock.step < self.config.freeze_steps {
            return self;
        }
        Self { prototypes: self.prototypes.normalised(), ..self }
    }

    fn backbone(&self) -> &B {
        &self.encoder.backbone
    }

    fn chance(&self, _batch: usize) -> Option<f64> {
        Some((self.config.prototypes as f64).ln())
    }

    fn takes_locals(&self) -> bool {
        true
    }

    fn check_data(&self, batch: usize, pairs: usize) -> Result<(), ConfigError> {
        self.config.check_data(batch, pairs)
    }
}
