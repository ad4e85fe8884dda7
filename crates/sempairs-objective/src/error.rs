use std::fmt::Debug;
use std::ops::RangeInclusive;

/// What can be wrong with a method that a person wrote.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ObjectiveError {
    /// A value of the configuration is out of its range.
    #[error("`{key}`: {reason}")]
    Config {
        /// The key, with the tables it stands in.
        key: String,
        /// What is wrong with the value.
        reason: String,
    },
}

impl ObjectiveError {
    /// A [`Config`](Self::Config) error of `key`.
    pub fn config(key: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Config { key: key.into(), reason: reason.into() }
    }

    /// An error of `key` unless the value lies in the range; what is no number lies in none.
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

    /// An error of `key` unless the value lies in 0 to 1, 1 itself left out: a momentum of 1 never moves.
    pub(crate) fn unless_share(key: &str, value: f64) -> Result<(), Self> {
        if (0.0..1.0).contains(&value) {
            return Ok(());
        }
        Err(Self::config(key, format!("must be at least 0 and less than 1, not {value}")))
    }
}
