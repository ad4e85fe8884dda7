//! DINO's linear classification, on cached features.

use sempairs_internal::ProgressBar;
use serde::{Deserialize, Serialize};

use super::sgd_moco::LinearSgd;
use crate::limits::{BATCHES, BLOCKS, EPOCHS, RATES};
use crate::{EvalError, Features, Predictions, Protocol};

/// The linear classifier of DINO's evaluation (Caron et al., arXiv 2104.14294, appendix F.2, and the authors'
/// `eval_linear.py`): of a vision transformer the class tokens of the last four blocks, each behind the last
/// norm, side by side; SGD with momentum 0.9, batches of 1024, 100 epochs, learning rate 0.001 times a 256th of
/// the batch along half a cosine to zero, epoch by epoch, no weight decay, weights from N(0, 0.01) (a standard
/// deviation of 0.01), bias 0. Of a network without class tokens the features enter as they are.
///
/// **A named variant**: the features are computed once from one fixed view of every picture, where DINO crops
/// and flips the training pictures anew in every epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SgdDino {
    /// Blocks whose class tokens enter: 4 for ViT-S; for ViT-B the authors take 1 and the mean of the patches.
    pub blocks: usize,
    /// The learning rate for batches of 256; it grows with the batch.
    pub learning_rate: f64,
    /// The share of the last step's update that stays.
    pub momentum: f64,
    /// Pictures a step; the last step of an epoch takes what is left.
    pub batch: usize,
    /// Passes over the training set.
    pub epochs: usize,
    /// The seed of the weights and of the order.
    pub seed: u64,
}

impl Default for SgdDino {
    fn default() -> Self {
        Self { blocks: 4, learning_rate: 1e-3, momentum: 0.9, batch: 1024, epochs: 100, seed: 0 }
    }
}

impl SgdDino {
    /// Whether the settings make sense.
    ///
    /// # Errors
    ///
    /// [`EvalError::Protocol`] with the setting and the reason.
    pub fn check(&self) -> Result<(), EvalError> {
        EvalError::unless_within("blocks", self.blocks, BLOCKS)?;
        EvalError::unless_within("learning_rate", self.learning_rate, RATES)?;
        EvalError::unless_momentum(self.momentum)?;
        EvalError::unless_within("batch", self.batch, BATCHES)?;
        EvalError::unless_within("epochs", self.epochs, EPOCHS)
    }

    /// The learning rate of an epoch, from 0.
    pub fn rate(&self, epoch: usize) -> f64 {
        let peak = self.learning_rate * self.batch as f64 / 256.0;
        let share = epoch as f64 / self.epochs.max(1) as f64;
        peak * (1.0 + (std::f64::consts::PI * share).cos()) / 2.0
    }

    /// Trains the classifier on `train` and ranks the classes of every query.
    pub(crate) fn predict_with(
        &self,
        train: &Features,
        queries: &[f32],
        progress: &ProgressBar,
    ) -> Result<Predictions, EvalError> {
        let rate = |epoch| self.rate(epoch);
        let Self { momentum, batch, epochs, seed, .. } = *self;
        let descent = LinearSgd { momentum, batch, epochs, seed, rate: &rate };
        descent
            .predict(train, queries, progress)
            .map_err(|failure| failure.of(&Protocol::SgdDino(self.clone()), self.learning_rate))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::clouds;

    #[test]
    fn the_rate_falls_from_its_peak_to_nearly_zero() {
        let dino = SgdDino::default();
        assert_eq!(dino.rate(0), 0.004);
        assert!((dino.rate(50) - 0.002).abs() < 1e-12);
        assert!(dino.rate(99) > 0.0 && dino.rate(99) < 1e-5);
    }

    #[test]
    fn separable_classes_are_separated_and_a_seed_decides() {
        let (train, test) = (clouds(210, 8, 7, 0.1, 1), clouds(70, 8, 7, 0.1, 2));
        let fast = SgdDino { learning_rate: 0.5, batch: 64, ..SgdDino::default() };
        let rank = |dino: &SgdDino| {
            let ranked = dino.predict_with(&train, &test.values, &ProgressBar::hidden());
            ranked.unwrap().top_k_accuracy(1, &test.labels)
        };
        assert_eq!((rank(&fast), rank(&fast)), (1.0, 1.0));
        let mut huge = train.clone();
        // Gradients grow with the features: the first step leaves the range of f32.
        huge.values.iter_mut().for_each(|x| *x *= 1e36);
        let wild = SgdDino { learning_rate: 1e6, ..fast };
        wild.check().unwrap();
        let error = wild.predict_with(&huge, &test.values, &ProgressBar::hidden()).unwrap_err();
        assert!(error.to_string().contains("`learning_rate`"), "{error}");
        let far = fast.predict_with(&train, &[1e38; 8], &ProgressBar::hidden()).unwrap_err();
        assert!(far.to_string().contains("outputs for the test pictures"), "{far}");
    }

    #[test]
    fn senseless_settings_are_named() {
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
