use burn::module::{Module, ParamGroup};
use burn::optim::GradientsParams;
use sempairs_objective::{Clock, Schedule};

use super::optimizer::Optimizer;
use super::rates::Rates;
use super::weight_decay::SharedWeightDecay;
use crate::TrainConfig;

/// Optimiser of a run with its schedules of learning rate and weight decay.
pub struct Stepper {
    /// Optimiser; its state is stored in checkpoints.
    pub optimizer: Optimizer,
    /// Parameters with a constant learning rate, the peak of the schedule, such as SimSiam's
    /// predictor (Chen and He, 2021, section 4.1: "lr is not decayed").
    pub constant: Option<ParamGroup>,
    rate: Schedule,
    by_epoch: bool,
    decay: SharedWeightDecay,
    decays: Schedule,
    peak: f64,
}

impl Stepper {
    /// Creates the optimiser of a configuration, with this number of steps per epoch.
    pub fn new(config: &TrainConfig, steps_per_epoch: usize) -> Self {
        let [start, end] = config.optimizer.decay();
        let decay = SharedWeightDecay::new(start);
        let mut optimizer = config.optimizer.init_with(&decay, config.learning_rate.vector_rate());
        if let Some(max_norm) = config.clip {
            optimizer = optimizer.with_clipping(max_norm);
        }
        Self {
            optimizer,
            constant: None,
            rate: config.learning_rate.schedule(config.batch, steps_per_epoch),
            by_epoch: config.learning_rate.by_epoch,
            decay,
            decays: Schedule::Cosine { start, end },
            peak: config.learning_rate.peak(config.batch),
        }
    }

    /// Learning rate at a step, of all parameters that are not in [`constant`](Self::constant).
    pub fn rate(&self, clock: Clock) -> f64 {
        let first = clock.epoch() * clock.steps_per_epoch;
        self.rate.at(if self.by_epoch { clock.at(first) } else { clock })
    }

    /// Updates the parameters that have a gradient and returns the module.
    pub fn step<M: Module>(&mut self, module: M, gradients: GradientsParams, clock: Clock) -> M {
        self.decay.set(self.decays.at(clock));
        let group = self.constant.clone().map(|group| (group, self.peak));
        self.optimizer.step(Rates { all: self.rate(clock), group }, module, gradients)
    }
}
