//! Optimisers, learning rates and the precision of a step.

mod adamw;
mod lars;
mod learning_rate;
mod optimizer;
mod param_groups;
mod precision;
mod rates;
mod sgd;
mod stepper;
mod weight_decay;

pub use lars::{LarsConfig, LarsVariant};
pub use learning_rate::{LearningRate, Scaling};
pub use optimizer::{Optimizer, OptimizerConfig};
pub use precision::Precision;
pub use rates::Rates;
pub use stepper::Stepper;
pub use weight_decay::SharedWeightDecay;
