use burn::module::Module;
use burn::tensor::{Device, Tensor};
use sempairs_backbone::Backbone;
use serde::{Deserialize, Serialize};

use crate::heads::seeded_predictor;
use crate::losses::mean_cosine;
use crate::{
    Clock, ConfigError, Ema, Encoder, HeadNorm, Loss, Method, Projector, ProjectorConfig, Schedule,
    Views,
};

/// Hyper-parameters of BYOL.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ByolConfig {
    /// Momentum of the target network.
    pub momentum: Schedule,
    /// Projection head of the online and target networks.
    pub projector: ProjectorConfig,
    /// Prediction head of the online network, with the projector's output width.
    pub predictor: ProjectorConfig,
}

impl ByolConfig {
    /// Values for 1000 epochs on ImageNet: heads 4096-256 without a bias in the last layer,
    /// momentum from 0.996 to 1 by a cosine schedule (arXiv 2006.07733, section 3.2).
    pub fn paper() -> Self {
        Self::with_momentum(0.996)
    }

    /// Values of the authors' code for 300 epochs, with a momentum from 0.99
    /// (google-deepmind/deepmind-research, `byol/configs/byol.py`).
    pub fn epochs_300() -> Self {
        Self::with_momentum(0.99)
    }

    fn with_momentum(start: f64) -> Self {
        let head = ProjectorConfig::new([4096], 256, HeadNorm::Hidden).without_last_bias();
        let momentum = Schedule::Cosine { start, end: 1.0 };
        Self { momentum, projector: head.clone(), predictor: head }
    }

    /// Returns an error for a value that is out of range.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] with the key of the first such value.
    pub fn check(&self) -> Result<(), ConfigError> {
        self.momentum.check_momentum("momentum")?;
        self.projector.check("projector")?;
        self.predictor.check("predictor")?;
        self.predictor.check_width("predictor", self.projector.output)
    }

    /// Builds the method from a backbone, newly initialised heads and a target network. The seed
    /// determines the weights of the heads.
    pub fn init<B: Backbone>(&self, backbone: B, seed: u64, device: &Device) -> Byol<B> {
        let online = Encoder::new(backbone, &self.projector, seed, device);
        Byol {
            target: Ema::new(&online),
            online,
            predictor: seeded_predictor(&self.predictor, self.projector.output, seed, device),
            momentum: self.momentum,
        }
    }
}

/// BYOL loss: the online network predicts the target network's projection of the other view.
///
/// With `p` the predictions, `z` the target network's projections and `cos` the mean cosine over
/// the batch:
///
/// `L = (2 - 2 cos(p0, z1)) + (2 - 2 cos(p1, z0))`
///
/// The targets get no gradient. Source: Grill et al., "Bootstrap Your Own Latent" (arXiv
/// 2006.07733), equation 2, symmetrised by a sum as in section 3.1.
///
/// # Shapes
/// - predictions, targets: `[b, d]` of the left and of the right view
/// - output: `[1]`, in [0, 8]
///
/// # Panics
///
/// If the shapes differ.
pub fn byol_loss(predictions: [Tensor<2>; 2], targets: [Tensor<2>; 2]) -> Tensor<1> {
    let [p0, p1] = predictions;
    let [z0, z1] = targets;
    (mean_cosine(p0, z1) + mean_cosine(p1, z0)) * -2.0 + 4.0
}

/// BYOL: the prediction head of the online network predicts the projection of the other view by the
/// target network, a momentum encoder. There are no negatives.
///
/// Source: Grill et al., "Bootstrap Your Own Latent" (arXiv 2006.07733).
#[derive(Module, Debug)]
pub struct Byol<B: Backbone> {
    online: Encoder<B>,
    predictor: Projector,
    target: Ema<Encoder<B>>,
    #[module(skip)]
    momentum: Schedule,
}

impl<B: Backbone> Method for Byol<B> {
    type Backbone = B;

    fn loss(&self, views: Views, _clock: Clock) -> Loss {
        // Each view is a forward pass of its own, so BatchNorm uses the statistics of that view, as
        // in the authors' code.
        let views = [views.left, views.right];
        let targets = views.clone().map(|view| self.target.forward(view));
        let online = views.map(|view| self.online.forward(view));
        let predictions = online.clone().map(|z| self.predictor.forward(z));
        Loss::new(byol_loss(predictions, targets), Tensor::cat(online.into(), 0))
    }

    fn after_step(self, clock: Clock) -> Self {
        let target = self.target.follow(&self.online, self.momentum.at(clock));
        Self { target, ..self }
    }

    fn backbone(&self) -> &B {
        &self.online.backbone
    }
}
