use std::fmt::Debug;
use std::ops::RangeInclusive;

/// Error of a method's configuration.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ObjectiveError {
    /// A value of the configuration is out of range or does not fit the data.
    #[error("`{key}`: {reason}")]
    Config {
        /// Key of the value, preceded by the tables that contain it, such as `projector.hidden[1]`.
        key: String,
        /// What is wrong with the value and what is allowed.
        reason: String,
    },
}

impl ObjectiveError {
    /// A [`Config`](Self::Config) error for `key`.
    pub fn config(key: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Config { key: key.into(), reason: reason.into() }
    }

    /// Returns an error for `key` unless the value is in the range. NaN is in no range.
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

    /// Returns an error for `key` unless the value is in [0, 1). With a momentum of 1 a moving
    /// average would never change.
    pub(crate) fn unless_share(key: &str, value: f64) -> Result<(), Self> {
        if (0.0..1.0).contains(&value) {
            return Ok(());
        }
        Err(Self::config(key, format!("must be at least 0 and less than 1, not {value}")))
    }
}
