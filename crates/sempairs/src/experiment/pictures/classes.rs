use std::collections::BTreeSet;
use std::sync::Arc;

use sempairs_data::{ConfigError, DataError, PictureSource, Subset, paper_classes};
use sempairs_internal::note;
use serde::{Deserialize, Serialize};

/// A selection of the classes of a folder: a list of subfolder names, or the word `paper`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub enum Classes {
    /// The classes of the paper's list that the folder contains, by WordNet ID: 173 of ImageNet-1K,
    /// 59 of Tiny-ImageNet.
    Paper,
    /// The listed classes, numbered in this order.
    Named(Vec<String>),
}

/// The serialised form.
#[derive(Serialize, Deserialize)]
#[serde(untagged, expecting = "expected a list of class folders or \"paper\"")]
enum Written {
    Word(String),
    Names(Vec<String>),
}

impl TryFrom<Written> for Classes {
    type Error = ConfigError;

    fn try_from(written: Written) -> Result<Self, ConfigError> {
        match written {
            Written::Word(word) if word == "paper" => Ok(Self::Paper),
            Written::Word(word) => {
                let reason =
                    format!("`classes` is a list of class folders or \"paper\", not \"{word}\"");
                Err(ConfigError::new("", reason))
            }
            Written::Names(names) if names.is_empty() => {
                Err(ConfigError::new("", "`classes` is empty and names no class"))
            }
            Written::Names(names) => Ok(Self::Named(names)),
        }
    }
}

impl From<Classes> for Written {
    fn from(classes: Classes) -> Self {
        match classes {
            Classes::Paper => Self::Word("paper".into()),
            Classes::Named(names) => Self::Names(names),
        }
    }
}

impl Classes {
    /// Returns the pictures of `folder` in these classes.
    ///
    /// # Errors
    /// [`DataError::Classes`] for a name that is not a class of the folder, with the closest name
    /// that is, or for a duplicate name; [`DataError::Layout`] if the folder has none of the
    /// paper's classes.
    pub(super) fn of(&self, folder: Arc<dyn PictureSource>) -> Result<Subset, DataError> {
        match self {
            Self::Paper => {
                let names = of_the_paper(&*folder)?;
                Subset::of_classes(folder, &names)
            }
            Self::Named(names) => {
                let classes = folder.classes();
                if let Some(wrong) = names.iter().find(|name| !classes.contains(name)) {
                    let reason = ConfigError::new("", "no class of this folder")
                        .with_nearest(wrong, classes.iter().map(String::as_str));
                    return Err(DataError::Classes {
                        place: folder.location().map(Into::into),
                        class: wrong.clone(),
                        reason: reason.to_string(),
                    });
                }
                Subset::of_classes(folder, names)
            }
        }
    }
}

/// The paper's classes in the order of the folder, so that their numbers are those of a folder that
/// contains only these classes.
fn of_the_paper(folder: &dyn PictureSource) -> Result<Vec<String>, DataError> {
    let paper: BTreeSet<_> = paper_classes().into_iter().filter_map(|class| class.wnid).collect();
    let there = folder.classes().iter().filter(|class| paper.contains(*class));
    let there: Vec<String> = there.cloned().collect();
    let place = folder.location().unwrap_or("pictures".as_ref());
    if there.is_empty() {
        let reason = "no class folder has the WordNet id of a class of the paper".into();
        return Err(DataError::Layout { path: place.into(), reason });
    }
    if there.len() < paper.len() {
        let (found, all) = (there.len(), paper.len());
        note!("{}: has {found} of the paper's {all} classes", place.display());
    }
    Ok(there)
}
