//! The `[study]` table of an experiment file: what the whole grid is about.

use std::collections::{BTreeMap, BTreeSet};

use sempairs_data::ConfigError;
use sempairs_eval::EvaluationProtocol as _;
use serde::{Deserialize, Serialize};
use toml::Table;

use super::assign::steps;
use super::grid::{Grid, GridAxis, GridPoint};
use super::source_text::line_of;
use super::{names, read_error};
use crate::Error;

/// The table's key in a file.
const STUDY: &str = "study";

/// Names that `rows` and `columns` may have beside those of the axes.
const LAYOUT: [&str; 2] = ["arms", "evaluation"];

/// The key of an arm in `[[study.compare]]`, beside those of the axes.
const ARM: &str = "arm";

/// The metric of accuracies, which stand beside those of the runs.
pub(crate) const TOP1: &str = "top-1";

/// What studies may require that this version has, beyond pre-training and its evaluations.
const SUPPORTED: &[&str] = &[];

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
/// [[study.compare]]
/// of = { arm = "sp", pairs = "50" }
/// against = { arm = "ap", pairs = "157" }
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
    /// What the study requires of the program beyond pre-training and its evaluations, such as
    /// `detection`; see [`unsupported`](Self::unsupported).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub requires: Vec<String>,
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
    /// The differences of the study; those between every other arm and the first if empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub compare: Vec<Compare>,
    /// Published values, shown beside those of the runs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub published: Vec<Published>,
}

/// Differences that a study asks for. The keys of both sides are `arm` and names of axes. A key
/// that neither side has ranges over all arms or labels, the same on both sides; one that only one
/// side has ranges over all of them on the other.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Compare {
    /// The arm and its place in the grid.
    pub of: BTreeMap<String, String>,
    /// The arm that is subtracted, and its place.
    pub against: BTreeMap<String, String>,
}

/// A point of a grid, by its labels, and an arm.
type Place<'a> = (&'a [String], &'a str);

impl Compare {
    /// Returns true if the difference of the arm at one place and that at another is asked for.
    pub(crate) fn compares(&self, axes: &[GridAxis], of: Place, against: Place) -> bool {
        let is_on = |side: &BTreeMap<String, String>, key: &str, label: &str| {
            side.get(key).is_none_or(|wanted| wanted == label)
        };
        let fits = |key: &str, one: &str, other: &str| {
            let is_named = self.of.contains_key(key) || self.against.contains_key(key);
            let both = is_on(&self.of, key, one) && is_on(&self.against, key, other);
            both && (is_named || one == other)
        };
        let mut labels = axes.iter().zip(of.0.iter().zip(against.0));
        of != against
            && fits(ARM, of.1, against.1)
            && labels.all(|(axis, (one, other))| fits(&axis.name, one, other))
    }
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
    TOP1.into()
}

