use std::fmt::Debug;
use std::ops::RangeInclusive;
use std::path::PathBuf;

use sempairs_augment::AugmentError;
use sempairs_data::DataError;

use crate::EvaluationProtocol;

/// What can go wrong between a backbone and its score.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EvalError {
    /// A picture cannot be read.
    #[error(transparent)]
    Data(#[from] DataError),
    /// A pipeline cannot be run.
    #[error("the pipeline of the views: {0}")]
    Pipeline(#[from] AugmentError),
    /// A file of features or scores is damaged or of another kind.
    #[error("{}: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A picture without a class, where classes are to be predicted.
    #[error("{picture}: has no class, so nothing can be predicted for it")]
    Unlabelled {
        /// The picture's name.
        picture: String,
    },
    /// A feature that is infinite or not a number, for which a picture cannot be to blame: its
    /// pixels are bytes.
    #[error(
        "the backbone's features are not finite: its weights have diverged, or are too large for their precision"
    )]
    NotFinite,
    /// A protocol whose classifier diverged, so that its scores would mean nothing.
    #[error("{protocol} gives no score: {what}; {advice}")]
    Diverged {
        /// The protocol's name.
        protocol: String,
        /// What is not finite.
        what: String,
        /// What to do about it.
        advice: String,
    },
    /// Training and test pictures that do not belong together.
    #[error("training and test pictures do not match: {reason}")]
    Mismatch {
        /// In what they differ.
        reason: String,
    },
    /// Too few pictures for what is asked.
    #[error("{what}: too few pictures ({found})")]
    TooFew {
        /// What they were wanted for.
        what: String,
        /// How many there are.
        found: usize,
    },
    /// A protocol's setting is out of range.
    #[error("protocol: `{key}`: {reason}")]
    Protocol {
        /// The setting.
        key: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// Two protocols of a list come to the same on the training pictures, though their settings
    /// differ.
    #[error("`protocols[{index}].{key}`: {reason}")]
    SameProtocol {
        /// Which of the protocols is too much, from 0.
        index: usize,
        /// The setting in which it differs from the other.
        key: String,
        /// Why that makes no difference.
        reason: String,
    },
}

impl EvalError {
    /// A [`File`](Self::File) error of `path`.
    pub(crate) fn file(path: impl Into<PathBuf>, reason: impl ToString) -> Self {
        Self::File { path: path.into(), reason: reason.to_string() }
    }

    /// A [`Diverged`](Self::Diverged) error of a protocol that learns at a rate.
    pub(crate) fn diverged(
        protocol: &dyn EvaluationProtocol,
        what: impl ToString,
        rate: f64,
    ) -> Self {
        let advice = format!("lower its `learning_rate`, which is {rate}");
        Self::Diverged { protocol: protocol.name(), what: what.to_string(), advice }
    }

    /// A [`Protocol`](Self::Protocol) error of `key` unless the value lies in the range; what is no
    /// number lies in none.
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

    /// A [`Protocol`](Self::Protocol) error of `key` unless the value is a share of an update that
    /// stays.
    pub(crate) fn unless_momentum(value: f64) -> Result<(), Self> {
        match (0.0..1.0).contains(&value) {
            true => Ok(()),
            false => {
                let reason = format!("must be at least 0 and less than 1, not {value}");
                Err(Self::protocol("momentum", reason))
            }
        }
    }

    /// A [`Protocol`](Self::Protocol) error of `key` unless the value is positive and finite.
    pub(crate) fn unless_positive(key: &'static str, value: f64) -> Result<(), Self> {
        match value > 0.0 && value.is_finite() {
            true => Ok(()),
            false => Err(Self::protocol(key, format!("must be positive and finite, not {value}"))),
        }
    }

    /// A [`Protocol`](Self::Protocol) error of `key`.
    pub(crate) fn protocol(key: &'static str, reason: impl ToString) -> Self {
        Self::Protocol { key, reason: reason.to_string() }
    }
}
