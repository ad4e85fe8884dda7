//! Comparison of two TOML tables key by key.

use toml::{Table, Value};

/// A key with different values in two tables.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Difference {
    /// The full key, such as `arms[0].pairing.kind`.
    pub key: String,
    /// The value in the first table; `None` if it is not set.
    pub before: Option<String>,
    /// The value in the second table; `None` if it is not set.
    pub now: Option<String>,
}

/// Returns the keys with different values, sorted by key.
pub(crate) fn differences(before: &Table, now: &Table) -> Vec<Difference> {
    let [before, now] = [before, now].map(|table| {
        let mut values = Vec::new();
        flatten("", table, &mut values);
        values
    });
    let value = |values: &[(String, String)], key: &str| {
        values.iter().find(|(other, _)| other == key).map(|(_, value)| value.clone())
    };
    let mut keys: Vec<&String> = before.iter().chain(&now).map(|(key, _)| key).collect();
    keys.sort();
    keys.dedup();
    let difference = |key: &String| Difference {
        key: key.clone(),
        before: value(&before, key),
        now: value(&now, key),
    };
    keys.into_iter().map(difference).filter(|it| it.before != it.now).collect()
}

/// Collects the values of a table with their full keys, including those in lists of tables.
fn flatten(key: &str, table: &Table, into: &mut Vec<(String, String)>) {
    for (name, value) in table {
        let key = if key.is_empty() { name.clone() } else { format!("{key}.{name}") };
        match value {
            Value::Table(inner) => flatten(&key, inner, into),
            Value::Array(list) if list.iter().any(Value::is_table) => {
                for (index, item) in list.iter().enumerate() {
                    let key = format!("{key}[{index}]");
                    match item {
                        Value::Table(inner) => flatten(&key, inner, into),
                        other => into.push((key, other.to_string())),
                    }
                }
            }
            other => into.push((key, other.to_string())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_have_the_full_key_and_both_values() {
        let before = toml::from_str("a = 1\nsame = [1, 2]\n[[arms]]\nx.y = 'b'").unwrap();
        let now = toml::from_str("same = [1, 2]\nnew = true\n[[arms]]\nx.y = 'c'").unwrap();
        let text = |value: &str| Some(value.to_owned());
        let expected = [
            ("a", text("1"), None),
            ("arms[0].x.y", text("\"b\""), text("\"c\"")),
            ("new", None, text("true")),
        ];
        let expected =
            expected.map(|(key, before, now)| Difference { key: key.into(), before, now });
        assert_eq!(differences(&before, &now), expected);
    }
}
