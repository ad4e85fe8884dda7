//! Translation of serde's messages into TOML's terms: tables, lists, strings and numbers.

use sempairs_data::ConfigError;
use sempairs_internal::join_limited;
use toml::Value;

/// Maximum number of names in a message; further ones are only counted.
const LISTED: usize = 20;

/// A message of a deserialiser, split into its parts.
pub(super) enum Said<'a> {
    /// An unknown key; the rest of the message lists the known ones.
    UnknownKey { name: &'a str, rest: &'a str },
    /// A required key is missing.
    MissingKey { name: &'a str },
    /// A value of the wrong type; the rest of the message has the expected type.
    Value { found: &'a str, rest: &'a str },
    /// Any other message, such as one of our own code.
    Other { reason: &'a str },
}

/// Beginnings of the messages about values.
const OF_VALUES: [&str; 4] =
    ["invalid type: ", "invalid value: ", "invalid length ", "unknown variant "];

impl<'a> Said<'a> {
    pub fn of(said: &'a str) -> Self {
        let quoted = |after: &str| said.strip_prefix(after)?.split_once('`');
        if let Some((name, rest)) = quoted("unknown field `") {
            return Self::UnknownKey { name, rest };
        }
        if let Some((name, _)) = quoted("missing field `") {
            return Self::MissingKey { name };
        }
        if OF_VALUES.iter().any(|start| said.starts_with(start)) {
            // A quoted string may contain these words, so the last occurrence counts.
            let at = said.rfind(", expected ").or_else(|| said.rfind(", there are no "));
            let (found, rest) = said.split_at(at.unwrap_or(said.len()));
            return Self::Value { found, rest };
        }
        Self::Other { reason: said }
    }

    pub fn unknown_key(&self) -> Option<&'a str> {
        match self {
            Self::UnknownKey { name, .. } => Some(name),
            _ => None,
        }
    }

    /// The error in plain words, without a key; `further` are valid keys in addition to the listed
    /// ones.
    pub fn in_words(&self, further: &[&str]) -> ConfigError {
        let plain = |reason: String| ConfigError::new("", reason);
        match self {
            Self::UnknownKey { name, rest } => {
                let known = quoted_in(rest);
                if known.is_empty() {
                    return plain(format!("there is no key `{name}` here"));
                }
                let right = known.iter().chain(further).copied().filter(|right| right != name);
                plain(format!("there is no key `{name}`, only {}", listed(&known)))
                    .with_nearest(name, right)
            }
            Self::MissingKey { name } => plain(format!("the key `{name}` is missing")),
            Self::Value { found, rest } => {
                if let Some(variant) = found.strip_prefix("unknown variant `") {
                    let (name, known) = (variant.trim_end_matches('`'), quoted_in(rest));
                    let reason = format!("is \"{name}\", but must be one of {}", listed(&known));
                    return plain(reason).with_nearest(name, known.iter().copied());
                }
                let wanted = wanted_in_words(rest.trim_start_matches(", expected "));
                plain(match is_hidden(found) {
                    true => format!("must be {wanted}"),
                    false => format!("is {}, but must be {wanted}", found_in_words(found)),
                })
            }
            Self::Other { reason } if reason.starts_with("data did not match any variant") => {
                plain("has none of the known forms".into())
            }
            Self::Other { reason } if reason.starts_with("wanted exactly 1 element") => {
                plain("is a table, but must be a string".into())
            }
            Self::Other { reason } => plain((*reason).to_owned()),
        }
    }
}

/// Returns true if a value matches the one that a message has found.
pub(super) fn shown(value: &Value, found: &str) -> bool {
    if let Some(variant) = found.strip_prefix("unknown variant `") {
        return value.as_str() == Some(variant.trim_end_matches('`'));
    }
    if let Some(length) = found.strip_prefix("invalid length ") {
        return value.as_array().is_some_and(|list| list.len().to_string() == length);
    }
    if is_hidden(found) {
        return !value.is_str();
    }
    let found = found.trim_start_matches("invalid type: ").trim_start_matches("invalid value: ");
    match value {
        Value::String(text) => found == format!("string {text:?}"),
        Value::Integer(number) => found == format!("integer `{number}`"),
        // The message may show fewer digits.
        Value::Float(_) => found.starts_with("floating point `"),
        Value::Boolean(it) => found == format!("boolean `{it}`"),
        Value::Array(_) => found == "sequence",
        Value::Table(_) | Value::Datetime(_) => found == "map",
    }
}

/// Returns true if a message has found the replacement `mark` where another has found a value.
pub(super) fn is_marked(said: &str, mark: &Value, [before, wanted]: [&str; 2]) -> bool {
    let Said::Value { found, rest } = Said::of(said) else { return false };
    // For a list that is too long the message asks for fewer elements; for a value that is not a
    // list it states the expected length.
    let is_list =
        before.starts_with("invalid length ") && rest.starts_with(", expected an array of");
    shown(mark, found) && (rest == wanted || is_list)
}

/// Returns true if a message does not contain the value, which is the case where an enum variant is
/// expected.
fn is_hidden(found: &str) -> bool {
    found.ends_with(": unit variant")
}

fn found_in_words(found: &str) -> String {
    if let Some(length) = found.strip_prefix("invalid length ") {
        return format!("a list of {length}");
    }
    let found = found.trim_start_matches("invalid type: ").trim_start_matches("invalid value: ");
    match found.split_once(' ') {
        Some(("string", text)) => format!("the string {text}"),
        Some(("integer" | "boolean", value)) => value.trim_matches('`').into(),
        Some(("floating", value)) => value.trim_start_matches("point ").trim_matches('`').into(),
        _ if found == "map" => "a table".into(),
        _ if found == "sequence" => "a list".into(),
        _ => found.into(),
    }
}

fn wanted_in_words(wanted: &str) -> String {
    let length = wanted.strip_prefix("an array of length ");
    let length = length.or(wanted.strip_suffix(" elements in sequence"));
    if let Some(length) = length.or(wanted.strip_suffix(" element in sequence")) {
        return format!("a list of {length}");
    }
    match wanted {
        "fewer elements in array" => "a shorter one".into(),
        "u8" => "a whole number from 0 to 255".into(),
        "u16" | "u32" | "u64" | "usize" => "a whole number of at least 0".into(),
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number".into(),
        "f32" | "f64" => "a number".into(),
        "a boolean" => "true or false".into(),
        "a string"
        | "string"
        | "path string"
        | "string only"
        | "string or map"
        | "variant identifier"
        | "wanted string or table" => "a string".into(),
        "a sequence" | "sequence" => "a list".into(),
        "a map" | "map" => "a table".into(),
        // Names of Rust types, such as `struct ...` and `internally tagged enum ...`.
        other if ["struct ", "enum ", "variant ", "tuple "].iter().any(|it| other.contains(it)) => {
            "a table".into()
        }
        other => other.into(),
    }
}

/// The names in backquotes at the end of a message.
fn quoted_in(rest: &str) -> Vec<&str> {
    rest.split('`').skip(1).step_by(2).collect()
}

fn listed(names: &[&str]) -> String {
    join_limited(names.iter().map(|name| format!("`{name}`")), ", ", LISTED)
}
