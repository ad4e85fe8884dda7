use burn::module::Module;
use burn::tensor::{Device, Int, Tensor, TensorData, assert_shape};
use sempairs_backbone::Backbone;
use serde::{Deserialize, Serialize};

use crate::limits::{QUEUES, TEMPERATURES};
use crate::{
    Clock, ConfigError, Encoder, HeadNorm, Loss, Method, Negatives, Projector, ProjectorConfig,
    Queue, Reduction, Views, log_sum_exp, normalize, nt_xent, seeded_predictor, stop_gradient,
};

/// Name of the scalar for the share of left views whose nearest neighbour in the support set is of
/// the same class, for pictures with classes: how often the pairs that NNCLR forms are semantic
/// pairs.
pub const NEIGHBOUR_ACCURACY: &str = "neighbour_accuracy";

/// Class of the random vectors that a support set starts with.
const NO_CLASS: f32 = -1.0;

/// Loss of NNCLR.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NeighbourLoss {
    /// [`nnclr_loss`], equation 3 of the paper: the negatives of a neighbour are the predictions of
    /// the other pairs.
    #[default]
    Paper,
    /// [`nt_xent()`] of neighbours and predictions, as in lightly: the negatives are also the other
    /// neighbours, and predictions are anchors, too.
    NtXent,
}

/// Hyper-parameters of NNCLR.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NnClrConfig {
    /// Temperature `t` of [`nnclr_loss`].
    pub temperature: f64,
    /// Number of embeddings in the support set: a multiple of the batch size and less than the
    /// number of pairs.
    pub support: usize,
    /// The loss of the paper or that of lightly.
    #[serde(default)]
    pub loss: NeighbourLoss,
    /// Projection head.
    pub projector: ProjectorConfig,
    /// Prediction head on top of the projector, with the projector's output width.
    pub predictor: ProjectorConfig,
}

impl NnClrConfig {
    /// Values for ImageNet: temperature 0.1, a support set of 98,304, a projector 2048-2048-256
    /// with BatchNorm after every layer, a predictor 4096-256 (arXiv 2104.14548, sections 3.2 and
    /// 4.1).
    pub fn paper() -> Self {
        Self {
            temperature: 0.1,
            support: 98_304,
            loss: NeighbourLoss::Paper,
            projector: ProjectorConfig::new([2048, 2048], 256, HeadNorm::All),
            predictor: ProjectorConfig::new([4096], 256, HeadNorm::Hidden),
        }
    }

    /// Returns an error for a value that is out of range.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] with the key of the first such value.
    pub fn check(&self) -> Result<(), ConfigError> {
        ConfigError::unless_within("temperature", self.temperature, TEMPERATURES)?;
        ConfigError::unless_within("support", self.support, QUEUES)?;
        self.projector.check("projector")?;
        self.predictor.check("predictor")?;
        self.predictor.check_width("predictor", self.projector.output)
    }

    /// Returns an error if the support set does not fit batches of `batch` pairs out of `pairs`.
    ///
    /// # Errors
    ///
    /// As [`Queue::check`].
    pub fn check_data(&self, batch: usize, pairs: usize) -> Result<(), ConfigError> {
        Queue::check("support", self.support, batch, pairs)
    }

    /// Builds the method from a backbone, newly initialised heads and a support set of random unit
    /// vectors. The seed determines heads and support set.
    pub fn init<B: Backbone>(&self, backbone: B, seed: u64, device: &Device) -> NnClr<B> {
        let width = self.projector.output;
        NnClr {
            encoder: Encoder::new(backbone, &self.projector, seed, device),
            predictor: seeded_predictor(&self.predictor, width, seed, device),
            support: Queue::new(self.support, width, seed, device),
            classes: Queue::filled(self.support, 1, NO_CLASS, device),
            size: self.support,
            temperature: self.temperature,
            loss: self.loss,
        }
    }
}

/// Index of the nearest neighbour of each embedding in the support set: `argmax_j z_i . q_j`, with
/// `z_i` the embeddings and `q_j` the support set, all of unit norm. Source: Dwibedi et al., "With
/// a Little Help from My Friends" (arXiv 2104.14548), equation 2.
///
/// # Shapes
/// - embeddings: `[b, d]`
/// - support: `[k, d]`, rows of unit norm
/// - output: `[b]`, values from 0 to `k - 1`
pub fn nearest_neighbours(embeddings: Tensor<2>, support: Tensor<2>) -> Tensor<1, Int> {
    // The norm of an embedding does not change the order.
    let similarity = stop_gradient(embeddings).matmul(support.transpose()); // [b, k]
    similarity.argmax(1).squeeze_dim(1)
}

