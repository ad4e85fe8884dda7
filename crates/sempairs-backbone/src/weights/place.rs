//! Locations of a module's tensors in a file: their prefix and their naming scheme.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::file::Entry;
use super::first_word::first_word;

/// The tensors of a file, by name.
pub(super) type Entries = BTreeMap<String, Entry>;

/// An index for each of a residual network's fields.
type Numbers = [u8; 6];

/// The fields of a residual network.
const RESIDUAL: [&str; 6] = ["conv1", "bn1", "layer1", "layer2", "layer3", "layer4"];

/// Indices of these fields among the children of torchvision's ResNet, which has a ReLU and a
/// pooling layer after `bn1`; of the same ResNet without pooling, for small images; and of
/// lightly's ResNet for CIFAR, which has neither.
const NUMBERINGS: [Numbers; 3] = [[0, 1, 4, 5, 6, 7], [0, 1, 3, 4, 5, 6], [0, 1, 2, 3, 4, 5]];

/// The tensors that a module needs.
pub(super) struct Wanted {
    /// Names and shapes (as in PyTorch), in the order of the module's fields.
    pub(super) tensors: Vec<(String, Vec<usize>)>,
    /// The module's fields in order, that is, the first words of the names.
    fields: Vec<String>,
}

/// A possible location of a module in a file: the prefix and the naming scheme.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// The prefix, empty or with a trailing dot.
    pub(super) prefix: String,
    /// Indices that replace the names of the fields, as in `nn.Sequential(*network.children())`.
    numbers: Option<Numbers>,
    /// Whether the projection shortcut of a residual block is named `shortcut`, as in the ResNets
    /// for CIFAR of kuangliu and lightly, instead of `downsample` as in torchvision.
    shortcut: bool,
}

/// Number of a module's tensors found at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Hits {
    /// Tensors with the right name, shape and dtype.
    pub(super) fitting: usize,
    /// Tensors with the right name.
    pub(super) named: usize,
}

impl Wanted {
    pub(super) fn new(tensors: Vec<(String, Vec<usize>)>) -> Self {
        let mut fields: Vec<String> = Vec::new();
        for (name, _) in &tensors {
            let field = first_word(name);
            if fields.last().is_none_or(|last| last != field) {
                fields.push(field.to_owned());
            }
        }
        Self { tensors, fields }
    }

    /// All places of a file where any of the module's tensors may be, in alphabetical order.
    pub(super) fn places(&self, entries: &Entries) -> Vec<Place> {
        let numbered = if self.fields == RESIDUAL { numbered(entries) } else { BTreeSet::new() };
        let projects = self.tensors.iter().any(|(name, _)| name.contains(".downsample."));
        let mut places = BTreeSet::new();
        for shortcut in [false, true] {
            if shortcut && !projects {
                break;
            }
            for (name, _) in &self.tensors {
                let name = spelt(name, shortcut);
                let before = entries.keys().filter_map(|found| found.strip_suffix(&name));
                let prefixes = before.filter(|prefix| prefix.is_empty() || prefix.ends_with('.'));
                places.extend(prefixes.map(|prefix| Place::named(prefix, shortcut)));
            }
            for prefix in &numbered {
                places.extend(NUMBERINGS.map(|numbers| {
                    let (prefix, numbers) = ((*prefix).to_owned(), Some(numbers));
                    Place { prefix, numbers, shortcut }
                }));
            }
        }
        places.into_iter().collect()
    }

    /// Counts the module's tensors at a place.
    pub(super) fn hits(&self, entries: &Entries, place: &Place) -> Hits {
        let mut hits = Hits { fitting: 0, named: 0 };
        for (name, shape) in &self.tensors {
            if let Some(entry) = entries.get(&self.name_at(place, name)) {
                hits.named += 1;
                hits.fitting += usize::from(entry.shape == *shape && entry.dtype.is_ok());
            }
        }
        hits
    }

    /// Returns true if the whole module was found.
    pub(super) fn is_complete(&self, hits: Hits) -> bool {
        hits.fitting == self.tensors.len()
    }

