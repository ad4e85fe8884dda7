use std::path::PathBuf;

use serde::Deserialize;

use super::Pairing;

/// Form of a [`Pairing`] in a file. The empty braces make serde reject unknown keys, which it
/// ignores for internally tagged variants without fields.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", deny_unknown_fields)]
pub(super) enum Written {
    Same { file: Option<PathBuf> },
    Curated { file: PathBuf },
    RandomInClass {},
    Shuffled {},
    WrongFraction { share: f64 },
}

impl From<Written> for Pairing {
    fn from(written: Written) -> Self {
        match written {
            Written::Same { file } => Self::Same { file },
            Written::Curated { file } => Self::Curated { file },
            Written::RandomInClass {} => Self::RandomInClass,
            Written::Shuffled {} => Self::Shuffled,
            Written::WrongFraction { share } => Self::WrongFraction { share },
        }
    }
}
