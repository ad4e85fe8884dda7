use std::fmt;

use super::group::{Group, listed};

/// Details of an error: the module's tensors are not in the file under the given prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Absence {
    /// The given prefix; empty if none was given.
    pub prefix: String,
    /// Name of the module's first tensor.
    pub first: String,
    /// Number of the module's tensors that are in the file under this prefix, with the right shape.
    pub found: usize,
    /// Number of the module's tensors.
    pub tensors: usize,
    /// The prefixes under which the file has all of the module's tensors. If any consist of [usual
    /// words](crate::weights::Prefix::USUAL), only those are listed; otherwise other prefixes; and
    /// copies such as momentum encoders only if there is nothing else.
    pub elsewhere: Vec<String>,
    /// The tensors in the file, grouped by the first words of their names.
    pub holds: Vec<Group>,
}

impl fmt::Display for Absence {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { prefix, first, found, tensors, elsewhere, holds } = self;
        match prefix.is_empty() {
            true => write!(out, "without a prefix, ")?,
            false => write!(out, "under the prefix `{prefix}`, ")?,
        }
        match found {
            0 => write!(
                out,
                "the file has none of the network's {tensors} tensors (`{first}`, ...); "
            )?,
            _ => write!(
                out,
                "only {found} of the network's {tensors} tensors are in the file with the right \
                 shape; "
            )?,
        }
        match &elsewhere[..] {
            [] => write!(out, "it contains {}", listed(holds)),
            [only] if only.is_empty() => write!(out, "all of them are there without a prefix"),
            _ => {
                let quoted: Vec<String> =
                    elsewhere.iter().map(|prefix| format!("`{prefix}`")).collect();
                write!(out, "all of them are there under {}", quoted.join(" and under "))
            }
        }
    }
}
