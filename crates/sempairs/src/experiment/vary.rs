//! Expansion of `[[vary]]` tables: the experiments of a grid from the text of its file.

use std::sync::Arc;

use sempairs_data::ConfigError;
use toml::{Table, Value};

use super::assign::steps;
use super::axis::{Axis, Setting, VARY, twice};
use super::grid::{Grid, GridAxis, GridPoint};
use super::origins::Origins;
use super::presets::{copy_list, merged};
use super::read_error::{self, ReadError};
use super::source_text::parse_table;
use super::{Experiment, about, axis, names, parse_assignment, set};
use crate::Error;

/// Returns the experiments that a text describes. Each `[[vary]]` table has a `key`, as in [`set`],
/// and a list of `values`; the experiments are the Cartesian product, and the values are appended
/// to the name of each experiment.
///
/// ```toml
/// [[vary]]
/// key = "method.temperature"
/// values = [0.1, 0.2, 0.5]
/// ```
///
/// `labels` gives the values names, `name` the axis. Instead of a key and values a table may have
/// `cases`, each of which sets any number of keys:
///
/// ```toml
/// [[vary]]
/// name = "transforms"
/// cases = [
///     { label = "all", set = {} },
///     { label = "crop", set = { "views.left" = ["crop"], "views.right" = ["crop"] } },
/// ]
/// ```
/// The assignments `key=value` in `overrides` are applied first. A key may select an element of a
/// list that is in the file or in its preset, as in `views.left[0].area`.
///
/// # Errors
/// [`Error::Config`] that begins with the origin of the invalid setting: the file, followed by
/// the line; the assignment, as `--set key=value`; or the value of a `[[vary]]`.
pub fn read_grid(text: &str, file: &str, overrides: &[String]) -> Result<Vec<Experiment>, Error> {
    let points = expanded(text, file, overrides)?.points.into_iter();
    Ok(points.map(|point| point.experiment).collect())
}

/// A point of a grid whose experiment has not been built.
#[derive(Clone)]
struct Outline {
    layers: Vec<Layer>,
    /// What is appended to the name of the experiment.
    suffix: String,
    labels: Vec<String>,
}

impl Outline {
    /// The same point after one more setting.
    fn with(&self, setting: &Setting) -> Result<Self, Error> {
        let Self { mut layers, mut suffix, mut labels } = self.clone();
        // An element of a list of the preset can be selected once the preset is known.
        let (preset, others): (Vec<_>, Vec<_>) =
            setting.set.iter().partition(|(key, _)| key == "preset");
        for (key, value) in preset.into_iter().chain(others) {
            push(&mut layers, setting.source.clone(), setting.line, key, value.clone())?;
        }
        suffix.push_str(&setting.suffix);
        labels.push(setting.label.clone());
        Ok(Self { layers, suffix, labels })
    }
}

/// The grid that a text describes.
pub(super) fn expanded(text: &str, file: &str, overrides: &[String]) -> Result<Grid, Error> {
    let mut table = parse_table(text, file)?;
    let about = about::take(&mut table, text, file)?;
    let axes = axis::take(&mut table, text, file)?;
    let is_grid = !axes.is_empty();
    let mut layers = vec![Layer { source: file.to_owned(), line: None, key: Vec::new(), table }];
    for assignment in overrides {
        let (key, value) = parse_assignment(assignment)?;
        push(&mut layers, format!("--set {assignment}"), None, &key, value)?;
    }
    let mut outlines = vec![Outline { layers, suffix: String::new(), labels: Vec::new() }];
    for axis in &axes {
        let mut next = Vec::new();
        for outline in &outlines {
            for setting in &axis.settings {
                next.push(outline.with(setting)?);
            }
        }
        outlines = next;
    }
    if let Some(twice) = twice(outlines.iter().map(|outline| outline.suffix.as_str())) {
        let reason = format!("two experiments are named `{twice}`");
        return Err(Error::config(file, ConfigError::new(VARY, reason)));
    }
    let shared: Arc<str> = text.into();
    let mut name = None;
    let mut points = Vec::new();
    for Outline { layers, suffix, labels } in outlines {
        let assigned = layers[1..].iter().map(|it| (it.source.clone(), it.key.clone()));
        let origins = Origins::new(file, &shared, assigned.collect(), is_grid);
        let mut experiment = build(&layers, &origins)?;
        name.get_or_insert_with(|| experiment.name.clone());
        experiment.name.push_str(&suffix);
        let fits = names::folder("name", &experiment.name);
        fits.map_err(|error| Error::config(file, ConfigError::new(VARY, error)))?;
        let origins = origins.of_study(&experiment.name);
        points.push(GridPoint { labels, experiment, origins });
    }
    let axes = axes.into_iter().map(|Axis { name, settings }| GridAxis {
        name,
        labels: settings.into_iter().map(|setting| setting.label).collect(),
    });
    let grid = Grid { about, name: name.unwrap_or_default(), axes: axes.collect(), points };
    grid.check_about(text, file)?;
    Ok(grid)
}

/// The table of a file after one more assignment.
#[derive(Clone)]
struct Layer {
    /// The assignment; the name of the file for the first layer.
    source: String,
    /// The line of an assignment of a `[[vary]]` table.
    line: Option<usize>,
    /// The steps of the assigned key; none for the first layer.
    key: Vec<String>,
    table: Table,
}

impl Layer {
    /// Builds the experiment, or returns the error.
    fn experiment(&self) -> Result<Experiment, Wrong> {
        let table = merged(self.table.clone()).map_err(Wrong::Value)?;
        // No keys of an experiment, but suggested for a misspelt `[[vary]]` or `[study]`.
        let further = ["vary", "study"];
        let experiment: Experiment = read_error::read(table, &further).map_err(Wrong::Read)?;
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
fn push(
    layers: &mut Vec<Layer>,
    source: String,
    line: Option<usize>,
    key: &str,
    value: Value,
) -> Result<(), Error> {
    let mut table = layers.last().map_or_else(Table::new, |layer| layer.table.clone());
    copy_list(&mut table, &steps(key));
    if let Err(error) = set(&mut table, key, value) {
        return Err(Error::Config { origin: Some(source), line, error });
    }
    layers.push(Layer { source, line, key: steps(key), table });
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
    let (key, Layer { source, line, key: assigned, .. }) = (wrong.key(), &layers[at]);
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
        None => Err(Error::Config { origin: Some(source.clone()), line: *line, error }),
    }
}

/// Parses one experiment without `[[vary]]`.
pub(super) fn parse_text(text: &str, file: &str) -> Result<Experiment, Error> {
    let table = parse_table(text, file)?;
    let layer = Layer { source: file.to_owned(), line: None, key: Vec::new(), table };
    let text: Arc<str> = text.into();
    build(&[layer], &Origins::new(file, &text, Vec::new(), false))
}
