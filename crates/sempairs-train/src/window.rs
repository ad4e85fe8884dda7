use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use burn::tensor::Tensor;
use sempairs_objective::{Clock, Loss};

use crate::{MetricLine, Stepper, TrainError};

/// The steps since the last line of metrics.
pub(crate) struct Window {
    started: Instant,
    pub waited: Duration,
    losses: Vec<Tensor<1>>,
    /// The names of the further numbers, and their values step by step.
    names: Vec<&'static str>,
    scalars: Vec<Tensor<1>>,
}

impl Window {
    pub fn start() -> Self {
        Self {
            started: Instant::now(),
            waited: Duration::ZERO,
            losses: Vec::new(),
            names: Vec::new(),
            scalars: Vec::new(),
        }
    }

    /// Notes a step, whose numbers stay on the device until they are read.
    pub fn push(&mut self, loss: &Loss) {
        self.losses.push(loss.value.clone().detach());
        self.names = loss.scalars.iter().map(|(name, _)| *name).collect();
        self.scalars.extend(loss.scalars.iter().map(|(_, value)| value.clone()));
    }

    pub fn is_empty(&self) -> bool {
        self.losses.is_empty()
    }

    /// Leaves the time of checkpoints and observers out of the pace.
    pub fn restart(&mut self) {
        if self.losses.is_empty() {
            self.started = Instant::now();
        }
    }

    /// Reads the losses, all at once, since each reading makes the device wait.
    pub fn close(
        &mut self,
        clock: Clock,
        batch: usize,
        stepper: &Stepper,
        checkpoint: impl Fn() -> Option<PathBuf>,
    ) -> Result<MetricLine, TrainError> {
        let count = self.losses.len();
        let losses = read(std::mem::take(&mut self.losses));
        if let Some(i) = losses.iter().position(|loss| !loss.is_finite()) {
            let step = clock.step - count + i;
            return Err(TrainError::NotFinite {
                loss: losses[i],
                step,
                learning_rate: stepper.rate(clock.at(step)),
                checkpoint: checkpoint(),
            });
        }
        let mut scalars = BTreeMap::new();
        for (i, value) in read(std::mem::take(&mut self.scalars)).into_iter().enumerate() {
            let name = self.names[i % self.names.len()];
            *scalars.entry(name.to_owned()).or_default() += value / count as f64;
        }
        let seconds = self.started.elapsed().as_secs_f64().max(1e-9);
        Ok(MetricLine {
            step: clock.step,
            epoch: clock.step as f64 / clock.steps_per_epoch as f64,
            loss: losses.iter().sum::<f64>() / count as f64,
            learning_rate: stepper.rate(clock.at(clock.step - 1)),
            pairs_per_second: (count * batch) as f64 / seconds,
            waiting: self.waited.as_secs_f64() / seconds,
            scalars,
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
