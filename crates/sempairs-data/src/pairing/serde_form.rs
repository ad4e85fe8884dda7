use std::path::PathBuf;

use serde::Deserialize;

use super::{Pairing, Share};
use crate::ConfigError;

/// Form of a [`Pairing`] in a file. The empty braces make serde reject unknown keys, which it
/// ignores for internally tagged variants without fields.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", deny_unknown_fields)]
pub(super) enum Written {
    Same {
        file: Option<PathBuf>,
        of: Option<Box<Pairing>>,
        #[serde(default)]
        both: bool,
    },
    Curated {
        file: Option<PathBuf>,
    },
    RandomInClass {},
    Shuffled {},
    WrongFraction {
        share: f64,
    },
    Disjoint {
        per_class: usize,
    },
    Mixed {
        share: Share,
        with: Option<Box<Pairing>>,
    },
}

impl TryFrom<Written> for Pairing {
    type Error = ConfigError;

    fn try_from(written: Written) -> Result<Self, ConfigError> {
        let refuse = |reason: &str| Err(ConfigError::new("", reason));
        Ok(match written {
            Written::Same { file: Some(_), of: Some(_), .. } => {
                return refuse("give `file` or `of`, not both");
            }
            Written::Same { file: None, of: None, both: true } => {
                return refuse("`both` needs `of` or `file`, whose pairs have two pictures");
            }
            Written::Same { file: Some(file), of: None, both: true } => {
                Self::SameOf { of: Box::new(Self::Curated { file }), both: true }
            }
            Written::Same { file: None, of: Some(of), both } => Self::SameOf { of, both },
            Written::Same { file, of: None, both: false } => Self::Same { file },
            Written::Curated { file: Some(file) } => Self::Curated { file },
            Written::Curated { file: None } => Self::Contrasting,
            Written::RandomInClass {} => Self::RandomInClass,
            Written::Disjoint { per_class } => Self::Disjoint { per_class },
            Written::Mixed { share, with } => {
                let with = with.unwrap_or_else(|| Box::new(Self::RandomInClass));
                Self::Mixed { share, with }
            }
            Written::Shuffled {} => Self::Shuffled,
            Written::WrongFraction { share } => Self::WrongFraction { share },
        })
    }
}
