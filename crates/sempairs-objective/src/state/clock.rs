use serde::{Deserialize, Serialize};

/// Position in a training run.
///
/// Everything in a step that depends on time is a function of these three numbers, so a resumed run
/// continues exactly where it stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    /// Index of the step, from 0.
    pub step: usize,
    /// Number of steps per epoch; an incomplete last batch is dropped.
    pub steps_per_epoch: usize,
    /// Number of steps of the whole run.
    pub steps: usize,
}

impl Clock {
    /// The clock at step 0.
    ///
    /// # Panics
    ///
    /// If `steps_per_epoch` is zero.
    pub fn new(steps_per_epoch: usize, steps: usize) -> Self {
        assert!(steps_per_epoch > 0, "an epoch must have at least one step");
        Self { step: 0, steps_per_epoch, steps }
    }

    /// The clock of the same run at another step.
    pub fn at(self, step: usize) -> Self {
        Self { step, ..self }
    }

    /// Index of the epoch, from 0.
    pub fn epoch(&self) -> usize {
        self.step / self.steps_per_epoch
    }

    /// Index of the step within its epoch, from 0.
    pub fn step_in_epoch(&self) -> usize {
        self.step % self.steps_per_epoch
    }

    /// Number of epochs of the run, rounded up: the last one may be incomplete.
    pub fn epochs(&self) -> usize {
        self.steps.div_ceil(self.steps_per_epoch)
    }

    /// Returns true if all steps are done.
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
