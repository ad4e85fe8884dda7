use std::path::PathBuf;

use sempairs_data::{ConfigError, DataError};

use crate::Alarm;

/// Error that ends a pre-training run before its last step.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// A picture cannot be read.
    #[error(transparent)]
    Data(#[from] DataError),
    /// A file of the run directory cannot be read or written.
    #[error("{}: {error}", path.display())]
    Io {
        /// File or folder.
        path: PathBuf,
        /// Error of the operating system.
        error: std::io::Error,
    },
    /// The run directory is in use by another process.
    #[error("{}: another process is using this run directory; wait until it ends", path.display())]
    Busy {
        /// Lock file that the other process holds.
        path: PathBuf,
    },
    /// A value of the configuration is invalid, or the method cannot be trained on these data or
    /// views.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A checkpoint file is damaged or is not a checkpoint.
    #[error("{}: damaged checkpoint: {reason}{}", path.display(), fallback(previous))]
    Damaged {
        /// Checkpoint file.
        path: PathBuf,
        /// What is wrong with the content.
        reason: String,
        /// Previous checkpoint, if it is valid.
        previous: Option<PathBuf>,
    },
    /// A checkpoint was written by a run with different settings.
    #[error(
        "{}: this checkpoint was written by a run with other settings (identity {found}, but this \
         run's is {expected}); resume with the settings in the run's experiment.toml, or choose \
         another run directory",
        path.display()
    )]
    OtherRun {
        /// Checkpoint file.
        path: PathBuf,
        /// Identity in the checkpoint.
        found: String,
        /// Identity of the run that tried to load it.
        expected: String,
    },
    /// The loss is infinite or NaN.
    #[error(
        "the loss is {loss} at step {step} with learning rate {learning_rate:e}; lower \
         training.learning_rate.base; {}",
        last_good(checkpoint)
    )]
    NotFinite {
        /// Value of the loss.
        loss: f64,
        /// Step, counted from 0.
        step: usize,
        /// Learning rate of that step.
        learning_rate: f64,
        /// Newest checkpoint, written before that step.
        checkpoint: Option<PathBuf>,
    },
    /// A weight is infinite or NaN although the loss of the step was finite.
    #[error(
        "a weight is infinite or NaN after step {step} with learning rate {learning_rate:e}; lower \
         training.learning_rate.base; {}",
        last_good(checkpoint)
    )]
    WeightsNotFinite {
        /// Step, counted from 0.
        step: usize,
        /// Learning rate of that step.
        learning_rate: f64,
        /// Newest checkpoint, written before that step.
        checkpoint: Option<PathBuf>,
    },
    /// The run has collapsed and was configured to stop on collapse.
    #[error(
        "collapsed by step {step}: {}; {}",
        joined(alarms),
        last_of(checkpoint, "the last checkpoint is")
    )]
    Collapsed {
        /// Number of completed steps.
        step: usize,
        /// Signs of the collapse.
        alarms: Vec<Alarm>,
        /// Newest checkpoint.
        checkpoint: Option<PathBuf>,
    },
    /// The caller's observer failed.
    #[error(transparent)]
    Observer(Box<dyn std::error::Error + Send + Sync>),
}

fn joined(alarms: &[Alarm]) -> String {
    alarms.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

fn last_good(checkpoint: &Option<PathBuf>) -> String {
    last_of(checkpoint, "the last good checkpoint is")
}

fn last_of(checkpoint: &Option<PathBuf>, prefix: &str) -> String {
    match checkpoint {
        Some(path) => format!("{prefix} {}", path.display()),
        None => "there is no checkpoint yet".into(),
    }
}

fn fallback(previous: &Option<PathBuf>) -> String {
    match previous {
        Some(path) => format!(
            "; the previous checkpoint is valid: delete the damaged file to resume from {}",
            path.display()
        ),
        None => "; delete it to restart the run from step 0".into(),
    }
}

impl TrainError {
    /// Creates an [`Io`](Self::Io) error for `path`.
    pub fn io(path: impl Into<PathBuf>, error: std::io::Error) -> Self {
        Self::Io { path: path.into(), error }
    }
}
