//! The last step of a study: a comparison of the stored results of its runs.

use std::io::Write;
use std::path::{Path, PathBuf};

use sempairs_internal::{note, write_atomically};

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
/// not needed. Runs without a result are omitted and listed on standard error. For a folder of an
/// earlier version, which has no `study.json`, the numbers are read from `comparison.json`.
///
/// # Errors
/// [`Error::File`] if the folder contains no study, none of its runs has a result, or a file is
/// damaged; [`Error::Io`] for a file that cannot be read.
pub fn summarise(folder: &Path) -> Result<Summary, Error> {
    Summary::of(folder, stored(folder)?)
}

/// The example pairs that are stored in the folder of a study, in the order of the comparison's arms.
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
    let found = match StudyRecord::read(folder)? {
        None => folder.join("comparison.json").exists(),
        Some(study) => study.arms.iter().any(|arm| {
            let run = |seed| folder.join(format!("{}-seed{seed}", arm.arm.name));
            study.seeds.iter().any(|seed| run(seed).join("result.json").exists())
        }),
    };
    found.then(|| stored(folder)).transpose()
}

/// The comparison of the stored results, without the example pairs.
pub(crate) fn stored(folder: &Path) -> Result<Comparison, Error> {
    let none = |reason: &str| Err(Error::file(folder, reason));
    if !folder.exists() {
        return none("there is no such folder; give the folder of a study, runs/NAME");
    }
    let Some(study) = StudyRecord::read(folder)? else {
        return match record::read(&folder.join("comparison.json"))? {
            Some(comparison) => Ok(comparison),
            None => none(
                "contains neither study.json nor comparison.json; give the folder of a study, \
                 runs/NAME",
            ),
        };
    };
    let mut arms = Vec::new();
    let mut missing = Vec::new();
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
            match record::read_result(&folder.join(&name))? {
                Some(run) => result.runs.push(run),
                None => {
                    result.missing.push(*seed);
                    missing.push(name.clone());
                }
            }
            if result.map.is_none() {
                result.map = record::read_map(&folder.join(&name))?;
            }
        }
        arms.push(result);
    }
    if arms.iter().all(|arm| arm.runs.is_empty()) {
        return none("none of its runs has a result yet; `sempairs compare` resumes them");
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
    Ok(comparison)
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
