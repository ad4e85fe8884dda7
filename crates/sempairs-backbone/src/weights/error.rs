use std::fmt;
use std::path::PathBuf;

use sempairs_data::summed_up;

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
    /// The tensors of the file are not those of the module.
    #[error("{}: the weights do not fit: {}", path.display(), Joined(misfits))]
    Misfits {
        /// The file.
        path: PathBuf,
        /// All of them: missing ones in the order of the module, misshapen ones, extra ones by name.
        misfits: Vec<Misfit>,
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
    /// The file has it and the module has not.
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

/// Tensors that a message names before it only counts the rest.
const LISTED: usize = 10;

struct Joined<'a>(&'a [Misfit]);

impl fmt::Display for Joined<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&summed_up(self.0, "; ", LISTED))
    }
}
