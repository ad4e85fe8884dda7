//! The `[study]` table of an experiment file: what the whole grid is about.

use std::collections::BTreeMap;

use sempairs_data::ConfigError;
use sempairs_eval::EvaluationProtocol as _;
use serde::{Deserialize, Serialize};
use toml::Table;

use super::assign::steps;
use super::grid::{Grid, GridAxis};
use super::source_text::line_of;
use super::{names, read_error};
use crate::Error;

/// The table's key in a file.
const STUDY: &str = "study";

/// Names that `rows` and `columns` may have beside those of the axes.
const LAYOUT: [&str; 2] = ["arms", "evaluation"];

/// What a study is about, from the `[study]` table of its file: for its reports and for readers, no
/// part of the identity of a run.
///
/// ```toml
/// [study]
/// title = "Fewer pairs a class"
/// about = "The gap between semantic and augmented pairs widens as pairs get fewer."
/// needs = [
///     "CIFAR-10, binary version (https://www.cs.toronto.edu/~kriz/cifar.html), in data/cifar10",
/// ]
/// gpu_hours = "about 40 on an A100 (estimated)"
/// rows = "pairs"
/// columns = ["evaluation", "arms"]
/// source = "arXiv 2510.08722, Table 5"
///
/// [[study.published]]
/// at = { pairs = "50" }
/// arm = "sp"
/// dataset = "CIFAR-10"
/// value = 71.3
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StudyAbout {
    /// Title of the reports; the name of the grid if empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// The question of the study.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub about: String,
    /// The data that the study needs: what, where to get it, and where to put it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<String>,
    /// Expected time of all runs, such as `about 40 on an A100 (estimated)`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub gpu_hours: String,
    /// Rows of the table, from the outermost: names of axes, `arms` or `evaluation`. The report
    /// chooses the layout if neither rows nor columns are given.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "one_or_more")]
    pub rows: Vec<String>,
    /// Columns of the table, as `rows`.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "one_or_more")]
    pub columns: Vec<String>,
    /// Source of the published values, such as `arXiv 2510.08722, Table 1`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub source: String,
    /// Published values, shown beside those of the runs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub published: Vec<Published>,
}

/// A published result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Published {
    /// The place in the grid: labels by the name of their axis. The value holds for all labels of
    /// an axis that is not given.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub at: BTreeMap<String, String>,
    /// Name of the arm.
    pub arm: String,
    /// Name of the downstream data.
    pub dataset: String,
    /// The value in percent, or in the unit of the metric.
    pub value: f64,
    /// Beginning of the name of the protocol; the first protocol if omitted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protocol: Option<String>,
    /// What was measured.
    #[serde(default = "top1")]
    pub metric: String,
}

fn top1() -> String {
    "top-1".into()
}

/// Reads a name or a list of names.
fn one_or_more<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "expected a name or a list of names")]
    enum Names {
        One(String),
        More(Vec<String>),
    }
    Ok(match Names::deserialize(from)? {
        Names::One(name) => vec![name],
        Names::More(names) => names,
    })
}

/// The part of a file that is read here.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WithStudy {
    study: StudyAbout,
}

/// Removes the `[study]` table from the table of a file and returns it.
pub(super) fn take(table: &mut Table, text: &str, file: &str) -> Result<StudyAbout, Error> {
    let Some(study) = table.remove(STUDY) else { return Ok(StudyAbout::default()) };
    let read = read_error::read::<WithStudy>(Table::from_iter([(STUDY.to_owned(), study)]), &[]);
    match read {
        Ok(read) => Ok(read.study),
        Err(wrong) => {
            let line = line_of(text, &wrong.steps());
            Err(Error::Config { origin: Some(file.into()), line, error: wrong.error })
        }
    }
}

