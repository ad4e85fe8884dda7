use std::collections::BTreeSet;
use std::sync::Arc;

use sempairs_data::ConfigError;
use serde::Deserialize;
use toml::{Table, Value};

use super::assign::steps;
use super::names;
use super::origins::Origins;
use super::presets::merged;
use super::read_error::{self, ReadError};
use super::source_text::{line_of, parse_table};
use super::{Experiment, parse_assignment, set};
use crate::Error;

/// The key of the tables of a grid in messages.
const VARY: &str = "[[vary]]";

/// Maximum number of experiments that one file may describe.
const MAX_GRID: usize = 10_000;

/// Returns the experiments that a text describes. Each `[[vary]]` table has a `key`, as in [`set`],
/// and a list of `values`; the experiments are the Cartesian product, and the values are appended
/// to the name of each experiment.
///
/// ```toml
/// [[vary]]
/// key = "method.temperature"
/// values = [0.1, 0.2, 0.5]
/// ```
/// The assignments `key=value` in `overrides` are applied first.
///
/// # Errors
/// [`Error::Config`] that begins with the origin of the invalid setting: the file, followed by
/// the line; the assignment, as `--set key=value`; or the value of a `[[vary]]`.
pub fn read_grid(text: &str, file: &str, overrides: &[String]) -> Result<Vec<Experiment>, Error> {
    let grid = grid_with_origins(text, file, overrides)?;
    Ok(grid.into_iter().map(|(experiment, _)| experiment).collect())
}

/// As [`read_grid`], each experiment with the origins of its values.
pub(super) fn grid_with_origins(
    text: &str,
    file: &str,
    overrides: &[String],
) -> Result<Vec<(Experiment, Origins)>, Error> {
    let mut table = parse_table(text, file)?;
    let axes = axes(&mut table, text, file)?;
    let is_grid = !axes.is_empty();
    let mut layers = vec![Layer { source: file.to_owned(), key: Vec::new(), table }];
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
        let reason = format!("two experiments are named `{twice}`");
        return Err(Error::config(file, ConfigError::new(VARY, reason)));
    }
    let text: Arc<str> = text.into();
    grid.iter()
        .map(|(layers, suffix)| {
            let assigned = layers[1..].iter().map(|it| (it.source.clone(), it.key.clone()));
            let origins = Origins::new(file, &text, assigned.collect(), is_grid);
            let mut experiment = build(layers, &origins)?;
            experiment.name.push_str(suffix);
            let fits = names::folder("name", &experiment.name);
            fits.map_err(|error| Error::config(file, ConfigError::new(VARY, error)))?;
            let origins = origins.of_study(&experiment.name);
            Ok((experiment, origins))
        })
        .collect()
}

/// The table of a file after one more assignment.
#[derive(Clone)]
struct Layer {
    /// The assignment; the name of the file for the first layer.
    source: String,
    /// The steps of the assigned key; none for the first layer.
    key: Vec<String>,
    table: Table,
}

impl Layer {
    /// Builds the experiment, or returns the error.
    fn experiment(&self) -> Result<Experiment, Wrong> {
        let table = merged(self.table.clone()).map_err(Wrong::Value)?;
        // `vary` is not a key of an experiment, but is suggested for a misspelt `[[vary]]`.
        let experiment: Experiment = read_error::read(table, &["vary"]).map_err(Wrong::Read)?;
        experiment.check_values().map_err(Wrong::Value)?;
        Ok(experiment)
    }
}

/// Why a table is not a valid experiment.
#[derive(PartialEq)]
enum Wrong {
    /// A value has the wrong type, or a key is missing or unknown.
    Read(ReadError),
    /// A value is out of range, or the preset does not exist.
    Value(ConfigError),
}

impl Wrong {
    /// The steps of the key that the error is about.
    fn key(&self) -> Vec<String> {
        match self {
            Self::Read(error) => error.steps(),
            Self::Value(error) => steps(error.key()),
        }
    }

    fn into_error(self) -> ConfigError {
        match self {
            Self::Read(wrong) => wrong.error,
            Self::Value(error) => error,
        }
    }
}

/// Adds an assignment as a new layer.
fn push(layers: &mut Vec<Layer>, source: String, key: &str, value: Value) -> Result<(), Error> {
    let mut table = layers.last().map_or_else(Table::new, |layer| layer.table.clone());
    set(&mut table, key, value).map_err(|error| Error::config(&source, error))?;
    layers.push(Layer { source, key: steps(key), table });
    Ok(())
}

/// Builds the experiment of the last layer. An error is attributed to the first layer since which
/// it has stayed the same, except that a key which is not allowed, or whose value is of the wrong
/// type, is looked for where it is set: `method.name=byol` makes other keys of the file wrong.
/// Building only the last layer lets an assignment supply a key that the file lacks.
fn build(layers: &[Layer], origins: &Origins) -> Result<Experiment, Error> {
    let wrong = match layers[layers.len() - 1].experiment() {
        Ok(experiment) => return Ok(experiment),
        Err(wrong) => wrong,
    };
    let same = |layer: &&Layer| layer.experiment().err().as_ref() == Some(&wrong);
    let at = layers.len() - layers.iter().rev().take_while(same).count();
    let (key, Layer { source, key: assigned, .. }) = (wrong.key(), &layers[at]);
    if at == 0 {
        let (origin, line) = (Some(source.clone()), origins.line(&key));
        return Err(Error::Config { origin, line, error: wrong.into_error() });
    }
    let is_elsewhere = matches!(wrong, Wrong::Read(_))
        && !key.starts_with(assigned)
        && !assigned.starts_with(&key);
    let error = wrong.into_error();
    match origins.of(&key).filter(|_| is_elsewhere) {
        Some((origin, line)) => {
            let error = error.with_remark(format!("this is due to `{source}`"));
            Err(Error::Config { origin: Some(origin.to_owned()), line, error })
        }
        None => Err(Error::config(source, error)),
    }
}

/// Parses one experiment without `[[vary]]`.
pub(super) fn parse_text(text: &str, file: &str) -> Result<Experiment, Error> {
    let layer = Layer { source: file.to_owned(), key: Vec::new(), table: parse_table(text, file)? };
    let text: Arc<str> = text.into();
    build(&[layer], &Origins::new(file, &text, Vec::new(), false))
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

/// Removes the `[[vary]]` tables from a file's table and returns them.
fn axes(table: &mut Table, text: &str, file: &str) -> Result<Vec<Axis>, Error> {
    let refuse = |reason: String| Error::config(file, ConfigError::new(VARY, reason));
    let Some(vary) = table.remove("vary") else { return Ok(Vec::new()) };
    let axes = read_error::read::<Axes>(Table::from_iter([("vary".to_owned(), vary)]), &[]);
    let axes = axes.map_err(|wrong| {
        let line = line_of(text, &wrong.steps());
        let line = line.map_or(String::new(), |line| format!("line {line}: "));
        refuse(format!("{line}{}", wrong.error))
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
