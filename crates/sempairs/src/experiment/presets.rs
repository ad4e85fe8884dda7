//! Presets: named recipes with the views, network, method and training of a publication, as a
//! starting point of an experiment (`preset = "small/byol"`). Each preset is a TOML file that is
//! compiled in and cites the sources of its values.

use sempairs_backbone::{BackboneConfig, BackboneFactory};
use sempairs_data::ConfigError;
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use super::differences::{Difference, differences};
use super::study::{Study, Training};
use super::{MethodConfig, Objective, ViewsConfig};
use crate::Error;

macro_rules! embedded {
    ($($family:literal: $($method:literal),+;)+) => {
        &[$($(Preset {
            name: concat!($family, "/", $method),
            text: include_str!(concat!("../../presets/", $family, "/", $method, ".toml")),
        }),+),+]
    };
}

/// All presets: `paper` has the publications' hyperparameters in the setting of the semantic-pairs
/// paper, `small` has hyperparameters from the literature for pictures of the size of CIFAR, and
/// `scenes` has hyperparameters that train within minutes on the built-in scenes.
pub const PRESETS: &[Preset] = embedded! {
    "paper": "simclr", "moco", "byol", "simsiam", "swav", "dino", "barlow_twins", "vicreg",
        "supcon", "dcl", "nnclr";
    "small": "simclr", "moco", "byol", "simsiam", "swav", "dino", "barlow_twins", "vicreg",
        "supcon", "dcl", "nnclr";
    "scenes": "simclr", "moco", "byol", "simsiam", "swav", "dino", "barlow_twins", "vicreg",
        "supcon", "dcl", "nnclr", "dino_vit";
};

/// A named recipe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preset {
    /// Family and method, such as `small/byol`.
    pub name: &'static str,
    /// Contents of its TOML file.
    pub text: &'static str,
}

/// The settings of a preset.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// The augmentation.
    pub views: ViewsConfig,
    /// The backbone.
    pub backbone: BackboneConfig,
    /// The objective.
    pub method: MethodConfig,
    /// Number of steps, optimiser and learning rate.
    pub training: Training,
}

impl Preset {
    /// Finds a preset by name.
    ///
    /// # Errors
    /// [`Error::Config`] with the closest valid name.
    pub fn named(name: &str) -> Result<&'static Self, Error> {
        Ok(find(name)?)
    }

    /// The title of the preset: the comment in the first line of its file.
    pub fn title(&self) -> &'static str {
        self.text.lines().next().unwrap_or_default().trim_start_matches(['#', ' '])
    }

    /// Parses the preset.
    ///
    /// # Panics
    /// If its file is not a valid recipe, which is covered by a test.
    pub fn recipe(&self) -> Recipe {
        toml::from_str(self.text).unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }
}

fn find(name: &str) -> Result<&'static Preset, ConfigError> {
    PRESETS.iter().find(|preset| preset.name == name).ok_or_else(|| {
        let reason =
            format!("there is no preset `{name}`; `sempairs presets list` lists all presets");
        let known = PRESETS.iter().map(|preset| preset.name);
        ConfigError::new("preset", reason).with_nearest(name, known)
    })
}

/// Mutually exclusive keys: a key in a file, and the key of the preset that it replaces.
const INSTEAD: [(&str, &str); 9] = [
    ("steps", "epochs"),
    ("epochs", "steps"),
    ("warmup_steps", "warmup_epochs"),
    ("warmup_epochs", "warmup_steps"),
    ("left", "preset"),
    ("left", "without"),
    ("preset", "left"),
    ("preset", "right"),
    ("preset", "normalize"),
];

/// Keys that determine the type of a table. If their values differ, no key of the preset's table is
/// merged.
const KINDS: [&str; 2] = ["name", "kind"];

/// Merges a file with its preset: keys of the file take precedence. A table of another type, such
/// as another optimiser, replaces the preset's table as a whole.
pub(crate) fn merged(table: Table) -> Result<Table, ConfigError> {
    let Some(name) = table.get("preset") else { return Ok(table) };
    let name = name
        .as_str()
        .ok_or_else(|| ConfigError::new("preset", "must be a string, the name of a preset"))?;
    let text = find(name)?.text;
    Ok(over(toml::from_str(text).expect("a preset is TOML"), table))
}

/// Copies the list of the preset whose element a key selects, as in `views.left[0].area`, into the
/// table of a file without that list. An assignment changes the table before it is merged with the
/// preset, so it would not find the element otherwise. `steps` are those of the key.
pub(super) fn copy_list(table: &mut Table, steps: &[String]) {
    let is_index = |step: &String| step.bytes().all(|byte| byte.is_ascii_digit());
    let Some(at @ 1..) = steps.iter().position(is_index) else { return };
    let path = &steps[..at];
    if place(table, path).is_some() {
        return;
    }
    // A preset that does not exist is an error of building the experiment.
    let Ok(whole) = merged(table.clone()) else { return };
    let Some(list) = place(&whole, path).filter(|value| value.is_array()) else { return };
    let (last, outer) = path.split_last().expect("the index has a key before it");
    let mut inner = table;
    for step in outer {
        let next = inner.entry(step.as_str()).or_insert_with(|| Value::Table(Table::new()));
        let Value::Table(next) = next else { return };
        inner = next;
    }
    inner.insert(last.clone(), list.clone());
}

/// The value of a key with these steps, all of which are names.
fn place<'a>(table: &'a Table, path: &[String]) -> Option<&'a Value> {
    let (first, rest) = path.split_first()?;
    rest.iter().try_fold(table.get(first)?, |value, step| value.as_table()?.get(step))
}

fn over(mut base: Table, table: Table) -> Table {
    for (_, other) in INSTEAD.iter().filter(|(key, _)| table.contains_key(*key)) {
        base.remove(*other);
    }
    for (key, value) in table {
        let value = match (base.remove(&key), value) {
            (Some(Value::Table(old)), Value::Table(new)) if same_kind(&old, &new) => {
                Value::Table(over(old, new))
            }
            (_, new) => new,
        };
        base.insert(key, value);
    }
    base
}

fn same_kind(old: &Table, new: &Table) -> bool {
    KINDS.iter().all(|kind| new.get(*kind).is_none_or(|value| old.get(*kind) == Some(value)))
}

impl<M: Objective, B: BackboneFactory> Study<M, B> {
    /// The settings that differ from the study's preset, one line per key; `None` if it has no
    /// preset.
    pub fn difference(&self) -> Option<Vec<String>> {
        let recipe = find(self.preset.as_deref()?).ok()?.recipe();
        // Compared after a round trip through TOML, which yields the shortest decimal digits.
        let theirs: Table = toml::from_str(&toml::to_string(&recipe).ok()?).ok()?;
        let mut ours: Table = toml::from_str(&self.to_toml()).ok()?;
        ours.retain(|key, _| theirs.contains_key(key));
        let line = |Difference { key, before, now }: Difference| match (now, before) {
            (Some(ours), Some(theirs)) => format!("{key} = {ours} instead of {theirs}"),
            (Some(ours), None) => format!("{key} = {ours}, which the preset does not set"),
            (None, theirs) => {
                let theirs = theirs.unwrap_or_default();
                format!("{key} is not set, where the preset has {theirs}")
            }
        };
        Some(differences(&theirs, &ours).into_iter().map(line).collect())
    }
}
