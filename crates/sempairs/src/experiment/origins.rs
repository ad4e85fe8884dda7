//! Where the values of an experiment come from, for error messages.

use std::sync::Arc;

use sempairs_data::ConfigError;

use super::assign::steps;
use super::read_error::is_tag;
use super::source_text::line_of;
use crate::Error;
use crate::error::study_origin;

/// Where the values of an experiment come from: lines of its file, `--set` and `[[vary]]`. For
/// errors that are found only after the file has been read, because they depend on the pictures.
#[derive(Clone, Debug)]
pub struct Origins {
    file: String,
    text: Arc<str>,
    /// The assignments in their order, each with the steps of its key.
    assigned: Vec<(String, Vec<String>)>,
    /// Origin of the errors of the experiment in the library.
    study: String,
    /// True if the file describes several experiments, so that messages name the experiment.
    in_grid: bool,
}

impl Origins {
    pub(super) fn new(
        file: &str,
        text: &Arc<str>,
        assigned: Vec<(String, Vec<String>)>,
        in_grid: bool,
    ) -> Self {
        Self { file: file.into(), text: text.clone(), assigned, study: String::new(), in_grid }
    }

    /// The same origins, of the experiment with this name.
    pub(super) fn of_study(self, name: &str) -> Self {
        Self { study: study_origin(name), ..self }
    }

    /// The last assignment that sets a key, or else the file and the line. `None` for a key that is
    /// in neither, such as that of a preset or of a default value.
    pub(super) fn of(&self, key: &[String]) -> Option<(&str, Option<usize>)> {
        if key.is_empty() {
            return None;
        }
        let sets = |assigned: &[String]| key.starts_with(assigned) || is_tag_of(assigned, key);
        match self.assigned.iter().rev().find(|(_, assigned)| sets(assigned)) {
            Some((source, _)) => Some((source.as_str(), None)),
            None => self.line(key).map(|line| (self.file.as_str(), Some(line))),
        }
    }

    /// The line of a key in the file.
    pub(super) fn line(&self, key: &[String]) -> Option<usize> {
        line_of(&self.text, key)
    }

    /// The error of a value of the experiment, with the origin of its key.
    pub fn error(&self, error: ConfigError) -> Error {
        let (origin, line) = self.of(&steps(error.key())).unwrap_or((self.file.as_str(), None));
        let origin = match self.in_grid {
            true => format!("{}, {origin}", self.study),
            false => origin.to_owned(),
        };
        Error::Config { origin: Some(origin), line, error }
    }

    /// Replaces the name of the experiment in an error of one of its values by the origin of the
    /// value, and returns other errors unchanged.
    pub fn attribute(&self, error: Error) -> Error {
        match error {
            Error::Config { origin: Some(origin), line: None, error } if origin == self.study => {
                self.error(error)
            }
            other => other,
        }
    }
}

/// Returns true if a key is that of the name or kind of a table, which determines its other keys.
fn is_tag_of(key: &[String], table: &[String]) -> bool {
    key.split_last().is_some_and(|(last, outer)| is_tag(last) && outer == table)
}
