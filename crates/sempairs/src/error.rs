use std::path::PathBuf;

use sempairs_augment::AugmentError;
use sempairs_data::DataError;
use sempairs_eval::EvalError;
use sempairs_train::TrainError;

/// What can go wrong in an experiment.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Of the pictures and pairs.
    #[error(transparent)]
    Data(#[from] DataError),
    /// Of the augmentation.
    #[error(transparent)]
    Augment(#[from] AugmentError),
    /// Of the pre-training.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// Of the evaluation.
    #[error(transparent)]
    Eval(#[from] EvalError),
    /// Of a weights file.
    #[error(transparent)]
    Weights(#[from] sempairs_backbone::weights::WeightsError),
    /// What a command's flag would have done about it.
    #[error("{error}; {advice}")]
    Advised {
        /// What went wrong.
        error: Box<Error>,
        /// What to do.
        advice: String,
    },
    /// A run's network has no score.
    #[error("{run}, step {step}: {error}; its checkpoints stay, and other protocols can be scored")]
    Unscored {
        /// The run.
        run: String,
        /// Steps done.
        step: usize,
        /// Why.
        error: EvalError,
    },
    /// What came of the weights of a file.
    #[error("{}: {error}", weights.display())]
    Scored {
        /// The file.
        weights: PathBuf,
        /// What went wrong.
        error: EvalError,
    },
    /// A file of ours cannot be read or written.
    #[error("{}: {error}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// An experiment's file does not say what it must.
    #[error("{file}: {reason}")]
    Experiment {
        /// The file, or where else the text came from.
        file: String,
        /// What is wrong, with the line or the key.
        reason: String,
    },
    /// A device's name is not one, or was not compiled in.
    #[error("{0}")]
    Device(String),
    /// The handler of signals could not be set.
    #[error("signals cannot be handled: {0}")]
    Signal(String),
    /// The run was stopped before its end.
    #[error("stopped at step {step}; run the same command again to go on from there")]
    Interrupted {
        /// Steps done.
        step: usize,
    },
}

impl Error {
    /// Whether nothing went wrong but the process was asked to end.
    pub fn is_interruption(&self) -> bool {
        match self {
            Self::Interrupted { .. } => true,
            Self::Data(error)
            | Self::Train(TrainError::Data(error))
            | Self::Eval(EvalError::Data(error)) => matches!(error, DataError::Interrupted),
            _ => false,
        }
    }

    /// An [`Io`](Self::Io) error of `path`.
    pub fn io(path: impl Into<PathBuf>, error: std::io::Error) -> Self {
        Self::Io { path: path.into(), error }
    }

    /// An [`Experiment`](Self::Experiment) error of `file`.
    pub fn experiment(file: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Experiment { file: file.into(), reason: reason.into() }
    }
}
