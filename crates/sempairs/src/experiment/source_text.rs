//! Parsing of an experiment's TOML text, and line numbers of its values.

use toml::de::{DeTable, DeValue};
use toml::{Spanned, Table};

use crate::Error;

/// Parses a text as a TOML table.
pub(super) fn parse_table(text: &str, file: &str) -> Result<Table, Error> {
    toml::from_str(text).map_err(|error| {
        let reason = plain(&error.to_string());
        Error::invalid(file, reason.trim_end())
    })
}

/// Replaces names of Rust types in the parser's message on integer overflow. The message may have
/// several lines, the first of which show the position.
pub(crate) fn plain(message: &str) -> String {
    let overflows =
        ["u64 value was too large", "integer number overflowed", "expected any valid TOML value"];
    let line = |line: &str| match overflows.iter().any(|said| line.ends_with(said)) {
        true => format!("a whole number is at most {}", i64::MAX),
        false => line.to_owned(),
    };
    message.lines().map(line).collect::<Vec<String>>().join("\n")
}

/// The line of a key or of an element of a list in a text, counted from 1. `None` if it is not in
/// the text, for example because it comes from a preset.
pub(super) fn line_of(text: &str, steps: &[String]) -> Option<usize> {
    let at = position(text, steps)?;
    Some(1 + text.get(..at)?.matches('\n').count())
}

fn position(text: &str, steps: &[String]) -> Option<usize> {
    let table = DeTable::parse(text).ok()?;
    let (first, rest) = steps.split_first()?;
    let (mut at, mut value) = key_of(table.get_ref(), first)?;
    for step in rest {
        (at, value) = match value.get_ref() {
            DeValue::Table(table) => key_of(table, step)?,
            DeValue::Array(list) => match (step.parse::<usize>(), &list[..]) {
                (Ok(index), _) => {
                    let value = list.get(index)?;
                    (value.span().start, value)
                }
                // The keys of a list with a single table may lack the index: `evaluation.test` for
                // the only `[[evaluation]]`.
                (Err(_), [only]) => key_of(only.get_ref().as_table()?, step)?,
                (Err(_), _) => return None,
            },
            _ => return None,
        };
    }
    Some(at)
}

/// Byte offset and value of a key.
fn key_of<'t, 'i>(table: &'t DeTable<'i>, key: &str) -> Option<(usize, &'t Spanned<DeValue<'i>>)> {
    let (key, value) = table.iter().find(|(it, _)| it.get_ref() == key)?;
    Some((key.span().start, value))
}
