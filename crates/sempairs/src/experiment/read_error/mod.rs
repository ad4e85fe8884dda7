//! Deserialisation of a TOML table with readable errors: the full key and the reason in plain
//! words. Serde's messages contain names of Rust types, and inside a table that is tagged by its
//! `kind` or `name` they have no key. The key is therefore found by substitution: the invalid value
//! is the one whose replacement appears in the message in its place.

mod words;

use std::fmt;

use sempairs_data::ConfigError;
use serde::de::DeserializeOwned;
use toml::{Table, Value};

use words::Said;

/// An error of deserialising a value, with the place for which a text has a line.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ReadError {
    /// Path of the value, or of the table with a missing or unknown key.
    pub path: Path,
    /// The unknown key of that table, if that is the error.
    pub unknown: Option<String>,
    /// The error; its key is the path.
    pub error: ConfigError,
}

impl ReadError {
    /// The steps to the unknown key, or to the value or table that the error is about.
    pub fn steps(&self) -> Vec<String> {
        let step = |step: &Step| match step {
            Step::Key(key) => key.clone(),
            Step::Index(index) => index.to_string(),
        };
        self.path.0.iter().map(step).chain(self.unknown.clone()).collect()
    }
}

/// Path from a table to a value in it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Path(pub Vec<Step>);

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Step {
    Key(String),
    Index(usize),
}

/// Maximum number of values for which the key is searched; the search takes quadratic time.
const MAX_NODES: usize = 2_000;

/// Replacement values for the search, which do not occur in real files.
const MARK: &str = "no such value 7021";
const NUMBER: i64 = -7_021_702_170_217;

/// Deserialises a table; `further` are keys that are valid in the file but not part of `T`, to be
/// suggested for misspelt keys.
///
/// # Errors
/// The first value that cannot be deserialised.
pub(super) fn read<T: DeserializeOwned>(table: Table, further: &[&str]) -> Result<T, ReadError> {
    let error = match table.clone().try_into::<T>() {
        Ok(read) => return Ok(read),
        Err(error) => error.to_string(),
    };
    let trial = |table: Table| table.try_into::<T>().err().map(|error| said(&error.to_string()).0);
    let (said, known) = said(&error);
    let found = match nodes(&Value::Table(table.clone())) {
        nodes if nodes.len() > MAX_NODES => None,
        nodes => find(&table, &nodes, &said, &trial),
    };
    let path = found.unwrap_or(known);
    let said = Said::of(&said);
    let further = if path.0.is_empty() { further } else { &[] };
    let unknown = said.unknown_key().map(str::to_owned);
    let error = said.in_words(further).under(&path.to_string());
    Err(ReadError { path, unknown, error })
}

/// Splits serde's message from the known part of the path, which is on a line of its own.
fn said(message: &str) -> (String, Path) {
    let message = message.trim_end();
    let Some((said, place)) = message.rsplit_once("\nin `") else {
        return (message.to_owned(), Path::default());
    };
    let keys = place.trim_end_matches('`').split('.');
    (said.to_owned(), Path(keys.map(|key| Step::Key(key.to_owned())).collect()))
}

