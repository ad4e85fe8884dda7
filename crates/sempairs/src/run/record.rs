//! Results of a study and its runs, stored as files in their folders.
//!
//! ```text
//! runs/NAME/study.json               the study, its arms, the baselines
//! runs/NAME/examples/*.png           some pairs of every arm, as pictures and as views
//! runs/NAME/ARM-seedN/result.json    scores over time and what was logged
//! runs/NAME/ARM-seedN/map.json       the t-SNE map of the features (first seed only)
//! runs/NAME/ARM-seedN/parent.json    the run that this one continues, if its study extends another
//! ```

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use sempairs_data::{Picture, decode};
use sempairs_eval::{Downstream, Score};
use sempairs_internal::write_atomically;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::comparison::{Map, RunResult};
use crate::experiment::Arm;
use crate::png;
use crate::report::{ExamplePairs, shown};

/// The contents of `study.json`.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct StudyRecord {
    pub name: String,
    pub identity: String,
    /// The study as TOML.
    pub experiment: String,
    pub device: String,
    /// Number of classes of the first downstream data set.
    pub classes: usize,
    /// Number of classes of every downstream data set by its name; empty in files of earlier
    /// versions, which have one data set.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub classes_of: BTreeMap<String, usize>,
    pub baselines: Vec<Score>,
    pub arms: Vec<ArmRecord>,
    pub seeds: Vec<u64>,
}

/// An arm in `study.json`.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct ArmRecord {
    pub arm: Arm,
    /// Number of pairs per epoch.
    pub pairs: usize,
    /// Number of distinct pictures in the pairs.
    pub pictures: usize,
}

impl StudyRecord {
    /// Path of `study.json` in the folder of a study.
    pub fn path(folder: &Path) -> PathBuf {
        folder.join("study.json")
    }

    /// Writes the file.
    pub fn write(&self, folder: &Path) -> Result<(), Error> {
        write(&Self::path(folder), self)
    }

    /// Reads the file; `None` if it does not exist.
    pub fn read(folder: &Path) -> Result<Option<Self>, Error> {
        read(&Self::path(folder))
    }

    /// Returns true if a run in the folder of the study has a result.
    pub fn has_result(&self, folder: &Path) -> bool {
        self.arms.iter().any(|ArmRecord { arm, .. }| {
            let run = |seed| folder.join(format!("{}-seed{seed}", arm.name));
            self.seeds.iter().any(|seed| run(seed).join("result.json").exists())
        })
    }
}

/// The number of classes of every data set by its name.
pub(super) fn classes_of(downstream: &[Downstream]) -> BTreeMap<String, usize> {
    downstream.iter().map(|it| (it.name.clone(), it.train.classes().len())).collect()
}

/// The contents of `parent.json`: the run of an earlier study that a run continues. The identity of
/// the run depends on it, so with this file a run that has begun does not need its parent any more.
#[derive(Serialize, Deserialize)]
pub(super) struct ParentRecord {
    /// Folder of the run.
    pub folder: PathBuf,
    /// Identity of the run.
    pub identity: String,
}

impl ParentRecord {
    fn path(folder: &Path) -> PathBuf {
        folder.join("parent.json")
    }

    /// Writes the file into the folder of a run.
    pub fn write(&self, folder: &Path) -> Result<(), Error> {
        write(&Self::path(folder), self)
    }

    /// Reads the file. `None` if it does not exist, or if it cannot be read: then the run needs its
    /// parent, as a run of an earlier version does.
    pub fn read(folder: &Path) -> Option<Self> {
        read(&Self::path(folder)).unwrap_or(None)
    }
}

/// The contents of `result.json`.
#[derive(Serialize)]
struct ResultRecord<'a> {
    /// Identity of the run.
    identity: &'a str,
    #[serde(flatten)]
    result: &'a RunResult,
}

/// The identity in `result.json`; files of earlier versions have none.
#[derive(Deserialize)]
struct ResultIdentity {
    #[serde(default)]
    identity: Option<String>,
}

/// Writes the result of the run with this identity into its folder.
pub(super) fn write_result(folder: &Path, identity: &str, result: &RunResult) -> Result<(), Error> {
    write(&folder.join("result.json"), &ResultRecord { identity, result })
}

