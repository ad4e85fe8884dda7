//! Optimisers, learning rates and the precision of a step.

mod adamw;
mod lars;
mod learning_rate;
mod optimizer;
mod precision;
mod sgd;
mod stepper;

pub use adamw::Decay;
pub use lars::{LarsConfig, LarsVariant};
pub use learning_rate::{LearningRate, Scaling};
pub use optimizer::{Optimizer, OptimizerConfig, Rates};
pub use precision::Precision;
pub use stepper::Stepper;