    /// The place with the largest part of the module; among equals, the one with torchvision's
    /// names.
    pub(super) fn best<'a>(
        &self,
        entries: &Entries,
        places: impl Iterator<Item = &'a Place>,
    ) -> Option<(&'a Place, Hits)> {
        let measured = places.map(|place| (place, self.hits(entries, place)));
        measured.max_by_key(|(place, hits)| (*hits, Reverse(place.is_renamed())))
    }

    /// Name in the file of one of the module's tensors.
    pub(super) fn name_at(&self, place: &Place, name: &str) -> String {
        let Place { prefix, numbers, shortcut } = place;
        let name = spelt(name, *shortcut);
        let number = numbers.as_ref().and_then(|numbers| {
            let field = RESIDUAL.iter().position(|field| *field == first_word(&name))?;
            Some(numbers[field])
        });
        match number {
            Some(number) => format!("{prefix}{number}{}", &name[first_word(&name).len()..]),
            None => format!("{prefix}{name}"),
        }
    }

    /// Names of the module's fields at a place, without the prefix.
    pub(super) fn fields_at(&self, place: &Place) -> HashSet<String> {
        match &place.numbers {
            Some(numbers) => numbers.iter().map(u8::to_string).collect(),
            None => self.fields.iter().cloned().collect(),
        }
    }
}

impl Place {
    /// The place with the given prefix and the module's own names.
    pub(super) fn own(prefix: &str) -> Self {
        Self::named(prefix, false)
    }

    fn named(prefix: &str, shortcut: bool) -> Self {
        Self { prefix: prefix.to_owned(), numbers: None, shortcut }
    }

    /// Returns true if tensors have other names than in the module.
    pub(super) fn is_renamed(&self) -> bool {
        self.shortcut || self.numbers.is_some()
    }
}

fn spelt(name: &str, shortcut: bool) -> String {
    if shortcut { name.replace(".downsample.", ".shortcut.") } else { name.to_owned() }
}

/// The parts of all names before a word that is a number.
fn numbered(entries: &Entries) -> BTreeSet<&str> {
    let mut found = BTreeSet::new();
    for name in entries.keys() {
        let mut start = 0;
        while let Some(length) = name[start..].find('.') {
            if name[start..start + length].bytes().all(|byte| byte.is_ascii_digit()) {
                found.insert(&name[..start]);
            }
            start += length + 1;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use burn::tensor::DType;

    use super::*;

    fn wanted(names: &[&str]) -> Wanted {
        Wanted::new(names.iter().map(|name| ((*name).to_owned(), vec![1])).collect())
    }

    fn entries(names: &[&str]) -> Entries {
        let entry = || Entry { shape: vec![1], dtype: Ok(DType::F32) };
        names.iter().map(|name| ((*name).to_owned(), entry())).collect()
    }

    #[test]
    fn indices_replace_the_fields_of_a_residual_network() {
        let layers = RESIDUAL.map(|field| format!("{field}.weight"));
        let names: Vec<&str> = layers.iter().map(String::as_str).collect();
        let wanted = wanted(&[&names[..], &["layer4.0.downsample.0.weight"]].concat());
        for (numbers, projection) in
            NUMBERINGS.into_iter().zip(["downsample", "downsample", "shortcut"])
        {
            let last = format!("e.{}.0.{projection}.0.weight", numbers[5]);
            let mut file: Vec<String> = numbers.map(|number| format!("e.{number}.weight")).into();
            file.extend([last.clone(), "e.9.weight".into()]);
            let file = entries(&file.iter().map(String::as_str).collect::<Vec<_>>());
            let places = wanted.places(&file);
            let (place, hits) = wanted.best(&file, places.iter()).unwrap();
            assert!(wanted.is_complete(hits) && place.prefix == "e.");
            assert_eq!(wanted.name_at(place, "layer4.0.downsample.0.weight"), last);
            assert_eq!(wanted.fields_at(place), numbers.map(|n| n.to_string()).into());
        }
    }

    #[test]
    fn a_prefix_ends_with_a_dot_and_the_own_names_are_preferred() {
        let wanted = wanted(&["conv1.weight", "bn1.weight"]);
        let file = entries(&["a.conv1.weight", "a.bn1.weight", "xconv1.weight", "1.weight"]);
        let prefixes: Vec<String> =
            wanted.places(&file).into_iter().map(|place| place.prefix).collect();
        assert_eq!(prefixes, ["a."]);
        assert_eq!(wanted.name_at(&Place::own("b."), "bn1.weight"), "b.bn1.weight");
    }
}
