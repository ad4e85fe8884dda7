//! DINO's linear classification on cached features.

use sempairs_internal::ProgressBar;
use serde::{Deserialize, Serialize};

use super::sgd_moco::LinearSgd;
use crate::limits::{BATCHES, BLOCKS, EPOCHS, RATES};
use crate::{
    ConfigError, EvalError, EvaluationProtocol, Features, InputKind, Predictions, ProtocolInput,
    ProtocolOutput, ProtocolSettings,
};

/// Linear classification as in DINO's evaluation (Caron et al., arXiv 2104.14294, appendix F.2, and
/// the authors' `eval_linear.py`).
///
/// The features of a vision transformer are the concatenated class tokens of its last four blocks,
/// each after the final norm. Features of other networks are used unchanged. The classifier is
/// trained by SGD with momentum 0.9, batch size 1024, 100 epochs, learning rate `0.001 batch / 256`
/// with cosine annealing to zero, updated once per epoch, no weight decay, weights from a normal
/// distribution with standard deviation 0.01, and bias 0.
///
/// **A variant of the original**: features are computed once from the fixed evaluation view,
/// whereas DINO crops and flips the training pictures at random in every epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SgdDino {
    /// Number of last blocks whose class tokens are used: 4 for ViT-S. For ViT-B the authors use
    /// one class token and the mean of the patch tokens.
    pub blocks: usize,
    /// Learning rate for batch size 256; scaled linearly with the batch size.
    pub learning_rate: f64,
    /// Momentum of SGD.
    pub momentum: f64,
    /// Batch size; the last batch of an epoch may be smaller.
    pub batch: usize,
    /// Number of epochs.
    pub epochs: usize,
    /// Random seed of the initial weights and of the order of pictures.
    pub seed: u64,
}

impl Default for SgdDino {
    fn default() -> Self {
        Self { blocks: 4, learning_rate: 1e-3, momentum: 0.9, batch: 1024, epochs: 100, seed: 0 }
    }
}

impl EvaluationProtocol for SgdDino {
    fn name(&self) -> String {
        format!("sgd-dino-{}tokens-fixed-view", self.blocks)
    }

    fn settings(&self) -> ProtocolSettings {
        self.clone().into()
    }

    fn input_kind(&self) -> InputKind {
        InputKind::ClassTokens(self.blocks)
    }

    fn check(&self) -> Result<(), ConfigError> {
        ConfigError::unless_within("blocks", self.blocks, BLOCKS)?;
        ConfigError::unless_within("learning_rate", self.learning_rate, RATES)?;
        ConfigError::unless_share("momentum", self.momentum)?;
        ConfigError::unless_within("batch", self.batch, BATCHES)?;
        ConfigError::unless_within("epochs", self.epochs, EPOCHS)
    }

    fn predict(&self, input: &ProtocolInput<'_>) -> Result<ProtocolOutput, EvalError> {
        let (train, queries) = input.features()?;
        Ok(self.predict_with(train, queries, input.progress())?.into())
    }
}

impl SgdDino {
    /// Learning rate of an epoch, counted from 0.
    pub fn rate(&self, epoch: usize) -> f64 {
        let peak = self.learning_rate * self.batch as f64 / 256.0;
        let share = epoch as f64 / self.epochs.max(1) as f64;
        peak * (1.0 + (std::f64::consts::PI * share).cos()) / 2.0
    }

    /// Trains the classifier on `train` and ranks the classes for every query.
    pub(crate) fn predict_with(
        &self,
        train: &Features,
        queries: &[f32],
        progress: &ProgressBar,
    ) -> Result<Predictions, EvalError> {
        self.check()?;
        let rate = |epoch| self.rate(epoch);
        let Self { momentum, batch, epochs, seed, .. } = *self;
        let classifier = LinearSgd { momentum, batch, epochs, seed, rate: &rate };
        classifier
            .predict(train, queries, progress)
            .map_err(|failure| failure.of(self, self.learning_rate))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::clouds;

    #[test]
    fn the_learning_rate_decreases_to_nearly_zero() {
        let dino = SgdDino::default();
        assert_eq!(dino.rate(0), 0.004);
        assert!((dino.rate(50) - 0.002).abs() < 1e-12);
        assert!(dino.rate(99) > 0.0 && dino.rate(99) < 1e-5);
    }

    #[test]
    fn separable_classes_are_separated_reproducibly() {
        let (train, test) = (clouds(210, 8, 7, 0.1, 1), clouds(70, 8, 7, 0.1, 2));
        let fast = SgdDino { learning_rate: 0.5, batch: 64, ..SgdDino::default() };
        let rank = |dino: &SgdDino| {
            let ranked = dino.predict_with(&train, &test.values, &ProgressBar::hidden());
            ranked.unwrap().top_k_accuracy(1, &test.labels)
        };
        assert_eq!((rank(&fast), rank(&fast)), (1.0, 1.0));
        let mut huge = train.clone();
        // Gradients are proportional to the features, so the first step overflows f32.
        huge.values.iter_mut().for_each(|x| *x *= 1e36);
        let wild = SgdDino { learning_rate: 1e6, ..fast };
        wild.check().unwrap();
        let error = wild.predict_with(&huge, &test.values, &ProgressBar::hidden()).unwrap_err();
        assert!(error.to_string().contains("`learning_rate`"), "{error}");
        let far = fast.predict_with(&train, &[1e38; 8], &ProgressBar::hidden()).unwrap_err();
        assert!(far.to_string().contains("outputs for the test pictures"), "{far}");
    }

    #[test]
    fn settings_out_of_range_are_named() {
        for (wrong, key) in [
            (SgdDino { blocks: 0, ..SgdDino::default() }, "blocks"),
            (SgdDino { learning_rate: 0.0, ..SgdDino::default() }, "learning_rate"),
            (SgdDino { learning_rate: 1.1e6, ..SgdDino::default() }, "learning_rate"),
            (SgdDino { momentum: 1.0, ..SgdDino::default() }, "momentum"),
            (SgdDino { batch: 0, ..SgdDino::default() }, "batch"),
        ] {
            assert!(wrong.check().unwrap_err().to_string().contains(key));
        }
    }
}
