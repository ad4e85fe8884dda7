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

    /// An error of `key` unless the value is positive and finite.
    pub(crate) fn unless_positive(key: &str, value: f64) -> Result<(), Self> {
        if value > 0.0 && value.is_finite() {
            return Ok(());
        }
        Err(Self::config(key, format!("must be positive and finite, not {value}")))
    }

    /// An error of `key` unless the value lies in 0 to 1, 1 itself left out: a momentum of 1 never moves.
    pub(crate) fn unless_share(key: &str, value: f64) -> Result<(), Self> {
        if (0.0..1.0).contains(&value) {
            return Ok(());
        }
        Err(Self::config(key, format!("must lie in 0..1, not {value}")))
    }

    /// An error of `key` if a count is zero.
    pub(crate) fn unless_counted(key: &str, count: usize) -> Result<(), Self> {
        if count > 0 {
            return Ok(());
        }
        Err(Self::config(key, "must be at least 1, not 0"))
    }
}
