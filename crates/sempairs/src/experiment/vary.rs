use std::collections::BTreeSet;
use std::fmt;

use serde::Deserialize;
use toml::{Table, Value};

use super::misfit::{self, Misfit};
use super::names;
use super::refusal::Refusal;
use super::written::{line_of, parse_table};
use super::{Experiment, parse_assignment, set};
use crate::Error;
use crate::presets::merged;

/// Experiments that one file may describe.
const MAX_GRID: usize = 10_000;

/// The experiments that a text describes. Each `[[vary]]` table has a `key`, with dots, and a list
/// of `values`; the experiments are their product, and each gets a name that says which it is.
///
/// ```toml
/// [[vary]]
/// key = "method.temperature"
/// values = [0.1, 0.2, 0.5]
/// ```
///
/// Each of `overrides`, `key=value`, is set before.
///
/// # Errors
///
/// [`Error::Experiment`] that begins with what is at fault: the file, and then the line; or the
/// assignment, as `--set key=value`; or the value of a `[[vary]]`.
pub fn read_grid(text: &str, file: &str, overrides: &[String]) -> Result<Vec<Experiment>, Error> {
    let mut table = parse_table(text, file)?;
    let axes = axes(&mut table, text, file)?;
    let mut layers = vec![Layer { source: file.to_owned(), table }];
    for assignment in overrides {
        let (key, value) = parse_assignment(assignment)?;
        push(&mut layers, format!("--set {assignment}"), &key, value)?;
    }
    let mut grid = vec![(layers, String::new())];
    for Axis { key, values } in axes {
        let last = key.rsplit('.').next().unwrap_or(&key);
        let mut next = Vec::new();
        for (layers, suffix) in &grid {
            for value in &values {
                let mut layers = layers.clone();
                let source = format!("{file}, [[vary]] {key} = {value}");
                push(&mut layers, source, &key, value.clone())?;
                let suffix = match (key.as_str(), value.as_str()) {
                    ("preset", Some(preset)) => format!("{suffix}-{}", preset.replace('/', "-")),
                    _ => {
                        let value = value.to_string().replace(['"', '/', '\\', ' '], "");
                        format!("{suffix}-{last}={value}")
                    }
                };
                next.push((layers, suffix));
            }
        }
        grid = next;
    }
    let mut seen = BTreeSet::new();
    if let Some((_, twice)) = grid.iter().find(|(_, suffix)| !seen.insert(suffix)) {
        let reason = format!("`[[vary]]`: two experiments are called `{twice}`");
        return Err(Error::experiment(file, reason));
    }
    grid.iter()
        .map(|(layers, suffix)| {
            let mut experiment = build(layers, text)?;
            experiment.name.push_str(suffix);
            let fits = names::folder("name", &experiment.name);
            fits.map_err(|refusal| Error::experiment(file, format!("`[[vary]]`: {refusal}")))?;
            Ok(experiment)
        })
        .collect()
}

/// What a file says after one more assignment.
#[derive(Clone)]
struct Layer {
    /// The assignment; the file itself for the first layer.
    source: String,
    table: Table,
}

impl Layer {
    /// The experiment, or what is wrong with it.
    fn experiment(&self) -> Result<Experiment, Wrong> {
        let table = merged(self.table.clone()).map_err(Wrong::Preset)?;
        // A misspelt `[[vary]]` is a key of no experiment.
        let experiment: Experiment = misfit::read(table, &["vary"]).map_err(Wrong::Read)?;
        experiment.check_values().map_err(Wrong::Value)?;
        Ok(experiment)
    }
}

/// What keeps a table from being an experiment.
#[derive(PartialEq)]
enum Wrong {
    /// There is no such preset.
    Preset(String),
    /// A value is of another kind, or a key is missing or none of the experiment.
    Read(Misfit),
    /// A value is out of its range.
    Value(Refusal),
}

impl Wrong {
    /// Where in a text it stands.
    fn line(&self, text: &str) -> Option<String> {
        match self {
            Self::Read(misfit) => line_of(text, misfit),
            Self::Preset(_) | Self::Value(_) => None,
        }
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Preset(reason) => f.write_str(reason),
            Self::Read(misfit) => misfit.fmt(f),
            Self::Value(refusal) => refusal.fmt(f),
        }
    }
}

/// Adds an assignment to the layers before it.
fn push(layers: &mut Vec<Layer>, source: String, key: &str, value: Value) -> Result<(), Error> {
    let mut table = layers.last().map_or_else(Table::new, |layer| layer.table.clone());
    set(&mut table, key, value).map_err(|reason| Error::experiment(&source, reason))?;
    layers.push(Layer { source, table });
    Ok(())
}

/// The experiment that the last layer describes. An error is put to the layer that brought it: the
/// first from which on it stays the same. So what a file lacks may be assigned.
fn build(layers: &[Layer], text: &str) -> Result<Experiment, Error> {
    let wrong = match layers[layers.len() - 1].experiment() {
        Ok(experiment) => return Ok(experiment),
        Err(wrong) => wrong,
    };
    let same = |layer: &&Layer| layer.experiment().err().as_ref() == Some(&wrong);
    let at = layers.len() - layers.iter().rev().take_while(same).count();
    let line = (at == 0).then(|| wrong.line(text)).flatten();
    Err(Error::experiment(&layers[at].source, format!("{}{wrong}", line.unwrap_or_default())))
}

/// One experiment without `[[vary]]`.
pub(super) fn parse_text(text: &str, file: &str) -> Result<Experiment, Error> {
    build(&[Layer { source: file.to_owned(), table: parse_table(text, file)? }], text)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Axes {
    #[serde(default)]
    vary: Vec<Axis>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Axis {
    key: String,
    values: Vec<Value>,
}

/// Takes the axes out of a file's table.
fn axes(table: &mut Table, text: &str, file: &str) -> Result<Vec<Axis>, Error> {
    let refuse = |reason: String| Error::experiment(file, format!("`[[vary]]`: {reason}"));
    let Some(vary) = table.remove("vary") else { return Ok(Vec::new()) };
    let axes = misfit::read::<Axes>(Table::from_iter([("vary".to_owned(), vary)]), &[]);
    let axes = axes.map_err(|wrong| {
        let line = line_of(text, &wrong).unwrap_or_default();
        refuse(format!("{line}{wrong}"))
    })?;
    if let Some(empty) = axes.vary.iter().find(|axis| axis.values.is_empty()) {
        return Err(refuse(format!("`{}` has no values", empty.key)));
    }
    let sizes = axes.vary.iter().map(|axis| axis.values.len());
    let size = sizes.fold(1, usize::saturating_mul);
    if size > MAX_GRID {
        return Err(refuse(format!("describes {size} experiments, more than {MAX_GRID}")));
    }
    Ok(axes.vary)
}
