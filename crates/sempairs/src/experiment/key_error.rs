use std::fmt;
use std::ops::RangeInclusive;

use crate::Error;

/// An invalid value: its full key in the experiment file, and the reason.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct KeyError {
    key: String,
    reason: String,
}

impl KeyError {
    pub fn new(key: impl Into<String>, reason: impl ToString) -> Self {
        Self { key: key.into(), reason: reason.to_string() }
    }

    /// Returns an error for a value outside a range.
    pub fn unless_within(
        key: impl Into<String>,
        value: usize,
        range: RangeInclusive<usize>,
    ) -> Result<(), Self> {
        if range.contains(&value) {
            return Ok(());
        }
        let (least, most) = range.into_inner();
        Err(Self::new(key, format!("must be from {least} to {most}, not {value}")))
    }
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.key, self.reason)
    }
}

/// Uses the key in place of the unknown file name.
impl From<KeyError> for Error {
    fn from(error: KeyError) -> Self {
        Error::experiment(format!("`{}`", error.key), error.reason)
    }
}