impl StudyAbout {
    /// Why this version cannot run the study: what it requires that this version does not have,
    /// followed by what the file says that it needs, one need a line. `None` if it can be run.
    pub fn unsupported(&self) -> Option<String> {
        let is_missing = |name: &&String| !SUPPORTED.contains(&name.as_str());
        let missing: Vec<&str> =
            self.requires.iter().filter(is_missing).map(String::as_str).collect();
        if missing.is_empty() {
            return None;
        }
        let mut text =
            format!("the study requires {}, which this version does not have", missing.join(", "));
        if !self.needs.is_empty() {
            text.push_str("\nthe study needs:");
        }
        for need in &self.needs {
            text.push_str("\n  ");
            text.push_str(need.trim());
        }
        Some(text)
    }
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
        let StudyAbout { title, requires, rows, columns, compare, published, .. } = &self.about;
        names::text("study.title", title)?;
        for (index, name) in requires.iter().enumerate() {
            names::title(&format!("study.requires[{index}]"), name)?;
        }
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
        compare.iter().enumerate().try_for_each(|(index, it)| {
            self.check_compare(it).map_err(|error| error.under(&format!("study.compare[{index}]")))
        })?;
        published.iter().enumerate().try_for_each(|(index, it)| {
            self.check_published(it)
                .map_err(|error| error.under(&format!("study.published[{index}]")))
        })
    }

    /// Checks that the names are those of axes, labels and arms, and that there is a difference
    /// between these places.
    fn check_compare(&self, compare: &Compare) -> Result<(), ConfigError> {
        if self.axes.iter().any(|axis| axis.name == ARM) {
            let reason = format!("an axis cannot be named `{ARM}` if something is compared");
            return Err(ConfigError::new("", reason));
        }
        for (key, side) in [("of", &compare.of), ("against", &compare.against)] {
            let axes = self.axes.iter().map(|axis| axis.name.as_str());
            for (name, label) in side.iter().filter(|(name, _)| *name != ARM) {
                self.check_label(key, name, label, axes.clone().chain([ARM]))?;
            }
            let Some(arm) = side.get(ARM) else { continue };
            let arms = self.points_at(side).flat_map(|point| &point.experiment.arms);
            known(&format!("{key}.{ARM}"), "arm", arm, arms.map(|arm| arm.name.as_str()))?;
        }
        let places = || {
            self.points.iter().flat_map(|point| {
                let arms = point.experiment.arms.iter();
                arms.map(move |arm| (&point.labels[..], arm.name.as_str()))
            })
        };
        let is_compared = |of| places().any(|against| compare.compares(&self.axes, of, against));
        match places().any(is_compared) {
            true => Ok(()),
            false => {
                let reason = "there is nothing to compare: both sides must be there, at the same \
                              labels of the axes that are not named, and differ";
                Err(ConfigError::new("", reason))
            }
        }
    }

    /// Checks a label of an axis; `names` are those that the key may have.
    fn check_label<'a>(
        &self,
        key: &str,
        name: &str,
        label: &str,
        names: impl IntoIterator<Item = &'a str>,
    ) -> Result<(), ConfigError> {
        known(key, "axis", name, names)?;
        let axis = self.axes.iter().find(|axis| axis.name == *name);
        let labels = axis.map_or(&[][..], |axis| &axis.labels[..]);
        let key = format!("{key}.{name}");
        known(&key, "label", label, labels.iter().map(String::as_str))
    }

    /// The points with these labels; keys that are not axes do not count.
    fn points_at(&self, at: &BTreeMap<String, String>) -> impl Iterator<Item = &GridPoint> {
        let is_there = move |point: &&GridPoint| {
            let mut both = self.axes.iter().zip(&point.labels);
            both.all(|(axis, label)| at.get(&axis.name).is_none_or(|wanted| wanted == label))
        };
        self.points.iter().filter(is_there)
    }

    /// Checks that a published value is that of at least one arm, data set and protocol. One of
    /// another metric than accuracy may be of data that are not evaluated here.
    fn check_published(&self, published: &Published) -> Result<(), ConfigError> {
        let Published { at, arm, dataset, value, protocol, metric } = published;
        for (name, label) in at {
            let axes = self.axes.iter().map(|axis| axis.name.as_str());
            self.check_label("at", name, label, axes)?;
        }
        if !value.is_finite() {
            return Err(ConfigError::new("value", format!("must be finite, not {value}")));
        }
        names::title("metric", metric)?;
        let points = || self.points_at(at);
        let arms = points().flat_map(|point| &point.experiment.arms);
        known("arm", "arm", arm, arms.map(|arm| arm.name.as_str()))?;
        let plain = |name: &str| name.replace(['-', ' ', '_'], "").to_lowercase();
        if metric != TOP1 && [plain(TOP1), "accuracy".into()].contains(&plain(metric)) {
            let reason = format!("`{metric}` is no accuracy of this project; write `{TOP1}`");
            return Err(ConfigError::new("metric", reason));
        }
        if metric != TOP1 {
            return names::title("dataset", dataset);
        }
        let evaluations = || points().flat_map(|point| point.experiment.evaluation.iter());
        let datasets = evaluations().map(|evaluation| evaluation.dataset.as_str());
        known("dataset", "data set of the evaluation", dataset, datasets)?;
        let Some(beginning) = protocol else { return Ok(()) };
        let of_set = evaluations().filter(|evaluation| evaluation.dataset == *dataset);
        let protocols: BTreeSet<String> =
            of_set.flat_map(|it| it.protocols.iter().map(|protocol| protocol.name())).collect();
        match protocols.iter().any(|name| name.starts_with(beginning)) {
            true => Ok(()),
            false => {
                let reason = format!(
                    "no protocol begins with `{beginning}`; there are {}",
                    Vec::from_iter(protocols).join(", ")
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

#[cfg(test)]
mod tests {
    use super::*;

    const EXPERIMENT: &str = include_str!("../../experiments/simclr_semantic.toml");

    /// A grid of the arms `ap` and `sp`, without the tables in `study`, at two lengths and two
    /// batches.
    fn read(study: &str) -> Result<Grid, Error> {
        let axes = "\n[[vary]]\nname = \"length\"\nkey = \"training.steps\"\nvalues = [100, 200]\n\
                    labels = [\"short\", \"long\"]\n[[vary]]\nkey = \"training.batch\"\n\
                    values = [16, 32]\n";
        let arms = "arms=[{ name = \"ap\", pairing = { kind = \"same\" } }, \
                    { name = \"sp\", pairing = { kind = \"random_in_class\" } }]";
        let text = format!("{EXPERIMENT}{study}{axes}");
        Grid::parse(&text, "grid.toml", &[arms.to_owned()])
    }

    /// The differences of the first entry of `[[study.compare]]`, by labels and arms.
    fn compared(sides: &str) -> Vec<String> {
        let grid = read(&format!("\n[[study.compare]]\n{sides}\n")).unwrap();
        let compare = &grid.about.compare[0];
        let places = || {
            grid.points.iter().flat_map(|point| {
                let arms = point.experiment.arms.iter();
                arms.map(move |arm| (&point.labels[..], arm.name.as_str()))
            })
        };
        let said = |(labels, arm): Place| format!("{arm} {}", labels.join(" "));
        let mut found = Vec::new();
        for of in places() {
            for against in places().filter(|it| compare.compares(&grid.axes, of, *it)) {
                found.push(format!("{} - {}", said(of), said(against)));
            }
        }
        found
    }

    #[test]
    fn what_is_not_named_is_the_same_on_both_sides() {
        assert_eq!(
            compared(
                "of = { arm = \"sp\", length = \"short\" }\n\
                      against = { arm = \"ap\", length = \"long\" }"
            ),
            ["sp short 16 - ap long 16", "sp short 32 - ap long 32"]
        );
        assert_eq!(
            compared(
                "of = { length = \"long\", batch = \"16\" }\n\
                      against = { length = \"short\", batch = \"16\" }"
            ),
            ["ap long 16 - ap short 16", "sp long 16 - sp short 16"]
        );
        // What one side names is compared with all of the other.
        assert_eq!(
            compared(
                "of = { length = \"short\" }\n\
                      against = { length = \"short\", batch = \"16\", arm = \"ap\" }"
            ),
            ["sp short 16 - ap short 16", "ap short 32 - ap short 16", "sp short 32 - ap short 16"]
        );
    }

    #[test]
    fn wrong_names_in_a_comparison_are_refused_with_their_line() {
        let against = "against = { arm = \"ap\" }";
        for (of, place, reason) in [
            ("of = { arm = \"spp\" }", "`study.compare[0].of.arm`", "there is no arm `spp`"),
            ("of = { lenght = \"long\" }", "`study.compare[0].of`", "did you mean `length`?"),
            ("of = { length = \"lnog\" }", "`study.compare[0].of.length`", "did you mean `long`?"),
            ("of = { arm = \"ap\" }", "`study.compare[0]`", "nothing to compare"),
            ("fo = { arm = \"sp\" }", "`study.compare[0]`", "there is no key `fo`"),
            ("of = { arm = 3 }", "`study.compare[0].of.arm`", "must be a string"),
        ] {
            let study = format!("\n[[study.compare]]\n{of}\n{against}\n");
            let message = read(&study).err().unwrap_or_else(|| panic!("{of}")).to_string();
            assert!(message.contains(place) && message.contains(reason), "{of}: {message}");
            let table = 2 + EXPERIMENT.lines().count();
            let lines = [table, table + 1].map(|line| format!("grid.toml: line {line}: "));
            assert!(lines.iter().any(|line| message.starts_with(line)), "{of}: {message}");
        }
    }

    #[test]
    fn a_requirement_that_is_not_met_is_said_with_the_needs() {
        let study = "\n[study]\nneeds = [\"a detector\"]\nrequires = [\"detection\"]\n";
        let said = read(study).unwrap().about.unsupported().unwrap();
        assert_eq!(
            said,
            "the study requires detection, which this version does not have\nthe study needs:\n  \
             a detector"
        );
        assert_eq!(read("").unwrap().about.unsupported(), None);
        let blank = read("\n[study]\nrequires = [\"\"]\n").err().unwrap().to_string();
        assert!(blank.contains("`study.requires[0]`"), "{blank}");
    }

    #[test]
    fn only_accuracies_must_be_of_data_that_are_evaluated() {
        let of = |metric: &str| {
            read(&format!(
                "\n[[study.published]]\narm = \"sp\"\ndataset = \"VOC\"\nvalue = 50.3\n\
                 metric = {metric:?}\n"
            ))
        };
        assert_eq!(of("AP50").unwrap().about.published.len(), 1);
        let message = of("top-1").err().unwrap().to_string();
        assert!(message.contains("`study.published[0].dataset`"), "{message}");
    }
}
