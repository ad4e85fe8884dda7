//! Recipes by name: the views, the network, the method and the training of a publication, which an
//! experiment may start from (`preset = "small/byol"`). Each is a file that says where its numbers
//! come from, compiled in.

use sempairs_backbone::{BackboneConfig, BackboneFactory};
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use crate::Error;
use crate::experiment::differences::{Difference, differences};
use crate::experiment::{MethodConfig, Objective, Training, Views};
use crate::study::Study;
use sempairs_internal::did_you_mean;

macro_rules! embedded {
    ($($family:literal: $($method:literal),+;)+) => {
        &[$($(Preset {
            name: concat!($family, "/", $method),
            text: include_str!(concat!("../presets/", $family, "/", $method, ".toml")),
        }),+),+]
    };
}

/// Every preset: the publications' constants in the setting of the study of semantic pairs
/// (`paper`), what works at the size of CIFAR in the literature (`small`), and what learns within
/// minutes on the built-in scenes (`scenes`).
pub const PRESETS: &[Preset] = embedded! {
    "paper": "simclr", "moco", "byol", "simsiam", "swav", "dino", "barlow_twins", "vicreg", "supcon", "dcl",
        "nnclr";
    "small": "simclr", "moco", "byol", "simsiam", "swav", "dino", "barlow_twins", "vicreg", "supcon", "dcl",
        "nnclr";
    "scenes": "simclr", "moco", "byol", "simsiam", "swav", "dino", "barlow_twins", "vicreg", "supcon", "dcl",
        "nnclr", "dino_vit";
};

/// A recipe by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preset {
    /// Its family and its method, such as `small/byol`.
    pub name: &'static str,
    /// Its file.
    pub text: &'static str,
}

/// What a preset says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// The augmentation.
    pub views: Views,
    /// The network.
    pub backbone: BackboneConfig,
    /// The objective.
    pub method: MethodConfig,
    /// How long, in what steps.
    pub training: Training,
}

impl Preset {
    /// The preset of a name.
    ///
    /// # Errors
    ///
    /// [`Error::Experiment`] with the nearest right name.
    pub fn named(name: &str) -> Result<&'static Self, Error> {
        find(name).map_err(|reason| Error::experiment("`preset`", reason))
    }

    /// What its first line says of it.
    pub fn title(&self) -> &'static str {
        self.text.lines().next().unwrap_or_default().trim_start_matches(['#', ' '])
    }

    /// What it says.
    ///
    /// # Panics
    ///
    /// If its file is no recipe, which a test rules out.
    pub fn recipe(&self) -> Recipe {
        toml::from_str(self.text).unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }
}

fn find(name: &str) -> Result<&'static Preset, String> {
    PRESETS.iter().find(|preset| preset.name == name).ok_or_else(|| {
        let near = did_you_mean(name, PRESETS.iter().map(|preset| preset.name));
        format!("there is no preset `{name}`; `sempairs presets list` names all{near}")
    })
}

/// Keys of a file, each with a key of the preset that it takes the place of: the two exclude each
/// other.
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

/// Keys whose value says what kind of thing a table is: where they differ, nothing of the preset's
/// table fits.
const KINDS: [&str; 2] = ["name", "kind"];

/// What a file and its preset say together: the file's keys where it has them, else the preset's. A
/// table of another kind (another optimiser, say) takes the place of the preset's as a whole.
pub(crate) fn merged(table: Table) -> Result<Table, String> {
    let Some(name) = table.get("preset") else { return Ok(table) };
    let name = name.as_str().ok_or("`preset`: must be a string, the name of a preset")?;
    let text = find(name).map_err(|reason| format!("`preset`: {reason}"))?.text;
    Ok(over(toml::from_str(text).expect("a preset is TOML"), table))
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
    /// Where the study departs from its preset, a line a key; `None` if it has no preset.
    pub fn difference(&self) -> Option<Vec<String>> {
        let recipe = find(self.preset.as_deref()?).ok()?.recipe();
        // By way of their texts, which have the digits that people write.
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
