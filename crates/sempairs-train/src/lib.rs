//! Pre-training: the loader, the optimisers, the loop, checkpoints and the run directory.
//!
//! ```text
//! PairDataset -> PairLoader -> Views -> Method::loss -> backward -> mask -> optimiser -> after_step
//!                                                        -> Checkpoint, metrics.jsonl
//! ```
//!
//! The trainer hands the trained method back; its backbone's own file, `backbone.safetensors`, is
//! written by whoever asked for it.
//!
//! A run is a function of its configuration and its seed: order, augmentation, schedules and the
//! state of the optimiser follow from the step, so a run that was killed and resumed ends with the
//! weights of one that was not (bit for bit where the backend's arithmetic is reproducible, as
//! `flex`'s is).

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
    Batch, LoaderConfig, Locals, LocalsFrom, MadeOn, PairLoader, Pipelines, Planned, order,
};
pub use error::TrainError;
pub use monitor::{
    Alarm, Bounds, Collapse, MetricLine, MetricLog, NegativeCounts, Progress, Unlogged,
    negative_counts, terminal,
};
pub use optim::{
    Decay, LarsConfig, LarsVariant, LearningRate, Optimizer, OptimizerConfig, Precision, Rates,
    Scaling, Stepper,
};
pub use run_directory::RunDirectory;
pub use train_config::TrainConfig;
pub use trainer::{Outcome, Trainer, pairs_identity};
