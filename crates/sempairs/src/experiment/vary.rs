use toml::{Table, Value};

use super::Experiment;
use crate::Error;
use crate::suggest::explain;

/// The experiments that a text describes. Each `[[vary]]` table has a `key`, with dots, and a list of
/// `values`; the experiments are their product, and each gets a name that says which it is.
///
/// ```toml
/// [[vary]]
/// key = "method.temperature"
/// values = [0.1, 0.2, 0.5]
/// ```
///
/// # Errors
///
/// [`Error::Experiment`].
pub fn read_grid(text: &str, file: &str, overrides: &[String]) -> Result<Vec<Experiment>, Error> {
    // Without a grid the text itself is parsed, so that an error has its line.
    let mut table: Table =
        toml::from_str(text).map_err(|e| Error::experiment(file, explain(&e.to_string())))?;
    let vary = table.remove("vary");
    if vary.is_none() && overrides.is_empty() {
        return Experiment::parse(text, file).map(|experiment| vec![experiment]);
    }
    for assignment in overrides {
        let (key, value) = parse_assignment(assignment)?;
        set(&mut table, &key, value).map_err(|reason| Error::experiment(assignment, reason))?;
    }
    let mut grid = vec![(table, String::new())];
    for (key, values) in vary.map_or(Ok(Vec::new()), |vary| axes(vary, file))? {
        let mut next = Vec::new();
        for (table, suffix) in &grid {
            for value in &values {
                let mut table = table.clone();
                set(&mut table, &key, value.clone())
                    .map_err(|reason| Error::experiment(file, format!("`vary`: {reason}")))?;
                let last = key.rsplit('.').next().unwrap_or(&key);
                let value = value.to_string().replace(['"', '/', '\\', ' '], "");
                next.push((table, format!("{suffix}-{last}={value}")));
            }
        }
        grid = next;
    }
    let mut seen = std::collections::BTreeSet::new();
    if let Some((_, twice)) = grid.iter().find(|(_, suffix)| !seen.insert(suffix)) {
        return Err(Error::experiment(
            file,
            format!("`vary`: two experiments are called `{twice}`"),
        ));
    }
    grid.into_iter()
        .map(|(mut table, suffix)| {
            if let Some(Value::String(name)) = table.get_mut("name") {
                name.push_str(&suffix);
            }
            let experiment: Experiment = table
                .try_into()
                .map_err(|e: toml::de::Error| Error::experiment(file, explain(&e.to_string())))?;
            experiment.check(file)?;
            Ok(experiment)
        })
        .collect()
}

fn axes(vary: Value, file: &str) -> Result<Vec<(String, Vec<Value>)>, Error> {
    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Axis {
        key: String,
        values: Vec<Value>,
    }
    let axes: Vec<Axis> = vary.try_into().map_err(|e: toml::de::Error| {
        Error::experiment(file, format!("`vary`: {}", explain(&e.to_string())))
    })?;
    axes.into_iter()
        .map(|axis| match axis.values.is_empty() {
            true => Err(Error::experiment(file, format!("`vary`: `{}` has no values", axis.key))),
            false => Ok((axis.key, axis.values)),
        })
        .collect()
}

/// Takes `key=value` apart; the value is read as TOML, or as a string if it is none.
///
/// # Errors
///
/// [`Error::Experiment`] if there is no `=`.
pub fn parse_assignment(assignment: &str) -> Result<(String, Value), Error> {
    let (key, value) = assignment
        .split_once('=')
        .ok_or_else(|| Error::experiment(assignment, "is not of the form key=value"))?;
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
    let (path, last) = match key.rsplit_once('.') {
        Some((path, last)) => (path.split('.').collect(), last),
        None => (Vec::new(), key),
    };
    let mut place = table;
    let mut path = path.into_iter().peekable();
    while let Some(step) = path.next() {
        let mut value = place.entry(step).or_insert_with(|| Value::Table(Table::new()));
        while let Value::Array(list) = value {
            let index: usize = path
                .next()
                .and_then(|index| index.parse().ok())
                .ok_or_else(|| format!("`{key}`: `{step}` is a list; say which element"))?;
            value = list
                .get_mut(index)
                .ok_or_else(|| format!("`{key}`: `{step}` has no element {index}"))?;
        }
        place = value.as_table_mut().ok_or_else(|| format!("`{key}`: `{step}` is no table"))?;
    }
    place.insert(last.to_owned(), value);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_with_dots_reaches_into_tables_and_lists() {
        let mut table: Table =
            toml::from_str("[a]\nb = 1\n[[list]]\nx = 1\n[[list]]\nx = 2").unwrap();
        for (assignment, expected) in [
            ("a.b=2.5", "2.5"),
            ("a.c=word", "\"word\""),
            ("list.1.x=[1, 2]", "[1, 2]"),
            ("new.deep=true", "true"),
        ] {
            let (key, value) = parse_assignment(assignment).unwrap();
            assert_eq!(value.to_string(), expected);
            set(&mut table, &key, value).unwrap();
        }
        assert_eq!(table["a"]["b"].as_float(), Some(2.5));
        assert_eq!(table["list"][1]["x"].as_array().unwrap().len(), 2);
        assert_eq!(table["new"]["deep"].as_bool(), Some(true));
        assert!(set(&mut table, "list.7.x", Value::Boolean(true)).is_err());
        assert!(set(&mut table, "a.b.c", Value::Boolean(true)).is_err());
        assert!(parse_assignment("word").is_err());
    }
}
