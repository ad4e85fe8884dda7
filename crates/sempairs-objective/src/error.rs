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
}
