use toml::{Table, Value};

use crate::Error;

/// Takes `key=value` apart; the value is read as TOML, or as a string if it is none.
///
/// # Errors
///
/// [`Error::Experiment`] if there is no `=`.
pub fn parse_assignment(assignment: &str) -> Result<(String, Value), Error> {
    let (key, value) = assignment.split_once('=').ok_or_else(|| {
        Error::experiment(format!("--set {assignment}"), "is not of the form key=value")
    })?;
    let parsed = toml::from_str::<Table>(&format!("value = {value}"))
        .ok()
        .and_then(|mut table| table.remove("value"))
        .unwrap_or_else(|| Value::String(value.to_owned()));
    Ok((key.trim().to_owned(), parsed))
}

/// Sets the value of a key with dots; a number addresses an element of a list.
///
/// # Errors
///
/// The reason, if something on the way is no table or the list is too short.
pub fn set(table: &mut Table, key: &str, value: Value) -> Result<(), String> {
    let (first, rest) = match key.split_once('.') {
        Some((first, rest)) => (first, Some(rest)),
        None => (key, None),
    };
    let mut place = table.entry(first).or_insert_with(|| Value::Table(Table::new()));
    let mut name = first;
    for step in rest.into_iter().flat_map(|rest| rest.split('.')) {
        place = match place {
            Value::Table(table) => table.entry(step).or_insert_with(|| Value::Table(Table::new())),
            Value::Array(list) => {
                let index: usize = step
                    .parse()
                    .map_err(|_| format!("`{key}`: `{name}` is a list; say which element"))?;
                list.get_mut(index)
                    .ok_or_else(|| format!("`{key}`: `{name}` has no element {index}"))?
            }
            _ => return Err(format!("`{key}`: `{name}` is no table")),
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
            ("seeds.1=7", "7"),
            ("new.deep=true", "true"),
        ] {
            let (key, value) = parse_assignment(assignment).unwrap();
            assert_eq!(value.to_string(), expected);
            set(&mut table, &key, value).unwrap();
        }
        assert_eq!(table["a"]["b"].as_float(), Some(2.5));
        assert_eq!(table["list"][1]["x"].as_array().unwrap().len(), 2);
        assert_eq!(table["seeds"][1].as_integer(), Some(7));
        assert_eq!(table["new"]["deep"].as_bool(), Some(true));
    }

    #[test]
    fn what_is_on_the_way_is_named_if_nothing_can_be_set_in_it() {
        let mut table: Table = toml::from_str("[a]\nb = 1\n[[list]]\nx = 1").unwrap();
        for (key, reason) in [
            ("list.7.x", "`list` has no element 7"),
            ("list.x", "`list` is a list"),
            ("a.b.c", "`b` is no table"),
        ] {
            let message = set(&mut table, key, Value::Boolean(true)).unwrap_err();
            assert!(message.contains(reason), "{key}: {message}");
        }
        let message = parse_assignment("word").unwrap_err().to_string();
        assert!(message.starts_with("--set word: "), "{message}");
    }
}
