//! Picture sources: image folders, CIFAR, STL-10, and subsets and concatenations of other sources.

mod cifar;
mod cifar_names;
mod concat;
mod file_list;
mod flat;
mod folder;
mod records;
mod stl10;
mod subset;

pub use cifar::{CifarKind, CifarSource};
pub use concat::Concat;
pub use flat::FlatSource;
pub use folder::FolderSource;
pub use stl10::{Stl10Source, Stl10Split};
pub use subset::Subset;
pub(crate) use subset::members;

/// Training or test split of a published data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Split {
    /// The training split.
    Train,
    /// The test split.
    Test,
}
