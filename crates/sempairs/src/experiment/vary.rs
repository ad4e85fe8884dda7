use std::collections::BTreeSet;

use serde::Deserialize;
use toml::de::{DeTable, Deserializer, ValueDeserializer};
use toml::{Table, Value};

use super::{Experiment, parse_assignment, set};
use crate::Error;
use crate::presets::{merged, merged_in_place};
use crate::suggest::{explain, explain_among, nearest};

/// The experiments that a text describes. Each `[[vary]]` table has a `key`, with dots, and a list of
/// `values`; the experiments are their product, and each gets a name that says which it is.
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
/// [`Error::Experiment`] that begins with what is at fault: the file, and then the line; or the assignment,
/// as `--set key=value`; or the value of a `[[vary]]`.
pub fn read_grid(text: &str, file: &str, overrides: &[String]) -> Result<Vec<Experiment>, Error> {
    let mut table: Table =
        toml::from_str(text).map_err(|e| Error::experiment(file, explain(&e.to_string())))?;
    table.remove("vary");
    let mut layers = vec![Layer { source: file.to_owned(), table }];
    for assignment in overrides {
        let (key, value) = parse_assignment(assignment)?;
        push(&mut layers, format!("--set {assignment}"), &key, value)?;
    }
    let mut grid = vec![(layers, String::new())];
    for Axis { key, values } in axes(text, file)? {
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
    fn experiment(&self) -> Result<Experiment, String> {
        let table = merged(self.table.clone())?;
        let experiment: Experiment =
            table.try_into().map_err(|e: toml::de::Error| explain(&e.to_string()))?;
        experiment.check_values().map_err(|refusal| refusal.to_string())?;
        Ok(experiment)
    }
}

/// Adds an assignment to the layers before it.
fn push(layers: &mut Vec<Layer>, source: String, key: &str, value: Value) -> Result<(), Error> {
    let mut table = layers.last().map_or_else(Table::new, |layer| layer.table.clone());
    set(&mut table, key, value).map_err(|reason| Error::experiment(&source, reason))?;
    layers.push(Layer { source, table });
    Ok(())
}

/// The experiment that the last layer describes. An error is put to the layer that brought it: the first from
/// which on it stays the same. So what a file lacks may be assigned.
fn build(layers: &[Layer], text: &str) -> Result<Experiment, Error> {
    let wrong = match layers[layers.len() - 1].experiment() {
        Ok(experiment) => return Ok(experiment),
        Err(wrong) => wrong,
    };
    let same = |layer: &&Layer| layer.experiment().err().as_ref() == Some(&wrong);
    let source = match layers.len() - layers.iter().rev().take_while(same).count() {
        0 => {
            // Its text knows the line.
            parse(text, &layers[0].source, true)?;
            &layers[0].source
        }
        at => &layers[at].source,
    };
    Err(Error::experiment(source, wrong))
}

/// One experiment without `[[vary]]`, whose errors know their line.
pub(super) fn parse_text(text: &str, file: &str) -> Result<Experiment, Error> {
    parse(text, file, false)
}

fn parse(text: &str, file: &str, without_vary: bool) -> Result<Experiment, Error> {
    let fail = |mut error: toml::de::Error, further: &[&str]| {
        error.set_input(Some(text));
        Error::experiment(file, explain_among(&error.to_string(), further))
    };
    let mut written = DeTable::parse(text).map_err(|e| fail(e, &[]))?;
    if without_vary {
        written.get_mut().remove("vary");
    }
    let mut keys = written.get_ref().keys();
    let is_misspelt = keys.any(|key| nearest(key.get_ref(), ["vary"]).is_some());
    let further: &[&str] = if is_misspelt { &["vary"] } else { &[] };
    merged_in_place(written.get_mut()).map_err(|reason| Error::experiment(file, reason))?;
    let experiment = Experiment::deserialize(Deserializer::from(written));
    let experiment = experiment.map_err(|e| fail(e, further))?;
    experiment.check(file)?;
    Ok(experiment)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Axis {
    key: String,
    values: Vec<Value>,
}

fn axes(text: &str, file: &str) -> Result<Vec<Axis>, Error> {
    let fail = |mut error: toml::de::Error| {
        error.set_input(Some(text));
        Error::experiment(file, format!("`[[vary]]`: {}", explain(&error.to_string())))
    };
    let mut written = DeTable::parse(text).map_err(fail)?;
    let Some(vary) = written.get_mut().remove("vary") else { return Ok(Vec::new()) };
    let axes = Vec::<Axis>::deserialize(ValueDeserializer::from(vary)).map_err(fail)?;
    match axes.iter().find(|axis| axis.values.is_empty()) {
        Some(empty) => {
            Err(Error::experiment(file, format!("`[[vary]]`: `{}` has no values", empty.key)))
        }
        None => Ok(axes),
    }
}
