use std::fmt;
use std::path::PathBuf;

use super::Absence;

/// Error of loading or saving the weights of a module.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WeightsError {
    /// The file cannot be read or written.
    #[error("{}: {error}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The operating system's error.
        error: std::io::Error,
    },
    /// The file is damaged, or is neither a safetensors file nor a PyTorch checkpoint.
    #[error("{}: cannot be read as weights: {reason}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// The reader's message.
        reason: String,
    },
    /// The extension of a file to write does not determine the format.
    #[error("{}: weights can be written as .safetensors, .pth or .pt", path.display())]
    Extension {
        /// The file.
        path: PathBuf,
    },
    /// The module's tensors are not in the file under the given prefix.
    #[error("{}: {absence}", path.display())]
    Prefix {
        /// The file.
        path: PathBuf,
        /// What was expected, and what the file contains.
        absence: Box<Absence>,
    },
    /// The module's tensors are in the file under several prefixes, none of which is preferred.
    #[error(
        "{}: the network's tensors are there under each of {}; choose one as the prefix",
        path.display(), Quoted(prefixes)
    )]
    Ambiguous {
        /// The file.
        path: PathBuf,
        /// The prefixes.
        prefixes: Vec<String>,
    },
    /// The tensors in the file do not match those of the module.
    #[error("{}: the weights do not fit: {}", path.display(), Summed(misfits))]
    Misfits {
        /// The file.
        path: PathBuf,
        /// All mismatches: missing tensors and those of wrong shape or dtype in the order of the
        /// module, then unexpected ones by name.
        misfits: Vec<Misfit>,
    },
    /// Some tensors contain infinite or NaN values.
    #[error(
        "{}: has values that are not finite in {}; the training that wrote it diverged",
        path.display(), Firsts(tensors)
    )]
    NotFinite {
        /// The file.
        path: PathBuf,
        /// The names of these tensors, in the order of the module.
        tensors: Vec<String>,
    },
}

/// A mismatch of a tensor between a file and a module, with the tensor's name in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Misfit {
    /// The module has the tensor, but the file does not.
    Missing {
        /// The tensor.
        name: String,
    },
    /// The file has the tensor within one of the module's fields, but the module does not: the file
    /// belongs to another network.
    Extra {
        /// The tensor.
        name: String,
    },
    /// The shapes differ.
    Misshapen {
        /// The tensor.
        name: String,
        /// Its shape in the file.
        found: Vec<usize>,
        /// Its shape in the module.
        expected: Vec<usize>,
    },
    /// The tensor in the file is not of a floating-point dtype.
    Mistyped {
        /// The tensor.
        name: String,
        /// Its dtype in the file.
        found: String,
    },
}

impl fmt::Display for Misfit {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { name } => write!(out, "{name} is missing"),
            Self::Extra { name } => write!(out, "{name} is not part of the network"),
            Self::Misshapen { name, found, expected } => {
                write!(out, "{name} has shape {found:?}, but must have {expected:?}")
            }
            Self::Mistyped { name, found } => {
                write!(out, "{name} has dtype {found}, which is not floating-point")
            }
        }
    }
}

/// Number of items of a kind that a message lists; the others are counted.
const SPELT_OUT: usize = 4;

/// Lists the first mismatches of each kind and counts the others.
struct Summed<'a>(&'a [Misfit]);

impl fmt::Display for Summed<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let predicate = |misfit: &Misfit| match misfit {
            Misfit::Missing { .. } => "are missing",
            Misfit::Misshapen { .. } => "have the wrong shape",
            Misfit::Mistyped { .. } => "are not floating-point",
            Misfit::Extra { .. } => "are not part of the network",
        };
        let mut parts = Vec::new();
        for kind in [
            "are missing",
            "have the wrong shape",
            "are not floating-point",
            "are not part of the network",
        ] {
            let such = || self.0.iter().filter(|misfit| predicate(misfit) == kind);
            parts.extend(such().take(SPELT_OUT).map(Misfit::to_string));
            let more = such().count().saturating_sub(SPELT_OUT);
            if more > 0 {
                parts.push(format!("{more} more {kind}"));
            }
        }
        out.write_str(&parts.join("; "))
    }
}

/// Lists the first names and counts the others.
struct Firsts<'a>(&'a [String]);

impl fmt::Display for Firsts<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.0.len().min(SPELT_OUT);
        write!(out, "{}", Quoted(&self.0[..shown]))?;
        match self.0.len() - shown {
            0 => Ok(()),
            more => write!(out, " and {more} more tensors"),
        }
    }
}

/// Lists names in backticks.
struct Quoted<'a>(&'a [String]);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quoted: Vec<String> = self.0.iter().map(|name| format!("`{name}`")).collect();
        out.write_str(&quoted.join(", "))
    }
}
