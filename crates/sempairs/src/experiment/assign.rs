use sempairs_data::ConfigError;
use toml::{Table, Value};

use super::source_text::plain;
use crate::Error;

/// Splits an assignment `key=value`. The value is parsed as TOML; a word that is clearly not meant
/// as TOML, such as `shuffled` or `small/byol`, is taken as a string.
///
/// # Errors
/// [`Error::Config`] if there is no `=` or no key before it, or if the value looks like TOML
/// but cannot be parsed.
pub fn parse_assignment(assignment: &str) -> Result<(String, Value), Error> {
    let refuse = |reason: &str| Error::invalid(format!("--set {assignment}"), reason);
    let (key, value) = assignment
        .split_once('=')
        .filter(|(key, _)| key.split('.').all(|step| !step.trim().is_empty()))
        .ok_or_else(|| refuse("is not of the form key=value"))?;
    let (key, value) = (key.trim().to_owned(), value.trim());
    let parsed = toml::from_str::<Table>(&format!("{VALUE}{value}"));
    let reason = match parsed {
        // Further lines in the value would set other keys.
        Ok(table) if table.len() > 1 => "gives more than one value".to_owned(),
        Ok(mut table) => match table.remove(VALUE.trim_end_matches([' ', '='])) {
            Some(value) => return Ok((key, value)),
            None => "gives no value".to_owned(),
        },
        Err(_) if !is_meant_as_toml(value) => {
            return Ok((key, Value::String(value.to_owned())));
        }
        Err(error) => not_toml(value, &error),
    };
    Err(refuse(&reason))
}

const VALUE: &str = "value = ";

/// Returns true if a value looks like a TOML list, table, quoted string, number or date. Plain
/// words may begin with a digit, such as `2nd` or `2024/photos`.
fn is_meant_as_toml(value: &str) -> bool {
    let numeric = |it: char| it.is_ascii_digit() || "+-_.:eExoTZ ".contains(it);
    let begins = |it: char| it.is_ascii_digit() || "+-".contains(it);
    value.starts_with(['[', ']', '{', '}', '"', '\''])
        || value.starts_with(begins) && value.chars().all(numeric)
}

/// Error message for a value that looks like TOML but cannot be parsed.
fn not_toml(value: &str, error: &toml::de::Error) -> String {
    let at = error.span().map_or(0, |span| span.start.saturating_sub(VALUE.len()));
    let before = value.get(..at).unwrap_or(value).chars().count();
    let reason = plain(error.message());
    format!("the value is not valid TOML at character {}: {reason}", before + 1)
}

/// Splits a key at its dots and indices. An index is written as in messages, `arms[1].name`, or as
/// a number between dots, `arms.1.name`. The empty key has no steps.
pub(super) fn steps(key: &str) -> Vec<String> {
    let mut steps = Vec::new();
    for part in key.split('.').filter(|_| !key.is_empty()) {
        let (name, indices) = indexed(part).unwrap_or((part, ""));
        steps.push(name.to_owned());
        steps.extend(indices.split("][").filter(|index| !index.is_empty()).map(str::to_owned));
    }
    steps
}

/// Splits `name[1][2]` into `name` and `1][2`; `None` unless all indices are numbers.
fn indexed(part: &str) -> Option<(&str, &str)> {
    let (name, indices) = part.strip_suffix(']')?.split_once('[')?;
    let is_number =
        |index: &str| !index.is_empty() && index.bytes().all(|byte| byte.is_ascii_digit());
    (!name.is_empty() && indices.split("][").all(is_number)).then_some((name, indices))
}

/// Sets the value of a key, as in `training.steps`; a number, as in `arms[1].name` or
/// `arms.1.name`, selects an element of a list.
///
/// # Errors
/// [`ConfigError`] with the key if a part of the path is not a table or a list is too short.
pub fn set(table: &mut Table, key: &str, value: Value) -> Result<(), ConfigError> {
    let refuse = |reason: String| ConfigError::new(key, reason);
    let steps = steps(key);
    let (first, rest) = steps.split_first().ok_or_else(|| refuse("the key is empty".into()))?;
    let mut place = table.entry(first.as_str()).or_insert_with(|| Value::Table(Table::new()));
    let mut name = first;
    for step in rest {
        place = match place {
            Value::Table(table) => {
                table.entry(step.as_str()).or_insert_with(|| Value::Table(Table::new()))
            }
            Value::Array(list) => {
                let index: usize = step.parse().map_err(|_| {
                    refuse(format!("`{name}` is a list; give the index of an element"))
                })?;
                list.get_mut(index)
                    .ok_or_else(|| refuse(format!("`{name}` has no element {index}")))?
            }
            _ => return Err(refuse(format!("`{name}` is not a table"))),
        };
        name = step;
    }
    *place = value;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_with_dots_reaches_into_tables_and_lists() {
        let mut table: Table =
            toml::from_str("seeds = [0, 1]\n[a]\nb = 1\n[[list]]\nx = 1\n[[list]]\nx = 2").unwrap();
        for (assignment, expected) in [
            ("a.b=2.5", "2.5"),
            ("a.c=word", "\"word\""),
            ("list.1.x=[1, 2]", "[1, 2]"),
            ("list[0].x=3", "3"),
            ("seeds.1=7", "7"),
            ("seeds[0]=5", "5"),
            ("new.deep=true", "true"),
        ] {
            let (key, value) = parse_assignment(assignment).unwrap();
            assert_eq!(value.to_string(), expected);
            set(&mut table, &key, value).unwrap();
        }
        assert_eq!(table["a"]["b"].as_float(), Some(2.5));
        assert_eq!(table["list"][1]["x"].as_array().unwrap().len(), 2);
        assert_eq!(table["list"][0]["x"].as_integer(), Some(3));
        assert_eq!(table["seeds"][0].as_integer(), Some(5));
        assert_eq!(table["seeds"][1].as_integer(), Some(7));
        assert_eq!(table["new"]["deep"].as_bool(), Some(true));
    }

    #[test]
    fn indices_are_steps_of_a_key() {
        for (key, expected) in [
            ("name", &["name"][..]),
            ("", &[]),
            ("arms[1].pairing.share", &["arms", "1", "pairing", "share"]),
            ("arms.1.pairing", &["arms", "1", "pairing"]),
            ("a[1][20]", &["a", "1", "20"]),
            ("a[x].b", &["a[x]", "b"]),
            ("a[]", &["a[]"]),
            ("[[vary]]", &["[[vary]]"]),
        ] {
            assert_eq!(steps(key), expected, "{key}");
        }
    }

    #[test]
    fn a_path_that_cannot_be_set_is_named_in_the_error() {
        let mut table: Table = toml::from_str("[a]\nb = 1\n[[list]]\nx = 1").unwrap();
        for (key, reason) in [
            ("list.7.x", "`list` has no element 7"),
            ("list[7].x", "`list` has no element 7"),
            ("list.x", "`list` is a list"),
            ("a.b.c", "`b` is not a table"),
        ] {
            let message = set(&mut table, key, Value::Boolean(true)).unwrap_err().to_string();
            assert!(message.contains(reason), "{key}: {message}");
        }
        let message = parse_assignment("word").unwrap_err().to_string();
        assert!(message.starts_with("--set word: "), "{message}");
    }
}
