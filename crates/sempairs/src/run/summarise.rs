//! The last step of a study: a comparison of the stored results of its runs.

use std::io::Write;
use std::path::{Path, PathBuf};

use sempairs_internal::{note, write_atomically};

use super::columns::Columns;
use super::record::{self, StudyRecord};
use crate::Error;
use crate::comparison::{ArmResult, Comparison};
use crate::report::{self, ExamplePairs};

/// A comparison with the example pairs for its report.
pub struct Summary {
    /// The comparison.
    pub comparison: Comparison,
    /// Some pairs of every arm; none for folders of earlier versions.
    pub examples: Vec<ExamplePairs>,
}

/// Paths of the files that a comparison is written to.
pub struct ComparisonFiles {
    /// The printed table, `table.txt`.
    pub table: PathBuf,
    /// All numbers, `comparison.json`.
    pub json: PathBuf,
    /// The report, `report.html`.
    pub report: PathBuf,
}

/// Compares the runs whose results are stored in the folder of a study. Pictures and weights are
/// not needed. Runs without a result, or without a score that the study asks for at their last
/// step, are omitted and listed on standard error. For a folder of an earlier version, which has no
/// `study.json`, the numbers are read from `comparison.json`.
///
/// # Errors
/// [`Error::File`] if the folder contains no study, none of its runs has a result, or a file is
/// damaged; [`Error::Io`] for a file that cannot be read.
pub fn summarise(folder: &Path) -> Result<Summary, Error> {
    Summary::of(folder, stored(folder)?)
}

/// The example pairs that are stored in the folder of a study, in the order of the comparison's
/// arms.
pub(crate) fn stored_examples(
    folder: &Path,
    comparison: &Comparison,
) -> Result<Vec<ExamplePairs>, Error> {
    record::read_examples(folder, comparison.arms.iter().map(|arm| arm.arm.name.as_str()))
}

/// As [`stored`]; `None` if the folder has no result yet.
pub(crate) fn stored_if_any(folder: &Path) -> Result<Option<Comparison>, Error> {
    if !folder.exists() {
        return Ok(None);
    }
    match StudyRecord::read(folder)? {
        None => record::read(&folder.join("comparison.json")),
        Some(study) => compared(folder, study),
    }
}

/// The comparison of the stored results, without the example pairs.
pub(crate) fn stored(folder: &Path) -> Result<Comparison, Error> {
    let none = |reason: &str| Err(Error::file(folder, reason));
    if !folder.exists() {
        return match of_another_backend(folder) {
            Some(other) => none(&format!("there is no such folder; there is {}", other.display())),
            None => none(&format!("there is no such folder; {GIVE}")),
        };
    }
    let Some(study) = StudyRecord::read(folder)? else {
        return match record::read(&folder.join("comparison.json"))? {
            Some(comparison) => Ok(comparison),
            None => none(&format!("contains neither study.json nor comparison.json; {GIVE}")),
        };
    };
    match compared(folder, study)? {
        Some(comparison) => Ok(comparison),
        None => none("none of its runs has a result yet; `sempairs compare` resumes them"),
    }
}

/// What to do if a folder is not that of a study.
const GIVE: &str = "give the folder of a study, runs/NAME, or runs/NAME-BACKEND unless the backend \
                    is flex";

/// The folder of a study with the same name whose runs are on another backend.
fn of_another_backend(folder: &Path) -> Option<PathBuf> {
    let name = folder.file_name()?.to_str()?;
    let beside = |backend| folder.with_file_name(format!("{name}-{backend}"));
    ["cuda", "wgpu", "vulkan"].into_iter().map(beside).find(|other| other.exists())
}

/// The comparison of the results of a study; `None` if no run has one. Runs without a result, and
/// those whose result lacks a score that the study asks for, are listed on standard error.
fn compared(folder: &Path, study: StudyRecord) -> Result<Option<Comparison>, Error> {
    let mut columns = Columns::of_study(&study.experiment);
    let mut arms = Vec::new();
    let (mut missing, mut lacking) = (Vec::new(), Vec::new());
    for arm in study.arms {
        let mut result = ArmResult {
            arm: arm.arm,
            pairs: arm.pairs,
            pictures: arm.pictures,
            runs: Vec::new(),
            missing: Vec::new(),
            map: None,
        };
        for seed in &study.seeds {
            let name = format!("{}-seed{seed}", result.arm.name);
            let run = record::read_result(&folder.join(&name))?;
            let is_there = run.is_some();
            let selected = run.and_then(|run| {
                columns = columns.take().or_else(|| Columns::of_result(&run));
                match &columns {
                    Some(columns) => columns.select(run),
                    None => Some(run),
                }
            });
            if result.map.is_none() {
                result.map = record::read_map(&folder.join(&name))?;
            }
            match selected {
                Some(run) => result.runs.push(run),
                None => {
                    result.missing.push(*seed);
                    let list = if is_there { &mut lacking } else { &mut missing };
                    list.push(name);
                }
            }
        }
        arms.push(result);
    }
    if !lacking.is_empty() {
        note!(
            "{}: runs without all scores that the study asks for: {}",
            folder.display(),
            lacking.join(", ")
        );
    }
    if arms.iter().all(|arm| arm.runs.is_empty()) {
        return Ok(None);
    }
    if !missing.is_empty() {
        note!("{}: runs without a result: {}", folder.display(), missing.join(", "));
    }
    let against = arms[0].arm.name.clone();
    let mut comparison = Comparison {
        name: study.name,
        identity: study.identity,
        experiment: study.experiment,
        device: study.device,
        classes: study.classes,
        classes_of: study.classes_of,
        baselines: study.baselines,
        arms,
        differences: Vec::new(),
    };
    comparison.differences = comparison.compare_with(&against);
    Ok(Some(comparison))
}

impl Summary {
    /// Adds the example pairs that are stored in the folder of a study to its comparison.
    pub(super) fn of(folder: &Path, comparison: Comparison) -> Result<Self, Error> {
        let examples = stored_examples(folder, &comparison)?;
        Ok(Self { comparison, examples })
    }

    /// Writes `table.txt`, `comparison.json` and `report.html` into a folder.
    ///
    /// # Errors
    ///
    /// [`Error::Io`].
    pub fn write(&self, folder: &Path) -> Result<ComparisonFiles, Error> {
        let Self { comparison, examples } = self;
        let files = ComparisonFiles {
            table: folder.join("table.txt"),
            json: folder.join("comparison.json"),
            report: folder.join("report.html"),
        };
        write_atomically(&files.table, |out| writeln!(out, "{comparison}"))
            .map_err(|e| Error::io(&files.table, e))?;
        write_atomically(&files.json, |out| Ok(serde_json::to_writer_pretty(out, comparison)?))
            .map_err(|e| Error::io(&files.json, e))?;
        let page = report::html(comparison, examples);
        write_atomically(&files.report, |out| out.write_all(page.as_bytes()))
            .map_err(|e| Error::io(&files.report, e))?;
        Ok(files)
    }
}
