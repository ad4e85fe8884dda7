//! The files that a grid needs, and the message about those that are not there.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use sempairs_backbone::BackboneFactory as _;
use sempairs_internal::join_limited;
use serde::Serialize;
use toml::Value;

use crate::Error;
use crate::experiment::{Experiment, Grid};

/// Maximum number of keys after a path.
const KEYS: usize = 4;

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
    let mut add = |key: String, path: Option<String>| {
        files.extend(path.map(|path| (key, PathBuf::from(path))));
    };
    add("pictures.path".into(), text_at(&experiment.pictures, "path"));
    for (index, arm) in experiment.arms.iter().enumerate() {
        add(format!("arms[{index}].pairing.file"), text_at(&arm.pairing, "file"));
    }
    let evaluations = &experiment.evaluation;
    for (index, evaluation) in evaluations.iter().enumerate() {
        let key = evaluations.key(index);
        add(format!("{key}.train.path"), text_at(&evaluation.train, "path"));
        add(format!("{key}.test.path"), text_at(&evaluation.test, "path"));
    }
    let weights = experiment.backbone.weights();
    add("backbone.weights".into(), weights.map(|path: &Path| path.display().to_string()));
    files
}

/// The text of a key in the serialised form of a setting.
fn text_at(setting: &impl Serialize, key: &str) -> Option<String> {
    Some(Value::try_from(setting).ok()?.get(key)?.as_str()?.to_owned())
}
