use burn::module::Module;
use burn::tensor::Device;
use sempairs_backbone::{Backbone, seed_parameters};
use serde::{Deserialize, Serialize};

use crate::limits::TEMPERATURES;
use crate::{
    Clock, ConfigError, HeadNorm, Loss, Method, Negatives, Projector, ProjectorConfig, Reduction,
    Views, nt_xent,
};

/// Hyper-parameters of SimCLR.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SimClrConfig {
    /// Temperature `t` of [`nt_xent()`]. The paper uses 0.1 on ImageNet and 0.5 on CIFAR-10.
    pub temperature: f64,
    /// Reduction of the loss: mean over all anchors or sum of the two directions.
    #[serde(default)]
    pub reduction: Reduction,
    /// Projection head.
    pub projector: ProjectorConfig,
}

impl SimClrConfig {
    /// Values of the paper for ImageNet: temperature 0.1, the mean over all anchors, a head of two
    /// layers without BatchNorm (arXiv 2002.05709, sections 2 and 4.2, equation 1).
    pub fn paper() -> Self {
        let projector = ProjectorConfig::simclr();
        Self { temperature: 0.1, reduction: Reduction::Mean, projector }
    }

    /// Defaults of the authors' code (google-research/simclr, `tf2`): the sum of the two
    /// directions, a head of three layers with BatchNorm after each.
    pub fn code() -> Self {
        let projector = ProjectorConfig::new([2048, 2048], 128, HeadNorm::All);
        Self { temperature: 0.1, reduction: Reduction::SumOfDirections, projector }
    }

    /// Returns an error for a value that is out of range.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] with the key of the first such value, such as a temperature that
    /// is not positive and finite or a layer of width zero.
    pub fn check(&self) -> Result<(), ConfigError> {
        ConfigError::unless_within("temperature", self.temperature, TEMPERATURES)?;
        self.projector.check("projector")
    }

    /// Builds the method from a backbone and a newly initialised head. The seed determines the
    /// head's weights.
    pub fn init<B: Backbone>(&self, backbone: B, seed: u64, device: &Device) -> SimClr<B> {
        let projector = self.projector.init(backbone.features(), device);
        SimClr {
            projector: seed_parameters(projector, seed),
            backbone,
            temperature: self.temperature,
            reduction: self.reduction,
        }
    }
}

/// SimCLR: the two views of a pair are positives, all other views of the batch are negatives.
/// Backbone and head are trained end to end.
///
/// Source: Chen et al., "A Simple Framework for Contrastive Learning of Visual Representations"
/// (arXiv 2002.05709).
#[derive(Module, Debug)]
pub struct SimClr<B: Backbone> {
    backbone: B,
    projector: Projector,
    temperature: f64,
    #[module(skip)]
    reduction: Reduction,
}

impl<B: Backbone> Method for SimClr<B> {
    type Backbone = B;

    fn loss(&self, views: Views, _clock: Clock) -> Loss {
        let n = views.batch();
        let z = self.projector.forward(self.backbone.forward(views.joined())); // [2n, d]
        let embeddings = z.clone();
        let [left, right] = [z.clone().narrow(0, 0, n), z.narrow(0, n, n)];
        Loss::new(nt_xent(left, right, self.temperature, self.reduction), embeddings)
    }

    fn negatives(&self) -> Negatives {
        Negatives::Batch
    }

    fn chance(&self, batch: usize) -> Option<f64> {
        Some(self.reduction.directions() * ((2 * batch - 1) as f64).ln())
    }

    fn information_bound(&self, loss: f64, batch: usize, _step: usize) -> Option<f64> {
        Some((self.chance(batch)? - loss) / self.reduction.directions())
    }

    fn backbone(&self) -> &B {
        &self.backbone
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_out_of_range_name_their_key() {
        let config = |temperature, hidden: &[usize], output| SimClrConfig {
            temperature,
            reduction: Reduction::Mean,
            projector: ProjectorConfig {
                hidden: hidden.to_vec(),
                output,
                ..ProjectorConfig::simclr()
            },
        };
        assert_eq!(config(0.1, &[], 8).check(), Ok(()));
        for (bad, key) in [
            (config(0.0, &[8], 8), "temperature"),
            (config(-1.0, &[8], 8), "temperature"),
            (config(f64::NAN, &[8], 8), "temperature"),
            (config(f64::INFINITY, &[8], 8), "temperature"),
            (config(0.1, &[8, 0], 8), "projector.hidden[1]"),
            (config(0.1, &[8], 0), "projector.output"),
        ] {
            let message = bad.check().unwrap_err().to_string();
            assert!(message.starts_with(&format!("`{key}`: ")), "{message}");
        }
    }
}
