//! Where in a file a module's tensors stand, and how they are called there.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::file::Entry;

/// The tensors a file has, by name.
pub(super) type Entries = BTreeMap<String, Entry>;

/// The tensors that a module wants.
pub(super) struct Wanted {
    /// Names and PyTorch shapes in the order of the module's fields.
    pub(super) tensors: Vec<(String, Vec<usize>)>,
    /// The module's own fields in their order, the first words of these names.
    fields: Vec<String>,
}

/// A place in a file: what stands before a module's names, and how these are spelt there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// Empty, or up to and including a dot.
    pub(super) prefix: String,
    /// In `nn.Sequential(*network.children())` the fields have numbers in place of names; these, in the
    /// order of the module's fields.
    numbers: Option<Vec<u64>>,
    /// Whether the projection of a residual block's input is called `shortcut`, as in the ResNets for
    /// CIFAR of kuangliu and lightly, and not `downsample` as in torchvision's.
    shortcut: bool,
}

/// How much of a module is found at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Hits {
    /// Tensors of the right name and shape.
    pub(super) fitting: usize,
    /// Tensors of the right name.
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

    /// Whether the module's own fields are modules, which a `Sequential` may number.
    fn is_nested(&self) -> bool {
        self.fields.len() > 1 && self.tensors.iter().all(|(name, _)| name.contains('.'))
    }

    /// All places of a file where some tensor of the module may stand, in the order of the alphabet.
    pub(super) fn places(&self, entries: &Entries) -> Vec<Place> {
        let numbered = if self.is_nested() { numbered(entries) } else { BTreeMap::new() };
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
            for (prefix, numbers) in &numbered {
                if numbers.len() >= self.fields.len() {
                    let numbers = numbers.iter().copied().take(self.fields.len()).collect();
                    let prefix = prefix.clone();
                    places.insert(Place { prefix, numbers: Some(numbers), shortcut });
                }
            }
        }
        places.into_iter().collect()
    }

    /// How much of the module stands at a place.
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

    /// Whether all of the module stands at a place.
    pub(super) fn is_complete(&self, hits: Hits) -> bool {
        hits.fitting == self.tensors.len()
    }

    /// The best of some places: the one with most of the module, of equals the one with torchvision's names.
    pub(super) fn best<'a>(
        &self,
        entries: &Entries,
        places: impl Iterator<Item = &'a Place>,
    ) -> Option<(&'a Place, Hits)> {
        let measured = places.map(|place| (place, self.hits(entries, place)));
        measured.max_by_key(|(place, hits)| (*hits, Reverse(place.is_renamed())))
    }

    /// What a file calls one of the module's tensors.
    pub(super) fn name_at(&self, place: &Place, name: &str) -> String {
        let Place { prefix, numbers, shortcut } = place;
        let name = spelt(name, *shortcut);
        let number = numbers.as_ref().and_then(|numbers| {
            let field = self.fields.iter().position(|field| field == first_word(&name))?;
            Some(numbers[field])
        });
        match number {
            Some(number) => format!("{prefix}{number}{}", &name[first_word(&name).len()..]),
            None => format!("{prefix}{name}"),
        }
    }

    /// The names that the module's own fields have at a place, without the prefix.
    pub(super) fn fields_at(&self, place: &Place) -> HashSet<String> {
        match &place.numbers {
            Some(numbers) => numbers.iter().map(u64::to_string).collect(),
            None => self.fields.iter().cloned().collect(),
        }
    }
}

impl Place {
    /// The place behind a prefix where tensors have the module's own names.
    pub(super) fn own(prefix: &str) -> Self {
        Self::named(prefix, false)
    }

    fn named(prefix: &str, shortcut: bool) -> Self {
        Self { prefix: prefix.to_owned(), numbers: None, shortcut }
    }

    /// Whether tensors have other names than the module's.
    fn is_renamed(&self) -> bool {
        self.shortcut || self.numbers.is_some()
    }
}

/// What stands before a name's first dot.
pub(super) fn first_word(name: &str) -> &str {
    name.split('.').next().unwrap_or_default()
}

fn spelt(name: &str, shortcut: bool) -> String {
    if shortcut { name.replace(".downsample.", ".shortcut.") } else { name.to_owned() }
}

/// The numbers that stand behind each prefix.
fn numbered(entries: &Entries) -> BTreeMap<String, BTreeSet<u64>> {
    let mut found: BTreeMap<String, BTreeSet<u64>> = BTreeMap::new();
    for name in entries.keys() {
        let mut start = 0;
        // The last word is a tensor's name and not a module's.
        while let Some(length) = name[start..].find('.') {
            let word = &name[start..start + length];
            // A number as Python writes it, or it would not be found again by its value.
            if let Some(number) = word.parse::<u64>().ok().filter(|n| n.to_string() == word) {
                found.entry(name[..start].to_owned()).or_default().insert(number);
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
    fn numbers_stand_for_fields_in_their_order() {
        let wanted = wanted(&["conv1.weight", "bn1.weight", "layer1.0.downsample.0.weight"]);
        let file = ["e.0.weight", "e.1.weight", "e.4.0.shortcut.0.weight", "e.9.weight"];
        let file = entries(&file);
        let places = wanted.places(&file);
        let (place, hits) = wanted.best(&file, places.iter()).unwrap();
        assert_eq!(place.prefix, "e.");
        assert!(wanted.is_complete(hits));
        assert_eq!(wanted.name_at(place, "bn1.weight"), "e.1.weight");
        assert_eq!(wanted.fields_at(place), ["0", "1", "4"].map(String::from).into());
        let name = wanted.name_at(place, "layer1.0.downsample.0.weight");
        assert_eq!(name, "e.4.0.shortcut.0.weight");
    }

    #[test]
    fn a_prefix_ends_at_a_dot_and_own_names_come_first() {
        let wanted = wanted(&["conv1.weight", "bn1.weight"]);
        let file = entries(&["a.conv1.weight", "a.bn1.weight", "xconv1.weight", "01.weight"]);
        let prefixes: Vec<String> =
            wanted.places(&file).into_iter().map(|place| place.prefix).collect();
        assert_eq!(prefixes, ["a."]);
        assert_eq!(wanted.name_at(&Place::own("b."), "bn1.weight"), "b.bn1.weight");
    }
}
