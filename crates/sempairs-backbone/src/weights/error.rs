use std::fmt;
use std::path::PathBuf;

use super::Absence;

/// What can go wrong between a file of weights and a module.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WeightsError {
    /// The file cannot be read or written.
    #[error("{}: {error}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// The file is damaged, or neither safetensors nor a PyTorch checkpoint.
    #[error("{}: cannot be read as weights: {reason}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What the reader says.
        reason: String,
    },
    /// The name of a file to write does not say in which format.
    #[error("{}: weights are written as .safetensors, .pth or .pt", path.display())]
    Extension {
        /// The file.
        path: PathBuf,
    },
    /// The module's tensors do not stand behind the prefix.
    #[error("{}: {absence}", path.display())]
    Prefix {
        /// The file.
        path: PathBuf,
        /// What is looked for, and where it is.
        absence: Box<Absence>,
    },
    /// Several prefixes will do, and nothing says which.
    #[error("{}: the network's tensors stand behind each of {}; say which", path.display(), Quoted(prefixes))]
    Ambiguous {
        /// The file.
        path: PathBuf,
        /// The prefixes.
        prefixes: Vec<String>,
    },
    /// The tensors of the file are not those of the module.
    #[error("{}: the weights do not fit: {}", path.display(), Summed(misfits))]
    Misfits {
        /// The file.
        path: PathBuf,
        /// All of them: missing, misshapen and mistyped ones in the order of the module, then extra
        /// ones by name.
        misfits: Vec<Misfit>,
    },
    /// Tensors hold infinities or what is no number.
    #[error(
        "{}: has values that are not finite in {}; training diverged before it was written",
        path.display(), Firsts(tensors)
    )]
    NotFinite {
        /// The file.
        path: PathBuf,
        /// These tensors, in the order of the module.
        tensors: Vec<String>,
    },
}

/// A tensor that keeps a file from being loaded, by the name the file has or should have for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Misfit {
    /// The module has it and the file has not.
    Missing {
        /// The tensor.
        name: String,
    },
    /// The file has it in one of the module's own fields, and the module has not: it is of another
    /// network.
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
    /// The file's tensor holds no floating-point numbers.
    Mistyped {
        /// The tensor.
        name: String,
        /// The type of its elements in the file.
        found: String,
    },
}

impl fmt::Display for Misfit {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { name } => write!(out, "{name} is missing"),
            Self::Extra { name } => write!(out, "{name} is extra"),
            Self::Misshapen { name, found, expected } => {
                write!(out, "{name} is {found:?} and should be {expected:?}")
            }
            Self::Mistyped { name, found } => write!(out, "{name} holds {found} and no floats"),
        }
    }
}

/// Things of a kind that a message spells out; the rest are counted.
const SPELT_OUT: usize = 4;

/// Misfits, the first of each kind and the number of the others.
struct Summed<'a>(&'a [Misfit]);

impl fmt::Display for Summed<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let predicate = |misfit: &Misfit| match misfit {
            Misfit::Missing { .. } => "are missing",
            Misfit::Misshapen { .. } => "have another shape",
            Misfit::Mistyped { .. } => "hold no floats",
            Misfit::Extra { .. } => "are extra",
        };
        let mut parts = Vec::new();
        for kind in ["are missing", "have another shape", "hold no floats", "are extra"] {
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

/// Names, the first few of them and the number of the others.
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

/// Names between backticks.
struct Quoted<'a>(&'a [String]);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quoted: Vec<String> = self.0.iter().map(|name| format!("`{name}`")).collect();
        out.write_str(&quoted.join(", "))
    }
}
