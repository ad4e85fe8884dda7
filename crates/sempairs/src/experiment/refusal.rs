use std::fmt;

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

    /// Refuses a size of 0 or of more than `most`.
    pub fn unless_sized(key: impl Into<String>, value: usize, most: usize) -> Result<(), Self> {
        match value {
            0 => Err(Self::new(key, "must be at least 1, not 0")),
            _ if value > most => {
                Err(Self::new(key, format!("must be at most {most}, not {value}")))
            }
            _ => Ok(()),
        }
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