/// NNCLR loss in one direction: the cross-entropy of identifying, for the nearest neighbour of each
/// view, the prediction of the other view among the predictions of the batch.
///
/// With `n_i` the rows of `neighbours` and `p_i` those of `predictions`, each L2-normalised:
///
/// `L = -1/b sum_i log( exp(n_i . p_i / t) / sum_k exp(n_i . p_k / t) )`
///
/// The neighbours get no gradient. Source: Dwibedi et al., "With a Little Help from My Friends"
/// (arXiv 2104.14548), equation 3.
///
/// # Shapes
/// - neighbours, predictions: `[b, d]`
/// - output: `[1]`, in nats
///
/// # Panics
///
/// If the shapes differ or the temperature is not positive.
pub fn nnclr_loss(neighbours: Tensor<2>, predictions: Tensor<2>, temperature: f64) -> Tensor<1> {
    let [b, d] = predictions.dims();
    assert_shape!(neighbours, [b, d]);
    assert!(temperature > 0.0, "the temperature must be positive, not {temperature}");
    let [neighbours, predictions] = [normalize(stop_gradient(neighbours)), normalize(predictions)];
    let positive = (neighbours.clone() * predictions.clone()).sum() / temperature;
    let logits = neighbours.matmul(predictions.transpose()) / temperature; // [b, b]
    (log_sum_exp(logits, None).sum() - positive) / b as f64
}

/// NNCLR: the positive of a view is not the other view but the nearest neighbour of the other view
/// among the embeddings of earlier steps, which forms semantic pairs without labels.
///
/// Source: Dwibedi et al., "With a Little Help from My Friends: Nearest-Neighbor Contrastive
/// Learning of Visual Representations" (arXiv 2104.14548).
#[derive(Module, Debug)]
pub struct NnClr<B: Backbone> {
    encoder: Encoder<B>,
    predictor: Projector,
    support: Queue,
    classes: Queue,
    size: usize,
    temperature: f64,
    #[module(skip)]
    loss: NeighbourLoss,
}

impl<B: Backbone> NnClr<B> {
    fn direction(&self, neighbours: Tensor<2>, predictions: Tensor<2>) -> Tensor<1> {
        match self.loss {
            NeighbourLoss::Paper => nnclr_loss(neighbours, predictions, self.temperature),
            NeighbourLoss::NtXent => {
                nt_xent(neighbours, predictions, self.temperature, Reduction::Mean)
            }
        }
    }

    /// [`NEIGHBOUR_ACCURACY`] of the neighbours of a batch with these classes; the classes are then
    /// added to the queue.
    fn accuracy(&self, classes: &[u32], neighbours: Tensor<1, Int>, clock: Clock) -> Tensor<1> {
        // f32 represents integers up to 2^24 exactly.
        let values: Vec<f32> = classes.iter().map(|class| *class as f32).collect();
        let data = TensorData::new(values, [classes.len(), 1]);
        let ours = Tensor::<2>::from_data(data, &neighbours.device());
        let found = self.classes.rows().select(0, neighbours);
        self.classes.push(ours.clone(), clock.step);
        found.equal(ours).float().mean()
    }
}

impl<B: Backbone> Method for NnClr<B> {
    type Backbone = B;

    fn loss(&self, views: Views, clock: Clock) -> Loss {
        let [left, right] = [views.left, views.right].map(|view| self.encoder.forward(view));
        let support = self.support.rows();
        let [to_left, to_right] =
            [left.clone(), right.clone()].map(|z| nearest_neighbours(z, support.clone()));
        let [from_left, from_right] =
            [left.clone(), right.clone()].map(|z| self.predictor.forward(z));
        let value = (self.direction(support.clone().select(0, to_left.clone()), from_right)
            + self.direction(support.select(0, to_right), from_left))
            / 2.0;
        self.support.push(normalize(stop_gradient(left.clone())), clock.step);
        let loss = Loss::new(value, Tensor::cat(vec![left, right], 0));
        match views.classes {
            Some(classes) => loss.with(NEIGHBOUR_ACCURACY, self.accuracy(&classes, to_left, clock)),
            None => loss,
        }
    }

    fn backbone(&self) -> &B {
        &self.encoder.backbone
    }

    fn negatives(&self) -> Negatives {
        Negatives::OneView
    }

    fn chance(&self, batch: usize) -> Option<f64> {
        let others = match self.loss {
            NeighbourLoss::Paper => batch,
            NeighbourLoss::NtXent => 2 * batch - 1,
        };
        Some((others as f64).ln())
    }

    fn information_bound(&self, loss: f64, batch: usize, _step: usize) -> Option<f64> {
        // The further candidates of `NtXent` are neighbours, not views of the other kind. They can
        // only raise the loss, so the bound without them stays valid.
        Some((batch as f64).ln() - loss)
    }

    fn check_data(&self, batch: usize, pairs: usize) -> Result<(), ConfigError> {
        Queue::check("support", self.size, batch, pairs)
    }
}
