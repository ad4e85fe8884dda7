//! The `[[vary]]` tables of an experiment file.

use std::collections::BTreeSet;
use std::fmt::Display;

use sempairs_data::ConfigError;
use serde::Deserialize;
use toml::{Table, Value};

use super::source_text::line_of;
use super::{names, read_error};
use crate::Error;

/// The key of the tables of a grid in messages.
pub(super) const VARY: &str = "[[vary]]";

/// Maximum number of experiments that one file may describe.
const MAX_GRID: usize = 10_000;

/// Names with another meaning in the layout of a table.
const RESERVED: [&str; 2] = ["arms", "evaluation"];

/// An axis of a grid.
#[derive(Debug)]
pub(super) struct Axis {
    pub name: String,
    pub settings: Vec<Setting>,
}

/// One value of an axis: what it sets, and how it is named.
#[derive(Debug)]
pub(super) struct Setting {
    pub label: String,
    /// What is appended to the name of an experiment.
    pub suffix: String,
    /// The setting in messages.
    pub source: String,
    /// Its line in the file.
    pub line: Option<usize>,
    /// Keys with their values.
    pub set: Vec<(String, Value)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WithAxes {
    vary: Vec<Written>,
}

/// A `[[vary]]` table as it is written: a key with values, or cases.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    name: Option<String>,
    key: Option<String>,
    values: Option<Vec<Value>>,
    labels: Option<Vec<String>>,
    cases: Option<Vec<Case>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    label: String,
    #[serde(default)]
    set: Table,
}

/// Removes the `[[vary]]` tables from a file's table and returns them.
pub(super) fn take(table: &mut Table, text: &str, file: &str) -> Result<Vec<Axis>, Error> {
    let Some(vary) = table.remove("vary") else { return Ok(Vec::new()) };
    let place = Place { text, file };
    let read = read_error::read::<WithAxes>(Table::from_iter([("vary".to_owned(), vary)]), &[]);
    let written = read.map_err(|wrong| place.refuse(&wrong.steps(), wrong.error))?.vary;
    let lasts: Vec<String> = written.iter().map(Written::default_name).collect();
    let mut axes: Vec<Axis> = Vec::new();
    for (index, it) in written.into_iter().enumerate() {
        let is_alone = lasts.iter().filter(|last| **last == lasts[index]).count() == 1;
        let axis = place.axis(index, it, is_alone)?;
        if axes.iter().any(|other| other.name == axis.name) {
            let reason = format!("two axes are named `{}`; give one of them a `name`", axis.name);
            return Err(place.refuse(&at(index, &[]), reason));
        }
        axes.push(axis);
    }
    let size = axes.iter().map(|axis| axis.settings.len()).fold(1, usize::saturating_mul);
    if size > MAX_GRID {
        let reason = format!("describes {size} experiments, more than {MAX_GRID}");
        return Err(Error::config(file, ConfigError::new(VARY, reason)));
    }
    Ok(axes)
}

impl Written {
    /// The name of the axis, which is the last part of the key unless it is given.
    fn default_name(&self) -> String {
        let key = self.key.as_deref().unwrap_or_default();
        self.name.clone().unwrap_or_else(|| last(key).to_owned())
    }
}

fn last(key: &str) -> &str {
    key.rsplit('.').next().unwrap_or(key)
}

/// The steps of a key of a `[[vary]]` table.
fn at(index: usize, rest: &[&str]) -> Vec<String> {
    let steps = ["vary".to_owned(), index.to_string()].into_iter();
    steps.chain(rest.iter().map(|&step| step.to_owned())).collect()
}

/// The first name that occurs a second time.
pub(super) fn twice<'a>(names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let mut seen = BTreeSet::new();
    names.into_iter().find(|name| !seen.insert(*name))
}

/// The file of the tables, for messages.
struct Place<'a> {
    text: &'a str,
    file: &'a str,
}

