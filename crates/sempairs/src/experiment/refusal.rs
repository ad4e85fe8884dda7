use std::fmt;
use std::ops::RangeInclusive;

use crate::Error;

/// A value that cannot be: its key, as it stands in the experiment's file, and the reason.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Refusal {
    key: String,
    reason: String,
}

impl Refusal {
    pub fn new(key: impl Into<String>, reason: impl ToString) -> Self {
        Self { key: key.into(), reason: reason.to_string() }
    }

    /// Refuses a value outside a range.
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

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.key, self.reason)
    }
}

/// Where no file is known, the key stands in its place.
impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Error::experiment(format!("`{}`", refusal.key), refusal.reason)
    }
}
