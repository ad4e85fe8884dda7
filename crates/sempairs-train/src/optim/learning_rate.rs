use sempairs_objective::Schedule;
use serde::{Deserialize, Serialize};

use crate::ConfigError;
use crate::limits::{EPOCHS, RATES, STEPS};

/// Scaling of the base learning rate with the batch size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scaling {
    /// No scaling: `base`.
    #[default]
    None,
    /// `base * batch / 256`. Source: Goyal et al. (2017).
    Linear,
    /// `base * sqrt(batch)`. Source: Chen et al., SimCLR (2020), appendix B.1, with base 0.075.
    SquareRoot,
}

/// Learning rate and its schedule: linear warm-up, then cosine decay.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LearningRate {
    /// Base learning rate, before scaling with the batch size.
    pub base: f64,
    /// Scaling with the batch size.
    #[serde(default)]
    pub scaling: Scaling,
    /// Length of the linear warm-up in epochs, possibly fractional.
    #[serde(default)]
    pub warmup_epochs: f64,
    /// Length of the linear warm-up in steps, instead of epochs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warmup_steps: Option<usize>,
    /// Final learning rate of the cosine decay, as a fraction of the peak.
    #[serde(default)]
    pub end_factor: f64,
    /// Update the learning rate only at the start of each epoch, as the reference implementations
    /// of MoCo and SimSiam do.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_epoch: bool,
    /// Base learning rate of 1-D parameters (biases and normalisation parameters); `base` if
    /// omitted. Barlow Twins uses 0.0048, with 0.2 for all others (Zbontar et al., 2021, section
    /// 2.2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vectors: Option<f64>,
}

impl LearningRate {
    /// Peak learning rate: `base`, scaled with the batch size.
    pub fn peak(&self, batch: usize) -> f64 {
        match self.scaling {
            Scaling::None => self.base,
            Scaling::Linear => self.base * batch as f64 / 256.0,
            Scaling::SquareRoot => self.base * (batch as f64).sqrt(),
        }
    }

    /// Learning rate of 1-D parameters divided by that of all others.
    pub fn vector_rate(&self) -> f64 {
        self.vectors.map_or(1.0, |vectors| vectors / self.base)
    }

    /// Schedule for this batch size and number of steps per epoch.
    pub fn schedule(&self, batch: usize, steps_per_epoch: usize) -> Schedule {
        let peak = self.peak(batch);
        let warmup = self
            .warmup_steps
            .unwrap_or((self.warmup_epochs * steps_per_epoch as f64).round() as usize);
        Schedule::WarmupCosine { peak, end: peak * self.end_factor, warmup }
    }

    /// Checks that all values are in their permitted ranges.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] for a value out of its range, such as a learning rate that is not
    /// positive, or for a warm-up given both in epochs and in steps.
    pub fn check(&self) -> Result<(), ConfigError> {
        let most = *EPOCHS.end() as f64;
        for (key, value, range) in [
            ("base", self.base, RATES),
            ("vectors", self.vectors.unwrap_or(1.0), RATES),
            ("warmup_epochs", self.warmup_epochs, 0.0..=most),
            ("end_factor", self.end_factor, 0.0..=1.0),
        ] {
            ConfigError::unless_within(key, value, range)?;
        }
        let steps = self.warmup_steps.unwrap_or(0);
        ConfigError::unless_within("warmup_steps", steps, 0..=*STEPS.end())?;
        if self.warmup_epochs > 0.0 && self.warmup_steps.is_some() {
            return Err(ConfigError::new(
                "warmup_steps",
                "cannot be combined with warmup_epochs; remove one of them",
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sempairs_objective::Clock;

    #[test]
    fn scaling_follows_the_batch() {
        let rate = |scaling| LearningRate {
            base: 0.075,
            scaling,
            warmup_epochs: 2.0,
            warmup_steps: None,
            end_factor: 0.0,
            by_epoch: false,
            vectors: None,
        };
        assert_eq!(rate(Scaling::None).peak(512), 0.075);
        assert_eq!(rate(Scaling::Linear).peak(512), 0.15);
        assert!((rate(Scaling::SquareRoot).peak(256) - 1.2).abs() < 1e-12);
        let schedule = rate(Scaling::None).schedule(512, 10);
        let clock = Clock::new(10, 100);
        assert!(schedule.at(clock) < schedule.at(clock.at(19)));
        assert_eq!(schedule.at(clock.at(19)), 0.075);
        assert_eq!(schedule.at(clock.at(99)), 0.0);
    }
}
