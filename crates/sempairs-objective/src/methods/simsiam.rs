use burn::module::{Module, ParamGroup};
use burn::tensor::{Device, Tensor};
use sempairs_backbone::Backbone;
use serde::{Deserialize, Serialize};

use crate::heads::seeded_predictor;
use crate::losses::mean_cosine;
use crate::{
    Clock, ConfigError, Encoder, HeadNorm, Loss, Method, Projector, ProjectorConfig, Views,
};

/// Hyper-parameters of SimSiam.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SimSiamConfig {
    /// Projection head.
    pub projector: ProjectorConfig,
    /// Prediction head on top of the projector, with the projector's output width.
    pub predictor: ProjectorConfig,
    /// Whether the learning rate of the predictor is constant at its base value (`--fix-pred-lr`).
    #[serde(default = "yes")]
    pub constant_predictor_rate: bool,
}

fn yes() -> bool {
    true
}

impl SimSiamConfig {
    /// Values for ImageNet (arXiv 2011.10566, section 3, and the command line of the authors'
    /// code): a projector 2048-2048-2048 whose last BatchNorm has no affine parameters, a predictor
    /// 512-2048 with a constant learning rate.
    pub fn paper() -> Self {
        Self {
            projector: ProjectorConfig::new([2048, 2048], 2048, HeadNorm::PlainLast),
            predictor: ProjectorConfig::new([512], 2048, HeadNorm::Hidden),
            constant_predictor_rate: true,
        }
    }

    /// Returns an error for a value that is out of range.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] with the key of the first such value.
    pub fn check(&self) -> Result<(), ConfigError> {
        self.projector.check("projector")?;
        self.predictor.check("predictor")?;
        self.predictor.check_width("predictor", self.projector.output)
    }

    /// Builds the method from a backbone and newly initialised heads. The seed determines the
    /// weights of the heads.
    pub fn init<B: Backbone>(&self, backbone: B, seed: u64, device: &Device) -> SimSiam<B> {
        SimSiam {
            encoder: Encoder::new(backbone, &self.projector, seed, device),
            predictor: seeded_predictor(&self.predictor, self.projector.output, seed, device),
            constant_predictor_rate: self.constant_predictor_rate,
        }
    }
}

/// SimSiam loss: the predictor predicts the projection of the other view.
///
/// With `p` the predictions, `z` the projections and `cos` the mean cosine over the batch:
///
/// `L = -(cos(p0, z1) + cos(p1, z0)) / 2`
///
/// The projections get no gradient. Source: Chen and He, "Exploring Simple Siamese Representation
/// Learning" (arXiv 2011.10566), equations 1 to 4.
///
/// # Shapes
/// - predictions, projections: `[b, d]` of the left and of the right view
/// - output: `[1]`, in [-1, 1]
///
/// # Panics
///
/// If the shapes differ.
pub fn simsiam_loss(predictions: [Tensor<2>; 2], projections: [Tensor<2>; 2]) -> Tensor<1> {
    let [p0, p1] = predictions;
    let [z0, z1] = projections;
    (mean_cosine(p0, z1) + mean_cosine(p1, z0)) / -2.0
}

/// SimSiam: one network, a predictor, and a stop-gradient in place of a momentum encoder. There are
/// no negatives.
///
/// Source: Chen and He, "Exploring Simple Siamese Representation Learning" (arXiv 2011.10566).
#[derive(Module, Debug)]
pub struct SimSiam<B: Backbone> {
    encoder: Encoder<B>,
    predictor: Projector,
    constant_predictor_rate: bool,
}

impl<B: Backbone> Method for SimSiam<B> {
    type Backbone = B;

    fn loss(&self, views: Views, _clock: Clock) -> Loss {
        // Each view is a forward pass of its own, so BatchNorm uses the statistics of that view, as
        // in the authors' code.
        let projections = [views.left, views.right].map(|view| self.encoder.forward(view));
        let predictions = projections.clone().map(|z| self.predictor.forward(z));
        let embeddings = Tensor::cat(projections.clone().into(), 0);
        Loss::new(simsiam_loss(predictions, projections), embeddings)
    }

    fn backbone(&self) -> &B {
        &self.encoder.backbone
    }

    fn constant_rate(&self) -> Option<ParamGroup> {
        self.constant_predictor_rate.then(|| ParamGroup::from_predicate("predictor."))
    }
}
