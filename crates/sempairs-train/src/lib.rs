//! Pre-training: data loader, optimisers, training loop, checkpoints and run directory.
//!
//! ```text
//! PairDataset -> PairLoader -> Views -> Method::loss -> backward -> mask
//!             -> optimiser -> after_step -> Checkpoint, metrics.jsonl
//! ```
//!
//! The trainer returns the trained method. It does not write the backbone file,
//! `backbone.safetensors`; that is left to the caller.
//!
//! A run is a pure function of its configuration and its random seed: the order of the pairs,
//! augmentation, schedules and optimiser state are determined by the step. A run that was killed
//! and resumed therefore ends with the same weights as an uninterrupted one, bit for bit where the
//! backend's arithmetic is reproducible, as that of `flex` is.

#![deny(clippy::print_stdout, clippy::print_stderr)]

mod checkpoint;
mod compatibility;
mod data;
mod error;
pub mod limits;
mod monitor;
mod optim;
mod run_directory;
mod train_config;
mod trainer;

pub use checkpoint::{Checkpoint, Checkpoints};
pub use compatibility::check_method;
pub use data::{
    Batch, LoaderConfig, Locals, LocalsFrom, MadeOn, PairLoader, Pipelines, Planned, moment, order,
};
pub use error::TrainError;
pub use monitor::{
    Alarm, Bounds, Collapse, MetricLine, MetricLog, NegativeCounts, Progress, Unlogged,
    negative_counts, semantic_share, terminal,
};
pub use optim::{
    LarsConfig, LarsVariant, LearningRate, Optimizer, OptimizerConfig, Precision, Rates, Scaling,
    SharedWeightDecay, Stepper,
};
pub use run_directory::RunDirectory;
pub use sempairs_data::ConfigError;
pub use train_config::TrainConfig;
pub use trainer::{Outcome, Trainer, pairs_identity};
