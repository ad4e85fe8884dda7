use std::f64::consts::PI;

use serde::{Deserialize, Serialize};

use crate::limits::STEPS;
use crate::{Clock, ConfigError};

/// Schedule of a hyper-parameter over a run: a learning rate, momentum, weight decay or
/// temperature.
///
/// With `T` steps in the run, `w` warm-up steps among them and `t` the step:
///
/// - constant: `value`;
/// - cosine: `end + (start - end) (1 + cos(pi t / (T - 1))) / 2`, so that the last step has exactly
///   `end`;
/// - warm-up, then cosine: `peak (t + 1) / w` while `t < w`, then the cosine from `peak` to `end`
///   over the remaining `T - w` steps.
///
/// Source: Loshchilov and Hutter, "SGDR" (2017), for the cosine; Goyal et al., "Accurate, Large
/// Minibatch SGD" (2017), for the linear warm-up. The endpoints are those of lightly's schedules.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Schedule {
    /// A constant value.
    Constant {
        /// The value at every step.
        value: f64,
    },
    /// Cosine annealing from the first step to the last.
    Cosine {
        /// The value at the first step.
        start: f64,
        /// The value at the last step.
        end: f64,
    },
    /// Linear warm-up, then cosine annealing.
    WarmupCosine {
        /// The value at the end of the warm-up.
        peak: f64,
        /// The value at the last step.
        end: f64,
        /// Number of warm-up steps.
        warmup: usize,
    },
}

impl Schedule {
    /// The value at a step of a run.
    pub fn at(&self, clock: Clock) -> f64 {
        match *self {
            Self::Constant { value } => value,
            Self::Cosine { start, end } => cosine(clock.step, clock.steps, start, end),
            Self::WarmupCosine { peak, warmup, .. } if clock.step < warmup => {
                peak * (clock.step + 1) as f64 / warmup as f64
            }
            Self::WarmupCosine { peak, end, warmup } => {
                cosine(clock.step - warmup, clock.steps.saturating_sub(warmup), peak, end)
            }
        }
    }

    /// Returns an error unless the schedule is valid for a momentum. `key` is its configuration
    /// key.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] for a value outside [0, 1], such as `momentum.start`, and for a
    /// number of warm-up steps above the limit on the steps of a run.
    pub fn check_momentum(&self, key: &str) -> Result<(), ConfigError> {
        let values: &[(&str, f64)] = match *self {
            Self::Constant { value } => &[("value", value)],
            Self::Cosine { start, end } => &[("start", start), ("end", end)],
            Self::WarmupCosine { peak, end, .. } => &[("peak", peak), ("end", end)],
        };
        match values.iter().find(|(_, value)| !(0.0..=1.0).contains(value)) {
            None => {}
            Some((name, value)) => {
                let reason = format!("must be from 0 to 1, not {value}");
                return Err(ConfigError::new(format!("{key}.{name}"), reason));
            }
        }
        match *self {
            Self::WarmupCosine { warmup, .. } => {
                ConfigError::unless_within(format!("{key}.warmup"), warmup, STEPS)
            }
            _ => Ok(()),
        }
    }
}

fn cosine(step: usize, steps: usize, start: f64, end: f64) -> f64 {
    if steps <= 1 || step + 1 >= steps {
        return end;
    }
    end + (start - end) * (1.0 + (PI * step as f64 / (steps - 1) as f64).cos()) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_step_has_the_end_and_the_warm_up_its_peak() {
        let schedule = Schedule::WarmupCosine { peak: 2.0, end: 0.5, warmup: 10 };
        let clock = Clock::new(7, 50);
        assert_eq!(schedule.at(clock), 0.2);
        assert_eq!(schedule.at(clock.at(9)), 2.0);
        assert_eq!(schedule.at(clock.at(10)), 2.0);
        assert_eq!(schedule.at(clock.at(49)), 0.5);
    }

    #[test]
    fn a_warm_up_as_long_as_the_run_never_divides_by_zero() {
        let schedule = Schedule::WarmupCosine { peak: 1.0, end: 0.0, warmup: 5 };
        for step in 0..6 {
            assert!(schedule.at(Clock::new(5, 5).at(step)).is_finite());
        }
    }
}
