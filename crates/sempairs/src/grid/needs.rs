//! The files that a grid needs, and the messages about those that are not there or cannot be
//! opened.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use sempairs_backbone::BackboneFactory as _;
use sempairs_data::DataError;
use sempairs_internal::join_limited;
use serde::Serialize;
use toml::{Table, Value};

use crate::Error;
use crate::experiment::{Experiment, Grid};

/// Maximum number of keys after a path.
const KEYS: usize = 4;

/// Maximum number of errors in a message; the others are only counted.
const ERRORS: usize = 20;

/// Returns an error that lists the missing files and folders of all points, with the keys that
/// name them, and what the file says about where to get them.
pub(super) fn check_files(grid: &Grid, file: &str) -> Result<(), Error> {
    let mut missing: BTreeMap<PathBuf, Vec<String>> = BTreeMap::new();
    for point in &grid.points {
        for (key, path) in files(&point.experiment) {
            // A path that cannot be looked at is an error of opening it.
            if path.try_exists().is_ok_and(|there| !there) {
                let keys = missing.entry(path).or_default();
                if !keys.contains(&key) {
                    keys.push(key);
                }
            }
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    let mut text = "files and folders that this study needs are not there:".to_owned();
    for (path, keys) in &missing {
        let keys = join_limited(keys.iter().map(|key| format!("`{key}`")), ", ", KEYS);
        let _ = write!(text, "\n  {} ({keys})", path.display());
    }
    Err(Error::invalid(file, format!("{text}{}", needs(grid))))
}

/// The errors of opening the data of a grid, each once.
#[derive(Default)]
pub(super) struct DataErrors(Vec<String>);

impl DataErrors {
    /// Returns true for an error of the data, such as a folder that is empty or incomplete, and not
    /// of a setting.
    pub fn has(error: &Error) -> bool {
        match error {
            Error::Data(error) => !matches!(error, DataError::Interrupted),
            Error::Io { .. } => true,
            Error::Advised { error, .. } => Self::has(error),
            _ => false,
        }
    }

    /// Adds an error, unless it is one of a setting or has been added.
    pub fn add(&mut self, error: Error) {
        let text = error.to_string();
        if Self::has(&error) && !self.0.contains(&text) {
            self.0.push(text);
        }
    }

    /// Returns an error with all of these, and with what the file says about where to get the data.
    pub fn check(self, grid: &Grid, file: &str) -> Result<(), Error> {
        if self.0.is_empty() {
            return Ok(());
        }
        let errors = join_limited(&self.0, "\n  ", ERRORS);
        let text = format!("data that this study needs cannot be opened:\n  {errors}");
        Err(Error::invalid(file, format!("{text}{}", needs(grid))))
    }
}

/// What the file says that the study needs, as further lines of a message; empty if it says
/// nothing.
fn needs(grid: &Grid) -> String {
    let mut text = String::new();
    if !grid.about.needs.is_empty() {
        text.push_str("\nthe study needs:");
    }
    for need in &grid.about.needs {
        let _ = write!(text, "\n  {}", need.trim());
    }
    text.push_str(
        "\npaths are relative to the current folder; `--set KEY=PATH` changes the path of a key",
    );
    text
}

/// Keys and paths of an experiment: pictures, manifests, initial weights.
fn files(experiment: &Experiment) -> Vec<(String, PathBuf)> {
    let mut files = Vec::new();
    named(&experiment.pictures, "pictures", "path", &mut files);
    for (index, arm) in experiment.arms.iter().enumerate() {
        named(&arm.pairing, &format!("arms[{index}].pairing"), "file", &mut files);
    }
    let evaluations = &experiment.evaluation;
    for (index, evaluation) in evaluations.iter().enumerate() {
        let key = evaluations.key(index);
        named(&evaluation.train, &format!("{key}.train"), "path", &mut files);
        named(&evaluation.test, &format!("{key}.test"), "path", &mut files);
    }
    if let Some(weights) = experiment.backbone.weights() {
        files.push(("backbone.weights".into(), weights.to_path_buf()));
    }
    files
}

/// Adds the texts under the key `wanted` in the serialised form of a setting, and in its tables
/// except that of a cache, which is built if it is not there.
fn named(setting: &impl Serialize, key: &str, wanted: &str, files: &mut Vec<(String, PathBuf)>) {
    fn walk(table: &Table, key: &str, wanted: &str, files: &mut Vec<(String, PathBuf)>) {
        for (name, value) in table {
            let key = format!("{key}.{name}");
            match value {
                Value::String(path) if name == wanted => files.push((key, path.into())),
                Value::Table(inner) if name != "cache" => walk(inner, &key, wanted, files),
                _ => {}
            }
        }
    }
    if let Ok(Value::Table(table)) = Value::try_from(setting) {
        walk(&table, key, wanted, files);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_files_are_listed_with_their_keys_and_what_the_file_says() {
        let folder = tempfile::tempdir().unwrap();
        let there = folder.path().join("there");
        std::fs::create_dir(&there).unwrap();
        let text = include_str!("../../experiments/simclr_semantic.toml");
        let text = format!("{text}\n[study]\nneeds = [\"a data set, from its page, in data/x\"]\n");
        let pictures = |path: &str| format!("{{ kind = \"folder\", path = {path:?} }}");
        let set = |key: &str, path: &std::path::Path| {
            format!("{key}={}", pictures(path.to_str().unwrap()))
        };
        let absent = folder.path().join("absent");
        let overrides = [
            set("pictures", &there),
            set("evaluation.train", &absent),
            set("evaluation.test", &absent),
            "arms[0].pairing={ kind = \"same\", file = \"no/pairs.csv\" }".to_owned(),
        ];
        let grid = Grid::parse(&text, "grid.toml", &overrides).unwrap();
        let message = check_files(&grid, "grid.toml").unwrap_err().to_string();
        let first = message.lines().next().unwrap();
        assert!(first.starts_with("grid.toml: ") && first.ends_with("are not there:"), "{message}");
        let both = "(`evaluation.train.path`, `evaluation.test.path`)";
        assert!(message.contains(&format!("\n  {} {both}", absent.display())), "{message}");
        assert!(message.contains("\n  no/pairs.csv (`arms[0].pairing.file`)"), "{message}");
        assert!(message.contains("\n  a data set, from its page, in data/x\n"), "{message}");
        assert!(!message.contains(there.to_str().unwrap()), "{message}");
        let scenes = Grid::parse(text.as_str(), "grid.toml", &[]).unwrap();
        check_files(&scenes, "grid.toml").unwrap();
    }

    #[test]
    fn errors_of_the_data_are_listed_once_with_what_the_file_says() {
        let text = include_str!("../../experiments/simclr_semantic.toml");
        let text = format!("{text}\n[study]\nneeds = [\"a data set, from its page\"]\n");
        let grid = Grid::parse(&text, "grid.toml", &[]).unwrap();
        DataErrors::default().check(&grid, "grid.toml").unwrap();
        let mut errors = DataErrors::default();
        for folder in ["one", "two", "one"] {
            let reason = "contains no pictures".to_owned();
            errors.add(DataError::Layout { path: folder.into(), reason }.into());
        }
        errors.add(DataError::Interrupted.into());
        errors.add(Error::invalid("grid.toml", "is a setting"));
        let message = errors.check(&grid, "grid.toml").unwrap_err().to_string();
        let expected = "grid.toml: data that this study needs cannot be opened:\n  \
                        one: contains no pictures\n  two: contains no pictures\n\
                        the study needs:\n  a data set, from its page\n";
        assert!(message.starts_with(expected), "{message}");
    }
}
