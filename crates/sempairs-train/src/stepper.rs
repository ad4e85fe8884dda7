use burn::grad_clipping::GradientClippingConfig;
use burn::lr_scheduler::module_lr_scheduler::ModuleLrScheduler;
use burn::module::{Module, ParamGroup};
use burn::optim::{GradientsParams, ModuleOptimizer};
use sempairs_objective::{Clock, Schedule};

use crate::TrainConfig;
use crate::decoupled::Decay;

/// The optimiser of a run with all that changes while it runs: the learning rate, the decay, the parameters
/// whose rate stays the same.
pub struct Stepper {
    /// What a checkpoint keeps.
    pub optimizer: ModuleOptimizer,
    /// The parameters that move at the peak of the learning rate at every step, such as SimSiam's predictor (Chen
    /// and He, 2021, section 4.1: "lr is not decayed").
    pub constant: Option<ParamGroup>,
    rate: Schedule,
    decay: Decay,
    decays: Schedule,
    peak: f64,
}

impl Stepper {
    /// The optimiser of a configuration for an epoch of so many steps.
    pub fn new(config: &TrainConfig, steps_per_epoch: usize) -> Self {
        let [start, end] = config.optimizer.decay();
        let decay = Decay::new(start);
        let mut optimizer = config.optimizer.init_with(&decay, config.learning_rate.vector_rate());
        if let Some(longest) = config.clip {
            let clipping = GradientClippingConfig::Norm(longest as f32).init();
            optimizer = optimizer.with_grad_clipping(clipping);
        }
        Self {
            optimizer,
            constant: None,
            rate: config.learning_rate.schedule(config.batch, steps_per_epoch),
            decay,
            decays: Schedule::Cosine { start, end },
            peak: config.learning_rate.peak(config.batch),
        }
    }

    /// The learning rate of a step, of all parameters that have no other.
    pub fn rate(&self, clock: Clock) -> f64 {
        self.rate.at(clock)
    }

    /// Moves the parameters that have a gradient.
    pub fn step<M: Module>(&mut self, module: M, gradients: GradientsParams, clock: Clock) -> M {
        self.decay.set(self.decays.at(clock));
        let rate = self.rate(clock);
        match &self.constant {
            None => self.optimizer.step(rate, module, gradients),
            Some(group) => {
                let mut rates = ModuleLrScheduler::new(rate).with_group(group.clone(), self.peak);
                self.optimizer.step(rates.step(), module, gradients)
            }
        }
    }
}
