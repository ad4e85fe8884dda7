//! The error type of the crate.

use std::path::PathBuf;

use sempairs_data::{ConfigError, DataError};
use sempairs_eval::EvalError;
use sempairs_internal::join_limited;
use sempairs_train::TrainError;

/// Maximum number of runs in a message; the others are only counted.
const NAMED: usize = 10;

/// Errors of experiments, runs and commands.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Reading pictures or making pairs failed.
    #[error(transparent)]
    Data(#[from] DataError),
    /// Pre-training failed.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// The evaluation failed.
    #[error(transparent)]
    Eval(#[from] EvalError),
    /// Reading or writing a weights file failed.
    #[error(transparent)]
    Weights(#[from] sempairs_backbone::weights::WeightsError),
    /// An error together with the command-line flag that resolves it.
    #[error("{error}; {advice}")]
    Advised {
        /// The underlying error.
        error: Box<Error>,
        /// The suggested remedy.
        advice: String,
    },
    /// The network of a run cannot be scored.
    #[error("{run}, step {step}: {error}; checkpoints are kept, and other protocols can be scored")]
    Unscored {
        /// Name of the run.
        run: String,
        /// Number of completed steps.
        step: usize,
        /// Reason.
        error: EvalError,
    },
    /// The network loaded from a weights file cannot be scored.
    #[error("{}: {error}", weights.display())]
    Scored {
        /// The weights file.
        weights: PathBuf,
        /// Reason.
        error: EvalError,
    },
    /// A file cannot be read or written.
    #[error("{}: {error}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Error of the operating system.
        error: std::io::Error,
    },
    /// The content of a file or folder of a run is damaged, missing, or that of another run.
    #[error("{}: {reason}", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong and what to do.
        reason: String,
    },
    /// An experiment or a command-line argument is invalid.
    #[error("{}{error}", place(origin, *line))]
    Config {
        /// The file, or another origin of the value, such as `--set KEY=VALUE`; `None` for a value
        /// of the library.
        origin: Option<String>,
        /// Line of the file, counted from 1, if it is known.
        line: Option<usize>,
        /// Key and reason.
        error: ConfigError,
    },
    /// The backend of a device was not compiled in, or the device does not exist or does not work.
    #[error("{0}")]
    Device(String),
    /// The signal handler could not be installed.
    #[error("cannot install the signal handler: {0}")]
    Signal(String),
    /// Some runs of a grid failed; the others have finished.
    #[error(
        "{} of {runs} runs failed: {}; the same command tries them again",
        failed.len(),
        join_limited(failed, ", ", NAMED)
    )]
    Runs {
        /// Number of runs.
        runs: usize,
        /// Names of those that failed.
        failed: Vec<String>,
    },
    /// The run was stopped before its last step.
    #[error("stopped at step {step}; run the same command again to resume from there")]
    Interrupted {
        /// Number of completed steps.
        step: usize,
    },
}

impl Error {
    /// Returns true if the only cause is a request to stop the process.
    pub fn is_interruption(&self) -> bool {
        match self {
            Self::Interrupted { .. } => true,
            Self::Data(error)
            | Self::Train(TrainError::Data(error))
            | Self::Eval(EvalError::Data(error)) => matches!(error, DataError::Interrupted),
            _ => false,
        }
    }

    /// Creates an [`Io`](Self::Io) error for `path`.
    pub fn io(path: impl Into<PathBuf>, error: std::io::Error) -> Self {
        Self::Io { path: path.into(), error }
    }

    /// Creates a [`File`](Self::File) error for `path`.
    pub fn file(path: impl Into<PathBuf>, reason: impl Into<String>) -> Self {
        Self::File { path: path.into(), reason: reason.into() }
    }

    /// Creates a [`Config`](Self::Config) error of a value from `origin`.
    pub fn config(origin: impl Into<String>, error: ConfigError) -> Self {
        Self::Config { origin: Some(origin.into()), line: None, error }
    }

    /// Creates a [`Config`](Self::Config) error of a value of the study with this name.
    pub(crate) fn of_study(name: &str, error: ConfigError) -> Self {
        Self::config(study_origin(name), error)
    }

    /// Creates a [`Config`](Self::Config) error without a key: `origin` as a whole is invalid.
    pub fn invalid(origin: impl Into<String>, reason: impl ToString) -> Self {
        Self::config(origin, ConfigError::new("", reason))
    }
}

/// An error of a value of the library.
impl From<ConfigError> for Error {
    fn from(error: ConfigError) -> Self {
        Self::Config { origin: None, line: None, error }
    }
}

/// The origin of the values of a study in messages.
pub(crate) fn study_origin(name: &str) -> String {
    format!("experiment `{name}`")
}

/// The prefix `"ORIGIN: line LINE: "` of a message, as far as it is known.
fn place(origin: &Option<String>, line: Option<usize>) -> String {
    let origin = origin.iter().map(|origin| format!("{origin}: "));
    origin.chain(line.map(|line| format!("line {line}: "))).collect()
}