impl Place<'_> {
    fn line(&self, steps: &[String]) -> Option<usize> {
        line_of(self.text, steps)
    }

    /// An error of the value at these steps.
    fn refuse(&self, steps: &[String], reason: impl Display) -> Error {
        let line = self.line(steps).map_or(String::new(), |line| format!("line {line}: "));
        Error::config(self.file, ConfigError::new(VARY, format!("{line}{reason}")))
    }

    /// Checks a table. `is_alone` is false if other tables have the same name by default.
    fn axis(&self, index: usize, written: Written, is_alone: bool) -> Result<Axis, Error> {
        let refuse = |rest: &[&str], reason: String| Err(self.refuse(&at(index, rest), reason));
        if let Some(name) = &written.name {
            names::title("name", name).map_err(|e| self.refuse(&at(index, &["name"]), e))?;
            if RESERVED.contains(&name.as_str()) {
                let reason = format!("`{name}` cannot be the name of an axis; it names the {name}");
                return refuse(&["name"], reason);
            }
        }
        let by_default = written.default_name();
        match written {
            Written { name, key: Some(key), values: Some(values), labels, cases: None } => {
                let name = match name {
                    None if !is_alone => key.clone(),
                    _ => by_default,
                };
                if values.is_empty() {
                    return refuse(&["values"], format!("`{key}` has no values"));
                }
                if let Some(labels) = &labels {
                    if labels.len() != values.len() {
                        let (there, wanted) = (labels.len(), values.len());
                        let reason = format!("`{key}` has {wanted} values, but {there} labels");
                        return refuse(&["labels"], reason);
                    }
                    self.check_labels(index, labels.iter().map(String::as_str), |number| {
                        vec!["labels".into(), number.to_string()]
                    })?;
                }
                let settings = values.into_iter().enumerate().map(|(number, value)| {
                    let label = labels.as_ref().map(|labels| labels[number].clone());
                    let suffix = suffix(&key, &name, label.as_deref(), &value);
                    let label = label.unwrap_or_else(|| match value.as_str() {
                        Some(text) => text.to_owned(),
                        None => value.to_string(),
                    });
                    let source = format!("{}, [[vary]] {key} = {value}", self.file);
                    let line = self.line(&at(index, &["values", &number.to_string()]));
                    Setting { label, suffix, source, line, set: vec![(key.clone(), value)] }
                });
                let settings = settings.collect();
                Ok(Axis { name, settings })
            }
            Written {
                name: Some(name),
                key: None,
                values: None,
                labels: None,
                cases: Some(cases),
            } => {
                if cases.is_empty() {
                    return refuse(&["cases"], format!("`{name}` has no cases"));
                }
                self.check_labels(index, cases.iter().map(|case| case.label.as_str()), |number| {
                    vec!["cases".into(), number.to_string(), "label".into()]
                })?;
                let settings =
                    cases.into_iter().enumerate().map(|(number, Case { label, set })| {
                        let source = format!("{}, [[vary]] {name} = {label:?}", self.file);
                        let line = self.line(&at(index, &["cases", &number.to_string()]));
                        let suffix = format!("-{}={}", in_folder(&name), in_folder(&label));
                        Setting { label, suffix, source, line, set: set.into_iter().collect() }
                    });
                let settings = settings.collect();
                Ok(Axis { name, settings })
            }
            Written { cases: Some(_), name: None, .. } => {
                refuse(&[], "`name` is missing: cases need the name of their axis".into())
            }
            Written { cases: Some(_), .. } => {
                let reason = "has `cases`, so it cannot have `key`, `values` or `labels`";
                refuse(&[], reason.into())
            }
            Written { key, values, .. } => {
                let missing = match (key, values) {
                    (None, None) => "`key` and `values`, or `name` and `cases`, are missing",
                    (None, Some(_)) => "`key` is missing: the key that the values are of",
                    (Some(_), _) => "`values` is missing: the values of the key",
                };
                refuse(&[], missing.into())
            }
        }
    }

    /// Checks that labels are names and differ; `steps` are those of a label within the table.
    fn check_labels<'l>(
        &self,
        index: usize,
        labels: impl Iterator<Item = &'l str>,
        steps: impl Fn(usize) -> Vec<String>,
    ) -> Result<(), Error> {
        let mut seen = BTreeSet::new();
        for (number, label) in labels.enumerate() {
            let place = || [at(index, &[]), steps(number)].concat();
            names::title("label", label).map_err(|error| self.refuse(&place(), error))?;
            if !seen.insert(label) {
                let reason = format!("two values are labelled `{label}`");
                return Err(self.refuse(&place(), reason));
            }
        }
        Ok(())
    }
}

/// What a value appends to the name of an experiment.
fn suffix(key: &str, name: &str, label: Option<&str>, value: &Value) -> String {
    // The axes of files without `name` keep their folders, even if two of them have the same one.
    let name = in_folder(if name == key { last(key) } else { name });
    match (key, label, value.as_str()) {
        ("preset", Some(label), _) => format!("-{}", in_folder(label)),
        ("preset", None, Some(preset)) => format!("-{}", preset.replace('/', "-")),
        (_, Some(label), _) => format!("-{name}={}", in_folder(label)),
        (_, None, _) => {
            let value = value.to_string().replace(['"', '/', '\\', ' '], "");
            format!("-{name}={value}")
        }
    }
}

