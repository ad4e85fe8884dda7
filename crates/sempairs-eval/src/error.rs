use std::fmt::Debug;
use std::ops::RangeInclusive;
use std::path::PathBuf;

use sempairs_augment::AugmentError;
use sempairs_data::DataError;

use crate::EvaluationProtocol;

/// Error of an evaluation.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EvalError {
    /// A picture cannot be read.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The pipeline of the views is invalid.
    #[error("invalid pipeline of the views: {0}")]
    Pipeline(#[from] AugmentError),
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
    /// A setting of a protocol is out of range.
    #[error("protocol: `{key}`: {reason}")]
    Protocol {
        /// Key of the setting.
        key: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// Two protocols of a list have different settings but the same effect with this training set.
    #[error("`protocols[{index}].{key}`: {reason}")]
    SameProtocol {
        /// Index of the redundant protocol, from 0.
        index: usize,
        /// Key of the setting in which it differs from the other protocol.
        key: String,
        /// Why the difference has no effect.
        reason: String,
    },
}

impl EvalError {
    /// A [`File`](Self::File) error for `path`.
    pub(crate) fn file(path: impl Into<PathBuf>, reason: impl ToString) -> Self {
        Self::File { path: path.into(), reason: reason.to_string() }
    }

    /// A [`Diverged`](Self::Diverged) error of a protocol with the learning rate `rate`.
    pub(crate) fn diverged(
        protocol: &dyn EvaluationProtocol,
        what: impl ToString,
        rate: f64,
    ) -> Self {
        let advice = format!("lower its `learning_rate`, which is {rate}");
        Self::Diverged { protocol: protocol.name(), what: what.to_string(), advice }
    }

    /// A [`Protocol`](Self::Protocol) error for `key` unless the value is in the range. NaN is in
    /// no range.
    pub(crate) fn unless_within<T: PartialOrd + Debug>(
        key: &'static str,
        value: T,
        range: RangeInclusive<T>,
    ) -> Result<(), Self> {
        if range.contains(&value) {
            return Ok(());
        }
        let (least, most) = range.into_inner();
        Err(Self::protocol(key, format!("must be from {least:?} to {most:?}, not {value:?}")))
    }

    /// A [`Protocol`](Self::Protocol) error for `momentum` unless the value is in [0, 1).
    pub(crate) fn unless_momentum(value: f64) -> Result<(), Self> {
        match (0.0..1.0).contains(&value) {
            true => Ok(()),
            false => {
                let reason = format!("must be at least 0 and less than 1, not {value}");
                Err(Self::protocol("momentum", reason))
            }
        }
    }

    /// A [`Protocol`](Self::Protocol) error for `key` unless the value is positive and finite.
    pub(crate) fn unless_positive(key: &'static str, value: f64) -> Result<(), Self> {
        match value > 0.0 && value.is_finite() {
            true => Ok(()),
            false => Err(Self::protocol(key, format!("must be positive and finite, not {value}"))),
        }
    }

    /// A [`Protocol`](Self::Protocol) error for `key`.
    pub(crate) fn protocol(key: &'static str, reason: impl ToString) -> Self {
        Self::Protocol { key, reason: reason.to_string() }
    }
}