/// Reads the result of a run; `None` if the run has not finished.
pub(super) fn read_result(folder: &Path) -> Result<Option<RunResult>, Error> {
    read(&folder.join("result.json"))
}

/// Reads the identity of the run whose result is in a folder; `None` without a result, and if an
/// earlier version wrote it.
pub(super) fn read_result_identity(folder: &Path) -> Result<Option<String>, Error> {
    let record: Option<ResultIdentity> = read(&folder.join("result.json"))?;
    Ok(record.and_then(|record| record.identity))
}

/// Writes the map of a run's features into its folder.
pub(super) fn write_map(folder: &Path, map: &Map) -> Result<(), Error> {
    write(&folder.join("map.json"), map)
}

/// Reads the map of a run's features; `None` if it does not exist.
pub(super) fn read_map(folder: &Path) -> Result<Option<Map>, Error> {
    read(&folder.join("map.json"))
}

/// Writes example pairs into the folder of a study, at the size of the report.
pub(super) fn write_examples(folder: &Path, examples: &[ExamplePairs]) -> Result<(), Error> {
    let folder = folder.join("examples");
    fs::create_dir_all(&folder).map_err(|e| Error::io(&folder, e))?;
    for ExamplePairs { arm, pairs, views } in examples {
        for (kind, rows) in [("picture", pairs), ("view", views)] {
            for (number, pair) in rows.iter().enumerate() {
                for (side, picture) in ["left", "right"].into_iter().zip(pair) {
                    png::write(&example(&folder, arm, number, side, kind), &shown(picture))?;
                }
            }
            // Removes files of an earlier comparison with more pairs.
            for number in rows.len().. {
                let left = example(&folder, arm, number, "left", kind);
                if !left.exists() {
                    break;
                }
                for path in [left, example(&folder, arm, number, "right", kind)] {
                    fs::remove_file(&path).map_err(|e| Error::io(&path, e))?;
                }
            }
        }
    }
    Ok(())
}

/// Reads the example pairs of the arms with these names.
pub(super) fn read_examples<'a>(
    folder: &Path,
    arms: impl Iterator<Item = &'a str>,
) -> Result<Vec<ExamplePairs>, Error> {
    let folder = folder.join("examples");
    let rows = |arm: &str, kind: &str| {
        let mut rows = Vec::new();
        // A killed process may have written only the left picture of a pair.
        while ["left", "right"]
            .into_iter()
            .all(|side| example(&folder, arm, rows.len(), side, kind).exists())
        {
            let read = |side| {
                let path = example(&folder, arm, rows.len(), side, kind);
                let bytes = fs::read(&path).map_err(|e| Error::io(&path, e))?;
                Ok::<Picture<'static>, Error>(decode(&bytes, &path.display().to_string())?)
            };
            let pair = [read("left")?, read("right")?];
            rows.push(pair);
        }
        Ok::<_, Error>(rows)
    };
    arms.map(|arm| {
        let (pairs, views) = (rows(arm, "picture")?, rows(arm, "view")?);
        Ok(ExamplePairs { arm: arm.into(), pairs, views })
    })
    .collect()
}

/// The file of one picture of an example pair.
fn example(folder: &Path, arm: &str, number: usize, side: &str, kind: &str) -> PathBuf {
    folder.join(format!("{arm}-{}-{side}-{kind}.png", number + 1))
}

/// Writes a JSON file atomically.
pub(crate) fn write<T: Serialize>(path: &Path, value: &T) -> Result<(), Error> {
    write_atomically(path, |out| {
        serde_json::to_writer_pretty(&mut *out, value)?;
        writeln!(out)
    })
    .map_err(|e| Error::io(path, e))
}

/// Reads a JSON file; `None` if it does not exist.
pub(crate) fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, Error> {
    if !path.exists() {
        return Ok(None);
    }
    let bytes = fs::read(path).map_err(|e| Error::io(path, e))?;
    serde_json::from_slice(&bytes).map(Some).map_err(|error| {
        Error::file(path, format!("is damaged: {error}; run `sempairs compare` again"))
    })
}
