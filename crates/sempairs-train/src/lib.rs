//! Pre-training: the loader, the optimisers, the loop, checkpoints and the run directory.
//!
//! ```text
//! PairDataset -> PairLoader -> Views -> Method::loss -> backward -> mask -> optimiser -> after_step
//!                                                        -> Checkpoint, metrics.jsonl
//! ```
//!
//! The trainer hands the trained method back; its backbone's own file, `backbone.safetensors`, is written by
//! whoever asked for it.
//!
//! A run is a function of its configuration and its seed: order, augmentation, schedules and the
//! state of the optimiser follow from the step, so a run that was killed and resumed ends with the
//! weights of one that was not (bit for bit where the backend's arithmetic is reproducible, as
//! `flex`'s is).

#![deny(clippy::print_stdout, clippy::print_stderr)]

mod alarm;
mod batch;
mod checkpoint;
mod counters;
mod decoupled;
mod descents;
mod error;
mod fit;
mod lars;
mod learning_rate;
pub mod limits;
mod loader;
mod metrics;
mod optimizer;
mod order;
mod pipelines;
mod precision;
mod progress;
mod run_directory;
mod stepper;
pub mod terminal;
mod train_config;
mod trainer;
mod window;

pub use alarm::{Alarm, Bounds};
pub use batch::{Batch, Planned};
pub use checkpoint::{Checkpoint, Checkpoints};
pub use counters::{NegativeCounts, negative_counts};
pub use decoupled::Decay;
pub use error::TrainError;
pub use fit::check_method;
pub use lars::{LarsConfig, LarsVariant};
pub use learning_rate::{LearningRate, Scaling};
pub use loader::{LoaderConfig, PairLoader};
pub use metrics::{Collapse, MetricLine, MetricLog};
pub use optimizer::{Optimizer, OptimizerConfig, Rates};
pub use order::order;
pub use pipelines::{Locals, LocalsFrom, MadeOn, Pipelines};
pub use precision::Precision;
pub use progress::Display;
pub use run_directory::RunDirectory;
pub use stepper::Stepper;
pub use train_config::TrainConfig;
pub use trainer::{Outcome, Trainer};
pub use window::Unlogged;
