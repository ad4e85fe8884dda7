use std::path::PathBuf;

use sempairs_data::{ConfigError, DataError};

/// Error of an evaluation.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EvalError {
    /// A picture cannot be read.
    #[error(transparent)]
    Data(#[from] DataError),
    /// A file of features or scores is damaged or has another format.
    #[error("{}: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A picture has no class, but the evaluation needs one.
    #[error("{picture}: the picture has no class, which the evaluation needs")]
    Unlabelled {
        /// The picture's name.
        picture: String,
    },
    /// A feature is infinite or NaN. The cause is the network, since pixels are bytes.
    #[error(
        "the backbone's features are not finite: its weights have diverged or are too large for \
         their dtype"
    )]
    NotFinite,
    /// The classifier of a protocol diverged, so there is no score.
    #[error("{protocol} gives no score: {what}; {advice}")]
    Diverged {
        /// The protocol's name.
        protocol: String,
        /// What is infinite or NaN.
        what: String,
        /// What to do about it.
        advice: String,
    },
    /// Training and test set do not fit together.
    #[error("training and test set do not match: {reason}")]
    Mismatch {
        /// How they differ.
        reason: String,
    },
    /// There are too few pictures.
    #[error("{what}: too few pictures ({found})")]
    TooFew {
        /// What they are needed for.
        what: String,
        /// Number of pictures.
        found: usize,
    },
    /// The pipeline of the views is invalid, or a setting of a protocol is out of range, does not
    /// fit the network, or has no effect that another protocol of the list does not have.
    #[error(transparent)]
    Config(#[from] ConfigError),
}

impl EvalError {
    /// A [`File`](Self::File) error for `path`.
    pub(crate) fn file(path: impl Into<PathBuf>, reason: impl ToString) -> Self {
        Self::File { path: path.into(), reason: reason.to_string() }
    }

    /// A [`Diverged`](Self::Diverged) error of the protocol with this name and the learning rate
    /// `rate`.
    pub(crate) fn diverged(protocol: String, what: impl ToString, rate: f64) -> Self {
        let advice = format!("lower its `learning_rate`, which is {rate}");
        Self::Diverged { protocol, what: what.to_string(), advice }
    }

    /// The same error with `table` in front of the key of a [`Config`](Self::Config) error; see
    /// [`ConfigError::under`].
    pub fn under(self, table: &str) -> Self {
        match self {
            Self::Config(error) => Self::Config(error.under(table)),
            other => other,
        }
    }
}
