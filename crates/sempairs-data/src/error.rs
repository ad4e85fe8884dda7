use std::path::{Path, PathBuf};

use crate::PictureSource;
use crate::manifest::ManifestProblem;

/// What can go wrong between the outside world and a picture.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// A file or folder cannot be read or written.
    #[error("{}: {error}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// A picture cannot be decoded.
    #[error("{picture}: cannot be decoded: {reason}")]
    Picture {
        /// The file, or the file and the record.
        picture: String,
        /// What the decoder says.
        reason: String,
    },
    /// A folder or file is not laid out as its kind of source is.
    #[error("{}: {reason}", path.display())]
    Layout {
        /// The folder or file.
        path: PathBuf,
        /// What was expected and what is there.
        reason: String,
    },
    /// A file of fixed-size records has another length.
    #[error(
        "{}: {actual} bytes long, where records of {record} bytes give a multiple of {record} \
         that is not zero",
        path.display()
    )]
    Length {
        /// The file.
        path: PathBuf,
        /// Bytes of one record.
        record: usize,
        /// Bytes of the file.
        actual: u64,
    },
    /// A line of a text file says something that it may not.
    #[error("{}, line {line}: {reason}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, counted from one.
        line: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// A pair manifest has bad rows; all of them are here.
    #[error("{}", crate::manifest::describe(path, problems))]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// Every bad row, in the order of the lines.
        problems: Vec<ManifestProblem>,
    },
    /// A class is not there, or has too few pictures.
    #[error("{}class `{class}`: {reason}", at(place))]
    Classes {
        /// Where the pictures lie, if they lie anywhere.
        place: Option<PathBuf>,
        /// The class's name.
        class: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The pictures cannot be paired in the way asked for.
    #[error("{}pairing `{pairing}`: {reason}", at(place))]
    Pairing {
        /// Where the pictures lie, if they lie anywhere.
        place: Option<PathBuf>,
        /// The pairing's name, as it is written in an experiment.
        pairing: &'static str,
        /// Which class or picture stands in the way.
        reason: String,
    },
    /// A decoded cache is damaged, or was made of other pictures or with another configuration.
    #[error("{}: {reason}", path.display())]
    Cache {
        /// The cache.
        path: PathBuf,
        /// What does not agree.
        reason: String,
    },
    /// The process was [asked to end](crate::interrupt).
    #[error("stopped before the end; the same command begins again what was not finished")]
    Interrupted,
}

impl DataError {
    /// An [`Io`](Self::Io) error of `path`.
    pub fn io(path: impl Into<PathBuf>, error: std::io::Error) -> Self {
        Self::Io { path: path.into(), error }
    }

    /// A [`Picture`](Self::Picture) error of `picture`.
    pub fn picture(picture: impl Into<String>, reason: impl ToString) -> Self {
        Self::Picture { picture: picture.into(), reason: reason.to_string() }
    }

    /// A [`Layout`](Self::Layout) error of `path`.
    pub(crate) fn layout(path: impl Into<PathBuf>, reason: impl Into<String>) -> Self {
        Self::Layout { path: path.into(), reason: reason.into() }
    }

    /// A [`Classes`](Self::Classes) error of a class of `source`.
    pub(crate) fn class(
        source: &dyn PictureSource,
        class: impl Into<String>,
        reason: impl Into<String>,
    ) -> Self {
        let place = source.place().map(Path::to_path_buf);
        Self::Classes { place, class: class.into(), reason: reason.into() }
    }
}

/// How a message about pictures begins that lie in `place`.
fn at(place: &Option<PathBuf>) -> String {
    place.as_ref().map_or(String::new(), |place| format!("{}: ", place.display()))
}
