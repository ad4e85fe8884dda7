use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use burn::tensor::Tensor;
use sempairs_objective::{Clock, Loss};
use serde::{Deserialize, Serialize};

use crate::{MetricLine, Stepper, TrainError};

/// Measurements of the steps since the last line of metrics, stored in the checkpoint of an
/// interrupted run. With them the resumed run writes the same next line as an uninterrupted run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Unlogged {
    /// Loss of each step.
    losses: Vec<Exact>,
    /// Additional scalars of the method by name, one value per step.
    scalars: BTreeMap<String, Vec<Exact>>,
    /// Duration of the steps in seconds.
    seconds: f64,
    /// Part of that duration, in seconds, in which the trainer waited for data.
    waited: f64,
}

impl Unlogged {
    /// Number of steps.
    pub fn steps(&self) -> usize {
        self.losses.len()
    }
}

/// Floating-point number serialised as its bits, since JSON can represent neither infinities nor
/// NaN.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "u64", into = "u64")]
struct Exact(f64);

impl From<u64> for Exact {
    fn from(bits: u64) -> Self {
        Self(f64::from_bits(bits))
    }
}

impl From<Exact> for u64 {
    fn from(Exact(value): Exact) -> Self {
        value.to_bits()
    }
}

/// Accumulates the measurements of the steps since the last line of metrics.
pub(crate) struct Window {
    /// Steps from before the run was interrupted.
    earlier: Unlogged,
    started: Instant,
    /// Time in which the trainer waited for data.
    pub waited: Duration,
    losses: Vec<Tensor<1>>,
    /// Names of the additional scalars; their values are in `scalars`, step by step.
    names: Vec<&'static str>,
    scalars: Vec<Tensor<1>>,
}

impl Window {
    /// Starts an empty window.
    pub fn start() -> Self {
        Self::resume(Unlogged::default())
    }

    /// Continues the window of an interrupted run.
    pub fn resume(earlier: Unlogged) -> Self {
        Self {
            earlier,
            started: Instant::now(),
            waited: Duration::ZERO,
            losses: Vec::new(),
            names: Vec::new(),
            scalars: Vec::new(),
        }
    }

    /// Adds a step. Its values stay on the device until the window is read.
    pub fn push(&mut self, loss: &Loss) {
        self.losses.push(loss.value.clone().detach());
        self.names = loss.scalars.iter().map(|(name, _)| *name).collect();
        self.scalars.extend(loss.scalars.iter().map(|(_, value)| value.clone()));
    }

    /// Returns true if no step has been added since the last line.
    pub fn is_empty(&self) -> bool {
        self.steps() == 0
    }

    /// Number of steps since the last line.
    pub fn steps(&self) -> usize {
        self.earlier.steps() + self.losses.len()
    }

    /// Restarts the timer of an empty window, to exclude checkpoints and observers from throughput.
    pub fn restart(&mut self) {
        if self.is_empty() {
            self.started = Instant::now();
        }
    }

    /// Reads all values from the device and empties the window.
    ///
    /// All losses are read at once, since each transfer synchronises with the device. Returns
    /// [`TrainError::NotFinite`] if a loss is infinite or NaN.
    pub fn take(
        &mut self,
        clock: Clock,
        stepper: &Stepper,
        checkpoint: impl Fn() -> Option<PathBuf>,
    ) -> Result<Unlogged, TrainError> {
        let count = self.steps();
        let mut taken = std::mem::take(&mut self.earlier);
        taken.losses.extend(read(std::mem::take(&mut self.losses)).into_iter().map(Exact));
        if let Some(i) = taken.losses.iter().position(|Exact(loss)| !loss.is_finite()) {
            let step = clock.step - count + i;
            return Err(TrainError::NotFinite {
                loss: taken.losses[i].0,
                step,
                learning_rate: stepper.rate(clock.at(step)),
                checkpoint: checkpoint(),
            });
        }
        for (i, value) in read(std::mem::take(&mut self.scalars)).into_iter().enumerate() {
            let name = self.names[i % self.names.len()];
            taken.scalars.entry(name.to_owned()).or_default().push(Exact(value));
        }
        taken.seconds += self.started.elapsed().as_secs_f64();
        taken.waited += self.waited.as_secs_f64();
        Ok(taken)
    }

    /// Reads the window and returns its line of metrics.
    pub fn close(
        &mut self,
        clock: Clock,
        batch: usize,
        stepper: &Stepper,
        checkpoint: impl Fn() -> Option<PathBuf>,
    ) -> Result<MetricLine, TrainError> {
        let Unlogged { losses, scalars, seconds, waited } =
            self.take(clock, stepper, checkpoint)?;
        let count = losses.len();
        let seconds = seconds.max(1e-9);
        let mean = |values: Vec<Exact>| {
            values.into_iter().fold(0.0, |sum, Exact(value)| sum + value / count as f64)
        };
        Ok(MetricLine {
            step: clock.step,
            epoch: clock.step as f64 / clock.steps_per_epoch as f64,
            loss: losses.iter().map(|Exact(loss)| loss).sum::<f64>() / count as f64,
            learning_rate: stepper.rate(clock.at(clock.step - 1)),
            pairs_per_second: (count * batch) as f64 / seconds,
            waiting: waited / seconds,
            scalars: scalars.into_iter().map(|(name, values)| (name, mean(values))).collect(),
            information_bound: None,
            negatives: None,
            collapse: None,
        })
    }
}

fn read(tensors: Vec<Tensor<1>>) -> Vec<f64> {
    if tensors.is_empty() {
        return Vec::new();
    }
    Tensor::cat(tensors, 0).into_data().iter::<f64>().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unlogged_steps_round_trip_through_json_bit_for_bit_including_nan_and_infinity() {
        let losses = [0.1, -0.0, f64::MIN_POSITIVE / 3.0].map(Exact).to_vec();
        let entropy = [f64::NAN, f64::INFINITY, 1.0 / 3.0].map(Exact).to_vec();
        let scalars = BTreeMap::from([("entropy".to_owned(), entropy)]);
        let unlogged = Unlogged { losses, scalars, seconds: 1.25, waited: 0.5 };
        let bits = |unlogged: &Unlogged| {
            let numbers = unlogged.losses.iter().chain(&unlogged.scalars["entropy"]);
            numbers.map(|Exact(value)| value.to_bits()).collect::<Vec<_>>()
        };
        let text = serde_json::to_string(&unlogged).unwrap();
        let back: Unlogged = serde_json::from_str(&text).unwrap();
        assert_eq!(bits(&back), bits(&unlogged));
        assert_eq!((back.steps(), back.seconds, back.waited), (3, 1.25, 0.5));
    }
}
