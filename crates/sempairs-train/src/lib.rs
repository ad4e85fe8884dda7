//! Pre-training: the loader, the optimisers, the loop, checkpoints and the run directory.
//!
//! ```text
//! PairDataset -> PairLoader -> Views -> Method::loss -> backward -> mask -> optimiser -> after_step
//!                                                        -> Checkpoint, metrics.jsonl, backbone.safetensors
//! ```
//!
//! A run is a function of its configuration and its seed: order, augmentation, schedules and the
//! state of the optimiser follow from the step, so a run that was killed and resumed ends with the
//! weights of one that was not (bit for bit where the backend's arithmetic is reproducible, as
//! `flex`'s is).

mod by_rank;
mod checkpoint;
mod decoupled;
mod error;
mod lars;
mod learning_rate;
mod loader;
mod metrics;
mod optimizer;
mod order;
mod progress;
mod run_directory;
mod stepper;
mod trainer;

pub use by_rank::ByRank;
pub use checkpoint::{Checkpoint, Checkpoints};
pub use decoupled::{Decay, Decoupled};
pub use error::TrainError;
pub use lars::{Lars, LarsConfig, LarsVariant};
pub use learning_rate::{LearningRate, Scaling};
pub use loader::{Batch, LoaderConfig, PairLoader};
pub use metrics::{Collapse, MetricLine, MetricLog};
pub use optimizer::OptimizerConfig;
pub use order::order;
pub use progress::Display;
pub use run_directory::RunDirectory;
pub use stepper::Stepper;
pub use trainer::{Outcome, TrainConfig, Trainer};
