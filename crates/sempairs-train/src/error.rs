use std::fmt::Debug;
use std::ops::RangeInclusive;
use std::path::PathBuf;

use sempairs_data::DataError;
use sempairs_objective::ObjectiveError;

use crate::Alarm;

/// What ends a pre-training run before its last step.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// A picture could not be read; the loader's workers report it and the run ends with it.
    #[error(transparent)]
    Data(#[from] DataError),
    /// A file of the run directory cannot be read or written.
    #[error("{}: {error}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// Two runs in one directory would write over each other.
    #[error("{}: another process is working on this run", path.display())]
    Busy {
        /// The lock that it holds.
        path: PathBuf,
    },
    /// A value of the configuration is out of its range.
    #[error("`{key}`: {reason}")]
    Config {
        /// The key, with the tables it stands in.
        key: String,
        /// What is wrong with the value.
        reason: String,
    },
    /// A checkpoint is no checkpoint, or only a part of one.
    #[error("{}: damaged checkpoint: {reason}{}", path.display(), fallback(previous))]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        reason: String,
        /// The one before it, if it is whole.
        previous: Option<PathBuf>,
    },
    /// A checkpoint belongs to a run with other settings.
    #[error(
        "{}: this checkpoint was written by a run with other settings (identity {found}, this run's \
         is {expected}); resume with the settings in the run's experiment.toml, or choose another \
         run directory",
        path.display()
    )]
    OtherRun {
        /// The file.
        path: PathBuf,
        /// The identity it carries.
        found: String,
        /// The identity of the run that wanted it.
        expected: String,
    },
    /// The loss is infinite or not a number.
    #[error(
        "the loss became {loss} at step {step} with learning rate {learning_rate:e}; lower \
         training.learning_rate.base; {}",
        last("the last good checkpoint is", checkpoint)
    )]
    NotFinite {
        /// The value.
        loss: f64,
        /// The step, from 0.
        step: usize,
        /// The learning rate of that step.
        learning_rate: f64,
        /// The last checkpoint from before.
        checkpoint: Option<PathBuf>,
    },
    /// A weight is infinite or not a number, although the loss before it was one.
    #[error(
        "a weight became infinite or NaN after step {step} with learning rate {learning_rate:e}; \
         lower training.learning_rate.base; {}",
        last("the last good checkpoint is", checkpoint)
    )]
    WeightsNotFinite {
        /// The step, from 0.
        step: usize,
        /// The learning rate of that step.
        learning_rate: f64,
        /// The last checkpoint from before.
        checkpoint: Option<PathBuf>,
    },
    /// The run has collapsed, and was to end then.
    #[error(
        "collapsed by step {step}: {}; {}",
        joined(alarms),
        last("the last checkpoint is", checkpoint)
    )]
    Collapsed {
        /// Steps done.
        step: usize,
        /// What tells.
        alarms: Vec<Alarm>,
        /// The last checkpoint.
        checkpoint: Option<PathBuf>,
    },
    /// The method cannot run with these data or these views.
    #[error(transparent)]
    Method(#[from] ObjectiveError),
    /// What the caller does at regular steps failed.
    #[error(transparent)]
    Observer(Box<dyn std::error::Error + Send + Sync>),
}

/// The path of the last checkpoint, for a message.
fn last(what: &str, checkpoint: &Option<PathBuf>) -> String {
    match checkpoint {
        Some(path) => format!("{what} {}", path.display()),
        None => "there is no checkpoint yet".into(),
    }
}

fn joined(alarms: &[Alarm]) -> String {
    alarms.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

fn fallback(previous: &Option<PathBuf>) -> String {
    match previous {
        Some(path) => format!(
            "; the one before it is whole: remove the damaged file to resume from {}",
            path.display()
        ),
        None => "; delete it to start the run over".into(),
    }
}

impl TrainError {
    /// An [`Io`](Self::Io) error of `path`.
    pub fn io(path: impl Into<PathBuf>, error: std::io::Error) -> Self {
        Self::Io { path: path.into(), error }
    }

    /// A [`Config`](Self::Config) error of `key` unless the value lies in the range; what is no
    /// number lies in none.
    pub(crate) fn unless_within<T: PartialOrd + Debug>(
        key: &str,
        value: T,
        range: RangeInclusive<T>,
    ) -> Result<(), Self> {
        if range.contains(&value) {
            return Ok(());
        }
        let (least, most) = range.into_inner();
        Err(Self::config(key, format!("must be from {least:?} to {most:?}, not {value:?}")))
    }

    /// A [`Config`](Self::Config) error of `key`.
    pub fn config(key: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Config { key: key.into(), reason: reason.into() }
    }
}
