use serde::{Deserialize, Serialize};

use crate::limits::{AHEAD, BATCHES, CLIPS, STEPS, WORKERS};
use crate::{ConfigError, LearningRate, LoaderConfig, OptimizerConfig, Precision, Scaling};

/// Configuration of training: everything that the weights of a run depend on, except for the
/// method, the pairs and the pipelines.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainConfig {
    /// Random seed of the order of the pairs and of the augmentation.
    pub seed: u64,
    /// Batch size: number of pairs per batch.
    pub batch: usize,
    /// Number of training steps.
    pub steps: usize,
    /// Optimiser.
    pub optimizer: OptimizerConfig,
    /// Learning rate and its schedule.
    pub learning_rate: LearningRate,
    /// Gradient clipping: maximum L2 norm of the gradient of each parameter tensor; no clipping if
    /// omitted. DINO uses 3 (facebookresearch/dino, `main_dino.py`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clip: Option<f64>,
    /// Dtype of the networks' matrix products and convolutions.
    #[serde(default)]
    pub precision: Precision,
    /// Worker threads and prefetching of the loader; these do not affect results.
    #[serde(default)]
    pub loader: LoaderConfig,
    /// Number of steps between two lines of metrics; the loss is read from the device this often.
    #[serde(default = "log_every")]
    pub log_every: usize,
    /// Number of steps between two checkpoints; one checkpoint per epoch if omitted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint_every: Option<usize>,
}

fn log_every() -> usize {
    10
}

impl TrainConfig {
    /// AdamW with PyTorch's constants, except for a weight decay of 1e-4; the learning rate is
    /// warmed up for the first tenth of the steps and then decays to zero along a cosine.
    pub fn adamw(seed: u64, batch: usize, steps: usize, learning_rate: f64) -> Self {
        Self {
            seed,
            batch,
            steps,
            optimizer: OptimizerConfig::adamw(1e-4),
            learning_rate: LearningRate {
                base: learning_rate,
                scaling: Scaling::None,
                warmup_epochs: 0.0,
                warmup_steps: Some(steps / 10),
                end_factor: 0.0,
                by_epoch: false,
                vectors: None,
            },
            clip: None,
            precision: Precision::default(),
            loader: LoaderConfig::default(),
            log_every: log_every(),
            checkpoint_every: None,
        }
    }

    /// Checks that all values are in their permitted ranges.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] for the first value out of its range.
    pub fn check(&self) -> Result<(), ConfigError> {
        for (key, value, range) in [
            ("batch", self.batch, BATCHES),
            ("steps", self.steps, STEPS),
            ("log_every", self.log_every, STEPS),
            ("checkpoint_every", self.checkpoint_every.unwrap_or(1), STEPS),
            ("loader.workers", self.loader.workers, WORKERS),
            ("loader.ahead", self.loader.ahead, AHEAD),
        ] {
            ConfigError::unless_within(key, value, range)?;
        }
        ConfigError::unless_within("clip", self.clip.unwrap_or(1.0), CLIPS)?;
        self.optimizer.check().map_err(|error| error.under("optimizer"))?;
        self.learning_rate.check().map_err(|error| error.under("learning_rate"))
    }
}