/// A label as a part of the name of a folder.
fn in_folder(label: &str) -> String {
    let is_plain = |letter: char| !letter.is_whitespace() && !"/\\\"':*?<>|".contains(letter);
    label.chars().map(|letter| if is_plain(letter) { letter } else { '_' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axes(text: &str) -> Result<Vec<Axis>, Error> {
        take(&mut toml::from_str(text).unwrap(), text, "grid.toml")
    }

    fn refusal(text: &str) -> String {
        axes(text).unwrap_err().to_string()
    }

    fn suffixes(axis: &Axis) -> Vec<&str> {
        axis.settings.iter().map(|setting| setting.suffix.as_str()).collect()
    }

    fn labels(axis: &Axis) -> Vec<&str> {
        axis.settings.iter().map(|setting| setting.label.as_str()).collect()
    }

    #[test]
    fn values_without_labels_are_named_as_they_always_were() {
        let text = "[[vary]]\nkey = \"method.temperature\"\nvalues = [0.1, 0.2]\n\
                    [[vary]]\nkey = \"preset\"\nvalues = [\"small/byol\"]\n\
                    [[vary]]\nkey = \"a.size\"\nvalues = [[1, 2]]\n\
                    [[vary]]\nkey = \"b.size\"\nvalues = [\"x/y z\"]\n";
        let axes = axes(text).unwrap();
        assert_eq!(suffixes(&axes[0]), ["-temperature=0.1", "-temperature=0.2"]);
        assert_eq!((axes[0].name.as_str(), labels(&axes[0])), ("temperature", vec!["0.1", "0.2"]));
        assert_eq!(
            (suffixes(&axes[1]), labels(&axes[1])),
            (vec!["-small-byol"], vec!["small/byol"])
        );
        assert_eq!((suffixes(&axes[2]), axes[2].name.as_str()), (vec!["-size=[1,2]"], "a.size"));
        assert_eq!((suffixes(&axes[3]), axes[3].name.as_str()), (vec!["-size=xyz"], "b.size"));
    }

    #[test]
    fn labels_and_names_replace_values_and_keys() {
        let text = "[[vary]]\nname = \"length\"\nkey = \"training.epochs\"\nvalues = [1, 2]\n\
                    labels = [\"1 epoch\", \"2 epochs\"]\n\
                    [[vary]]\nname = \"without\"\ncases = [\n\
                    { label = \"nothing\" },\n\
                    { label = \"colour/blur\", set = { \"views.a\" = 1, b = { c = 2 } } },\n]\n";
        let axes = axes(text).unwrap();
        assert_eq!(suffixes(&axes[0]), ["-length=1_epoch", "-length=2_epochs"]);
        assert_eq!(labels(&axes[0]), ["1 epoch", "2 epochs"]);
        assert_eq!(suffixes(&axes[1]), ["-without=nothing", "-without=colour_blur"]);
        let [nothing, both] = &axes[1].settings[..] else { panic!("two cases") };
        assert!(nothing.set.is_empty());
        let mut keys: Vec<&str> = both.set.iter().map(|(key, _)| key.as_str()).collect();
        keys.sort_unstable();
        assert_eq!(keys, ["b", "views.a"]);
        assert_eq!((nothing.line, both.line), (Some(9), Some(10)));
        assert_eq!(both.source, "grid.toml, [[vary]] without = \"colour/blur\"");
    }

    #[test]
    fn wrong_tables_are_refused_with_their_line() {
        let vary = |rest: &str| refusal(&format!("# a comment\n[[vary]]\n{rest}"));
        for (rest, line, reason) in [
            ("key = \"a\"\nvalues = [1, 2]\nlabels = [\"x\"]", 5, "has 2 values, but 1 labels"),
            ("key = \"a\"\nvalues = [1, 2]\nlabels = [\"x\", \"x\"]", 5, "labelled `x`"),
            ("key = \"a\"\nvalues = [1]\nlabels = [\" \"]", 5, "is empty"),
            ("key = \"a\"\nvalues = []", 4, "`a` has no values"),
            ("key = \"a\"\nlabells = [1]", 4, "did you mean `labels`?"),
            ("name = \"arms\"\nkey = \"a\"\nvalues = [1]", 3, "cannot be the name of an axis"),
            ("name = \"a\"\ncases = []", 4, "`a` has no cases"),
            ("name = \"a\"\ncases = [\n{ label = \"x\", sett = {} },\n]", 5, "mean `set`?"),
            ("name = \"a\"\ncases = [\n{ label = \"x\" },\n{ label = \"x\" }]", 6, "`x`"),
        ] {
            let message = vary(rest);
            let place = format!("grid.toml: `[[vary]]`: line {line}: ");
            assert!(message.starts_with(&place) && message.contains(reason), "{message}");
        }
        for (rest, reason) in [
            ("name = \"a\"", "`key` and `values`, or `name` and `cases`, are missing"),
            ("key = \"a\"", "`values` is missing"),
            ("values = [1]", "`key` is missing"),
            ("cases = [{ label = \"x\" }]", "`name` is missing"),
            ("name = \"a\"\nkey = \"b\"\ncases = [{ label = \"x\" }]", "so it cannot have"),
        ] {
            let message = vary(rest);
            assert!(message.contains("`[[vary]]`: line ") && message.contains(reason), "{message}");
        }
        let two = "[[vary]]\nname = \"n\"\nkey = \"a\"\nvalues = [1]\n";
        let message = refusal(&format!("{two}{two}"));
        assert!(message.contains("two axes are named `n`"), "{message}");
        let many = "[[vary]]\nkey = \"KEY\"\nvalues = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]\n";
        let many: String = ["a", "b", "c", "d"].map(|key| many.replace("KEY", key)).concat();
        assert!(refusal(&many).contains("describes 14641 experiments"));
    }
}