/// Finds the path of the value that a message is about.
fn find(
    table: &Table,
    nodes: &[Path],
    said: &str,
    trial: &impl Fn(Table) -> Option<String>,
) -> Option<Path> {
    let with = |change: &dyn Fn(&mut Value)| {
        let mut changed = Value::Table(table.clone());
        change(&mut changed);
        let Value::Table(changed) = changed else { return None };
        trial(changed)
    };
    let place = |path: &Path| path.get(table);
    match Said::of(said) {
        Said::UnknownKey { name, rest } => {
            let marked = format!("unknown field `{MARK}`{rest}");
            nodes.iter().find(|path| {
                let has =
                    place(path).and_then(Value::as_table).is_some_and(|t| t.contains_key(name));
                has && with(&|all| {
                    if let Some(table) = path.get_mut(all).and_then(Value::as_table_mut)
                        && let Some(value) = table.remove(name)
                    {
                        table.insert(MARK.into(), value);
                    }
                })
                .is_some_and(|said| said == marked)
            })
        }
        Said::MissingKey { name } => {
            let unknown = format!("unknown field `{name}`");
            let tries = [
                Value::String(MARK.into()),
                Value::Integer(1),
                Value::Table(Table::new()),
                Value::Array(Vec::new()),
            ];
            let settles = |path: &Path, value: &Value| {
                let now = with(&|all| {
                    if let Some(table) = path.get_mut(all).and_then(Value::as_table_mut) {
                        table.insert(name.to_owned(), value.clone());
                    }
                });
                now.is_none_or(|now| now != said && !now.starts_with(&unknown))
            };
            nodes.iter().find(|path| {
                let lacks = place(path).and_then(Value::as_table);
                lacks.is_some_and(|t| !t.contains_key(name))
                    && tries.iter().all(|value| settles(path, value))
            })
        }
        Said::Value { found, rest } => nodes.iter().find(|path| {
            place(path).is_some_and(|value| words::shown(value, found))
                && [Value::String(MARK.into()), Value::Integer(NUMBER)].iter().any(|mark| {
                    let now = with(&|all| {
                        if let Some(value) = path.get_mut(all) {
                            *value = mark.clone();
                        }
                    });
                    now.is_some_and(|now| words::is_marked(&now, mark, [found, rest]))
                })
        }),
        // An error of our own code: the innermost value, except tags, whose removal changes the
        // message.
        Said::Other { .. } => nodes.iter().rev().find(|path| {
            let tag = matches!(path.0.last(), Some(Step::Key(key)) if is_tag(key));
            !tag && !path.0.is_empty() && with(&|all| path.remove(all)).as_deref() != Some(said)
        }),
    }
    .cloned()
}

/// Returns true for a key whose value determines the other keys of its table.
pub(super) fn is_tag(key: &str) -> bool {
    ["kind", "name", "op"].contains(&key)
}

/// The paths of a table and of all values in it, in pre-order.
fn nodes(table: &Value) -> Vec<Path> {
    fn walk(value: &Value, path: &Path, into: &mut Vec<Path>) {
        into.push(path.clone());
        if into.len() > MAX_NODES {
            return;
        }
        match value {
            Value::Table(table) => {
                table.iter().for_each(|(key, inner)| {
                    walk(inner, &path.then(Step::Key(key.clone())), into);
                });
            }
            Value::Array(list) => {
                list.iter().enumerate().for_each(|(index, inner)| {
                    walk(inner, &path.then(Step::Index(index)), into);
                });
            }
            _ => {}
        }
    }
    let mut into = Vec::new();
    walk(table, &Path::default(), &mut into);
    into
}

impl Path {
    fn then(&self, step: Step) -> Self {
        let mut steps = self.0.clone();
        steps.push(step);
        Self(steps)
    }

    fn get<'a>(&self, table: &'a Table) -> Option<&'a Value> {
        let (Step::Key(first), rest) = self.0.split_first()? else { return None };
        rest.iter().try_fold(table.get(first)?, |value, step| match step {
            Step::Key(key) => value.as_table()?.get(key),
            Step::Index(index) => value.as_array()?.get(*index),
        })
    }

    fn get_mut<'a>(&self, all: &'a mut Value) -> Option<&'a mut Value> {
        self.0.iter().try_fold(all, |value, step| match step {
            Step::Key(key) => value.as_table_mut()?.get_mut(key),
            Step::Index(index) => value.as_array_mut()?.get_mut(*index),
        })
    }

    fn remove(&self, all: &mut Value) {
        let Some((last, outer)) = self.0.split_last() else { return };
        match (Self(outer.to_vec()).get_mut(all), last) {
            (Some(Value::Table(table)), Step::Key(key)) => {
                table.remove(key);
            }
            (Some(Value::Array(list)), Step::Index(index)) if *index < list.len() => {
                list.remove(*index);
            }
            _ => {}
        }
    }
}

/// Formats the path as in messages: `arms[1].pairing`.
impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, step) in self.0.iter().enumerate() {
            match step {
                Step::Key(key) if i == 0 => f.write_str(key)?,
                Step::Key(key) => write!(f, ".{key}")?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}
