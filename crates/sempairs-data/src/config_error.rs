use std::fmt::{self, Debug};
use std::ops::RangeInclusive;

use sempairs_internal::{nearest, suggestion};

/// An invalid value of a configuration: its key, what is wrong with it, and the nearest known name
/// where a name was misspelt.
///
/// All crates of the workspace return this error from the checks of their configurations. A check
/// names the key as its own configuration does; its caller puts the table that contains the
/// configuration in front with [`under`](Self::under).
///
/// ```
/// use sempairs_data::ConfigError;
///
/// let wide = ConfigError::unless_within("hidden[1]", 9_000, 1..=8_192).unwrap_err();
/// let error = wide.under("projector").under("method");
/// assert_eq!(error.key(), "method.projector.hidden[1]");
/// assert_eq!(
///     error.to_string(),
///     "`method.projector.hidden[1]`: must be from 1 to 8192, not 9000"
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError(Box<Parts>);

/// Content of the error, in a box so that the results of checks stay small.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Parts {
    key: String,
    reason: String,
    nearest: Option<String>,
}

impl ConfigError {
    /// An error of the value at `key`, such as `projector.hidden[1]`. The key is empty if the
    /// configuration as a whole is invalid, or if only the caller knows the key.
    pub fn new(key: impl Into<String>, reason: impl ToString) -> Self {
        Self(Box::new(Parts { key: key.into(), reason: reason.to_string(), nearest: None }))
    }

    /// Suggests the name in `known` that is most similar to a misspelt one, if any is similar
    /// enough.
    pub fn with_nearest<'a>(
        mut self,
        name: &str,
        known: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        self.0.nearest = nearest(name, known).map(str::to_owned);
        self
    }

    /// Returns an error unless the value is in the range. NaN is in no range.
    ///
    /// # Errors
    ///
    /// One with `key`, the range and the value.
    pub fn unless_within<T: PartialOrd + Debug>(
        key: impl Into<String>,
        value: T,
        range: RangeInclusive<T>,
    ) -> Result<(), Self> {
        if range.contains(&value) {
            return Ok(());
        }
        let (least, most) = range.into_inner();
        Err(Self::new(key, format!("must be from {least:?} to {most:?}, not {value:?}")))
    }

    /// Returns an error unless the value is in [0, 1). With a momentum of 1 a moving average would
    /// never change.
    ///
    /// # Errors
    ///
    /// One with `key` and the value.
    pub fn unless_share(key: impl Into<String>, value: f64) -> Result<(), Self> {
        match (0.0..1.0).contains(&value) {
            true => Ok(()),
            false => {
                Err(Self::new(key, format!("must be at least 0 and less than 1, not {value}")))
            }
        }
    }

    /// Returns an error unless the value is positive and finite.
    ///
    /// # Errors
    ///
    /// One with `key` and the value.
    pub fn unless_positive(key: impl Into<String>, value: f64) -> Result<(), Self> {
        match value > 0.0 && value.is_finite() {
            true => Ok(()),
            false => Err(Self::new(key, format!("must be positive and finite, not {value}"))),
        }
    }

    /// The same error with the table or list that contains the key in front: `hidden[1]` under
    /// `projector` is `projector.hidden[1]`, `[1].p` under `left` is `left[1].p`, and an empty key
    /// becomes that of the table.
    pub fn under(mut self, table: &str) -> Self {
        let separator = match (table, self.key()) {
            ("", _) | (_, "") => "",
            (_, key) if key.starts_with('[') => "",
            _ => ".",
        };
        self.0.key = format!("{table}{separator}{}", self.key());
        self
    }

    /// The same error with a remark after its reason.
    pub fn with_remark(mut self, remark: impl fmt::Display) -> Self {
        self.0.reason = format!("{}; {remark}", self.reason());
        self
    }

    /// Key of the value, preceded by the tables that contain it; empty if there is none.
    pub fn key(&self) -> &str {
        &self.0.key
    }

    /// What is wrong with the value and what is allowed, without key and suggestion.
    pub fn reason(&self) -> &str {
        &self.0.reason
    }

    /// The known name that is most similar to a misspelt one.
    pub fn nearest(&self) -> Option<&str> {
        self.0.nearest.as_deref()
    }
}

/// Formats as `` `key`: reason; did you mean `name`? ``, without the parts that are not there.
impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.key().is_empty() {
            write!(f, "`{}`: ", self.key())?;
        }
        write!(f, "{}{}", self.reason(), suggestion(self.nearest()))
    }
}

impl std::error::Error for ConfigError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_put_in_front_of_keys_and_of_indices() {
        for (table, key, full) in [
            ("method", "queue", "method.queue"),
            ("views.left", "[2].size", "views.left[2].size"),
            ("seeds", "[0]", "seeds[0]"),
            ("views", "", "views"),
            ("", "views", "views"),
            ("", "", ""),
        ] {
            assert_eq!(ConfigError::new(key, "is wrong").under(table).key(), full);
        }
    }

    #[test]
    fn a_message_has_the_parts_that_are_known() {
        let known = ["temperature", "projector"];
        let message = |key: &str, name: &str| {
            ConfigError::new(key, "is unknown").with_nearest(name, known).to_string()
        };
        assert_eq!(message("", "momentum"), "is unknown");
        assert_eq!(message("method", "momentum"), "`method`: is unknown");
        let misspelt = "`method`: is unknown; did you mean `temperature`?";
        assert_eq!(message("method", "temprature"), misspelt);
        let error = ConfigError::new("method", "is unknown").with_nearest("temprature", known);
        assert_eq!(
            error.with_remark("see above").to_string(),
            "`method`: is unknown; see above; did you mean `temperature`?"
        );
    }

    #[test]
    fn a_value_out_of_its_range_is_an_error_and_so_is_nan() {
        let said = |checked: Result<(), ConfigError>| checked.unwrap_err().to_string();
        assert_eq!(ConfigError::unless_within("p", 1.0, 0.0..=1.0), Ok(()));
        let nan = said(ConfigError::unless_within("p", f64::NAN, 0.0..=1.0));
        assert_eq!(nan, "`p`: must be from 0.0 to 1.0, not NaN");
        assert_eq!(ConfigError::unless_share("p", 0.0), Ok(()));
        assert_eq!(
            said(ConfigError::unless_share("p", 1.0)),
            "`p`: must be at least 0 and less than 1, not 1"
        );
        assert!(ConfigError::unless_share("p", f64::NAN).is_err());
        assert_eq!(ConfigError::unless_positive("t", 0.1), Ok(()));
        for value in [0.0, -1.0, f64::INFINITY, f64::NAN] {
            let expected = format!("`t`: must be positive and finite, not {value}");
            assert_eq!(said(ConfigError::unless_positive("t", value)), expected);
        }
    }
}
