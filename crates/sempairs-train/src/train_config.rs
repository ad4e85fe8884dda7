use serde::{Deserialize, Serialize};

use crate::limits::{AHEAD, BATCHES, CLIPS, STEPS, WORKERS};
use crate::{LearningRate, LoaderConfig, OptimizerConfig, Precision, Scaling, TrainError};

/// Everything that a run's weights depend on, besides the method, the pairs and the pipelines.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainConfig {
    /// Seed of the order and of the augmentation.
    pub seed: u64,
    /// Pairs in a batch.
    pub batch: usize,
    /// Steps of the run.
    pub steps: usize,
    /// What turns gradients into steps.
    pub optimizer: OptimizerConfig,
    /// How far.
    pub learning_rate: LearningRate,
    /// The greatest length of each tensor's gradient, beyond which it is scaled down to it; no
    /// limit if it is left out. DINO has 3 (facebookresearch/dino, `main_dino.py`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clip: Option<f64>,
    /// The type of the networks' products.
    #[serde(default)]
    pub precision: Precision,
    /// Workers and memory of the loader; they change no result.
    #[serde(default)]
    pub loader: LoaderConfig,
    /// Steps between two lines of metrics; the loss is read from the device this often.
    #[serde(default = "log_every")]
    pub log_every: usize,
    /// Steps between two checkpoints; one an epoch if it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint_every: Option<usize>,
}

fn log_every() -> usize {
    10
}

impl TrainConfig {
    /// AdamW with PyTorch's constants but for a weight decay of 1e-4, a tenth of the steps warm-up,
    /// then a cosine to zero.
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

    /// Whether all values are in their ranges.
    ///
    /// # Errors
    ///
    /// [`TrainError::Config`] for the first value out of its range.
    pub fn check(&self) -> Result<(), TrainError> {
        for (key, value, range) in [
            ("batch", self.batch, BATCHES),
            ("steps", self.steps, STEPS),
            ("log_every", self.log_every, STEPS),
            ("checkpoint_every", self.checkpoint_every.unwrap_or(1), STEPS),
            ("loader.workers", self.loader.workers, WORKERS),
            ("loader.ahead", self.loader.ahead, AHEAD),
        ] {
            TrainError::unless_within(key, value, range)?;
        }
        TrainError::unless_within("clip", self.clip.unwrap_or(1.0), CLIPS)?;
        self.optimizer.check()?;
        self.learning_rate.check()
    }
}
