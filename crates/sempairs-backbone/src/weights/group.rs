use std::collections::BTreeMap;
use std::fmt;

use super::first_word::first_word;

/// Tensors of a file whose names begin with the same word, such as those of a projection head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The word; or the full name if there is only one tensor.
    pub name: String,
    /// Number of tensors.
    pub tensors: usize,
}

/// Number of groups that a message lists.
const SPELT_OUT: usize = 8;

impl fmt::Display for Group {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.tensors {
            1 => write!(out, "`{}`", self.name),
            count => write!(out, "`{}` ({count} tensors)", self.name),
        }
    }
}

/// Groups names by their first words, in alphabetical order.
pub(super) fn grouped<'a>(names: impl Iterator<Item = &'a str>) -> Vec<Group> {
    let mut groups: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for name in names {
        groups.entry(first_word(name)).or_default().push(name);
    }
    let group = |(word, names): (&str, Vec<&str>)| {
        let name = if let [only] = names[..] { only } else { word };
        Group { name: name.to_owned(), tensors: names.len() }
    };
    groups.into_iter().map(group).collect()
}

/// Lists groups for a message; "nothing" if there are none.
pub(super) fn listed(groups: &[Group]) -> String {
    let mut parts: Vec<String> = groups.iter().take(SPELT_OUT).map(Group::to_string).collect();
    let more: usize = groups.iter().skip(SPELT_OUT).map(|group| group.tensors).sum();
    if more > 0 {
        parts.push(format!("{more} more tensors"));
    }
    if parts.is_empty() { "nothing".into() } else { parts.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_list_is_abbreviated() {
        let names: Vec<String> =
            (10..40).flat_map(|i| [format!("x{i}.a"), format!("x{i}.b")]).collect();
        let groups = grouped(names.iter().map(String::as_str));
        assert_eq!(groups.len(), 30);
        let text = listed(&groups);
        assert!(
            text.starts_with("`x10` (2 tensors), ") && text.ends_with(", 44 more tensors"),
            "{text}"
        );
        assert_eq!(listed(&grouped(["queue", "fc.0.bias"].into_iter())), "`fc.0.bias`, `queue`");
        assert_eq!(listed(&[]), "nothing");
    }
}
