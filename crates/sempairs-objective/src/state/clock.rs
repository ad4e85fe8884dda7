use serde::{Deserialize, Serialize};

/// The only notion of time: how far a training run is.
///
/// Everything that a step needs to know about time follows from these three numbers, so a run that
/// is resumed at a step goes on as if it had never stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    /// Steps done before this one; the first step is 0.
    pub step: usize,
    /// Steps in one pass over the pairs, the incomplete last batch dropped.
    pub steps_per_epoch: usize,
    /// Steps of the whole run.
    pub steps: usize,
}

impl Clock {
    /// The clock before the first step.
    ///
    /// # Panics
    ///
    /// If an epoch has no step.
    pub fn new(steps_per_epoch: usize, steps: usize) -> Self {
        assert!(steps_per_epoch > 0, "an epoch has at least one step");
        Self { step: 0, steps_per_epoch, steps }
    }

    /// The same run at another step.
    pub fn at(self, step: usize) -> Self {
        Self { step, ..self }
    }

    /// The pass over the pairs, from 0.
    pub fn epoch(&self) -> usize {
        self.step / self.steps_per_epoch
    }

    /// The step within its epoch, from 0.
    pub fn step_in_epoch(&self) -> usize {
        self.step % self.steps_per_epoch
    }

    /// How many epochs the run has, the last of them perhaps cut short.
    pub fn epochs(&self) -> usize {
        self.steps.div_ceil(self.steps_per_epoch)
    }

    /// Whether every step is done.
    pub fn is_over(&self) -> bool {
        self.step >= self.steps
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_may_end_inside_an_epoch() {
        let clock = Clock::new(4, 10).at(9);
        assert_eq!((clock.epoch(), clock.step_in_epoch(), clock.epochs()), (2, 1, 3));
        assert!(!clock.is_over() && clock.at(10).is_over());
    }
}
