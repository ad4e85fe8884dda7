use std::fmt;

use super::group::{Group, listed};

/// That a module's tensors are not where they are looked for in a file, and where they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Absence {
    /// The prefix that was given; empty for none.
    pub prefix: String,
    /// The first of the module's tensors, by its own name.
    pub first: String,
    /// Tensors of the module that fit behind the prefix.
    pub found: usize,
    /// Tensors of the module.
    pub tensors: usize,
    /// The prefixes behind which the file has all of them: those of
    /// [usual words](crate::weights::Prefix::USUAL) if there are any, else others, else momentum
    /// copies.
    pub elsewhere: Vec<String>,
    /// What the file has, by the first words of its names.
    pub holds: Vec<Group>,
}

impl fmt::Display for Absence {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { prefix, first, found, tensors, elsewhere, holds } = self;
        match prefix.is_empty() {
            true => write!(out, "without a prefix, ")?,
            false => write!(out, "behind the prefix `{prefix}` ")?,
        }
        match found {
            0 => write!(out, "it has none of the network's {tensors} tensors (`{first}`, ...); ")?,
            _ => write!(out, "only {found} of the network's {tensors} tensors fit; ")?,
        }
        match &elsewhere[..] {
            [] => write!(out, "it holds {}", listed(holds)),
            [only] if only.is_empty() => write!(out, "all of them stand in it without a prefix"),
            _ => {
                let quoted: Vec<String> =
                    elsewhere.iter().map(|prefix| format!("`{prefix}`")).collect();
                write!(out, "all of them stand behind {}", quoted.join(" and behind "))
            }
        }
    }
}
