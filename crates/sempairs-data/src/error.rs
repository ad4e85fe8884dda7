use std::path::{Path, PathBuf};

use crate::ConfigError;
use crate::manifest::ManifestProblem;

/// Error of reading, decoding, pairing or caching pictures.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// A file or folder cannot be read or written.
    #[error("{}: {error}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The operating system's error.
        error: std::io::Error,
    },
    /// A picture cannot be decoded.
    #[error("{picture}: cannot be decoded: {reason}")]
    Picture {
        /// The path of the file, or the file and the record's number.
        picture: String,
        /// The decoder's message.
        reason: String,
    },
    /// A folder or file does not have the layout that its kind of source requires.
    #[error("{}: {reason}", path.display())]
    Layout {
        /// The folder or file.
        path: PathBuf,
        /// What was expected and what was found.
        reason: String,
    },
    /// The length of a file of fixed-size records is zero or not a multiple of the record's size.
    #[error(
        "{}: the file is {actual} bytes long; a file of {record}-byte records must have a positive \
         multiple of {record} bytes",
        path.display()
    )]
    Length {
        /// The file.
        path: PathBuf,
        /// Size of one record in bytes.
        record: usize,
        /// Length of the file in bytes.
        actual: u64,
    },
    /// A line of a text file is malformed or contradicts another.
    #[error("{}, line {line}: {reason}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line's number, counted from one.
        line: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// A pair manifest has invalid rows.
    #[error("{}", crate::manifest::describe(path, problems))]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// All invalid rows, in the order of their lines.
        problems: Vec<ManifestProblem>,
    },
    /// A class does not exist or has too few pictures.
    #[error("{}class `{class}`: {reason}", at(place))]
    Classes {
        /// The folder or file of the pictures; `None` if they have no single one.
        place: Option<PathBuf>,
        /// The class's name.
        class: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The pictures cannot be paired in the requested way.
    #[error("{}pairing `{pairing}`: {error}", at(place))]
    Pairing {
        /// The folder or file of the pictures; `None` if they have no single one.
        place: Option<PathBuf>,
        /// The pairing's name in an experiment file.
        pairing: &'static str,
        /// The invalid value, or without a key: which class or picture prevents it, and why.
        error: ConfigError,
    },
    /// A decoded cache is damaged, or was made from other pictures or with other settings.
    #[error("{}: {reason}", path.display())]
    Cache {
        /// The cache file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The process was [asked to stop](crate::interrupt).
    #[error("stopped early; run the same command again to redo what was not finished")]
    Interrupted,
}

impl DataError {
    /// Creates an [`Io`](Self::Io) error.
    pub fn io(path: impl Into<PathBuf>, error: std::io::Error) -> Self {
        Self::Io { path: path.into(), error }
    }

    /// Creates a [`Picture`](Self::Picture) error.
    pub fn picture(picture: impl Into<String>, reason: impl ToString) -> Self {
        Self::Picture { picture: picture.into(), reason: reason.to_string() }
    }

    /// Creates a [`Layout`](Self::Layout) error.
    pub(crate) fn layout(path: impl Into<PathBuf>, reason: impl Into<String>) -> Self {
        Self::Layout { path: path.into(), reason: reason.into() }
    }

    /// Creates a [`Classes`](Self::Classes) error; `place` is the folder or file of the pictures.
    pub(crate) fn class(
        place: Option<&Path>,
        class: impl Into<String>,
        reason: impl Into<String>,
    ) -> Self {
        let place = place.map(Path::to_path_buf);
        Self::Classes { place, class: class.into(), reason: reason.into() }
    }
}

/// The prefix `"PLACE: "` of a message, or an empty string if there is no place.
fn at(place: &Option<PathBuf>) -> String {
    place.as_ref().map_or(String::new(), |place| format!("{}: ", place.display()))
}