impl Grid {
    /// Checks that the names in the `[study]` table are those of the grid; `text` is the text of
    /// the file.
    pub(super) fn check_about(&self, text: &str, file: &str) -> Result<(), Error> {
        self.check_names().map_err(|error| {
            let line = line_of(text, &steps(error.key()));
            Error::Config { origin: Some(file.into()), line, error }
        })
    }

    fn check_names(&self) -> Result<(), ConfigError> {
        let StudyAbout { title, rows, columns, published, .. } = &self.about;
        names::text("study.title", title)?;
        let mut placed: Vec<&str> = Vec::new();
        for (key, list) in [("rows", rows), ("columns", columns)] {
            for (index, name) in list.iter().enumerate() {
                let key = match list.len() {
                    1 => format!("study.{key}"),
                    _ => format!("study.{key}[{index}]"),
                };
                let axes = self.axes.iter().map(|axis| axis.name.as_str());
                known(&key, "axis", name, axes.chain(LAYOUT))?;
                if placed.contains(&name.as_str()) {
                    return Err(ConfigError::new(key, format!("`{name}` is given twice")));
                }
                placed.push(name);
            }
        }
        published.iter().enumerate().try_for_each(|(index, it)| {
            self.check_published(it)
                .map_err(|error| error.under(&format!("study.published[{index}]")))
        })
    }

    /// Checks that a published value is that of at least one arm, data set and protocol.
    fn check_published(&self, published: &Published) -> Result<(), ConfigError> {
        let Published { at, arm, dataset, value, protocol, metric } = published;
        for (name, label) in at {
            known("at", "axis", name, self.axes.iter().map(|axis| axis.name.as_str()))?;
            let of_axis = |axis: &&GridAxis| axis.name == *name;
            let labels = self.axes.iter().find(of_axis).map_or(&[][..], |axis| &axis.labels[..]);
            let key = format!("at.{name}");
            known(&key, "label", label, labels.iter().map(String::as_str))?;
        }
        if !value.is_finite() {
            return Err(ConfigError::new("value", format!("must be finite, not {value}")));
        }
        names::title("metric", metric)?;
        let is_there = |labels: &[String]| {
            let mut both = self.axes.iter().zip(labels);
            both.all(|(axis, label)| at.get(&axis.name).is_none_or(|wanted| wanted == label))
        };
        let points = || self.points.iter().filter(|point| is_there(&point.labels));
        let arms = points().flat_map(|point| &point.experiment.arms);
        known("arm", "arm", arm, arms.map(|arm| arm.name.as_str()))?;
        let evaluations = || points().flat_map(|point| point.experiment.evaluation.iter());
        let datasets = evaluations().map(|evaluation| evaluation.dataset.as_str());
        known("dataset", "data set of the evaluation", dataset, datasets)?;
        let Some(beginning) = protocol else { return Ok(()) };
        let of_set = evaluations().filter(|evaluation| evaluation.dataset == *dataset);
        let protocols: Vec<String> =
            of_set.flat_map(|it| it.protocols.iter().map(|protocol| protocol.name())).collect();
        match protocols.iter().any(|name| name.starts_with(beginning)) {
            true => Ok(()),
            false => {
                let reason = format!(
                    "no protocol begins with `{beginning}`; there are {}",
                    protocols.join(", ")
                );
                Err(ConfigError::new("protocol", reason))
            }
        }
    }
}

/// Returns an error for a name that is not in `all`, with the nearest one that is.
fn known<'a>(
    key: &str,
    what: &str,
    name: &str,
    all: impl IntoIterator<Item = &'a str>,
) -> Result<(), ConfigError> {
    let mut all: Vec<&str> = all.into_iter().collect();
    if all.contains(&name) {
        return Ok(());
    }
    all.sort_unstable();
    all.dedup();
    let there = match all.is_empty() {
        true => "there is none".to_owned(),
        false => format!("only {}", all.join(", ")),
    };
    let reason = format!("there is no {what} `{name}`, {there}");
    Err(ConfigError::new(key, reason).with_nearest(name, all))
}
