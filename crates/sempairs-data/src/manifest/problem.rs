use std::fmt;
use std::path::Path;

use crate::LeftOut;

/// What is wrong with one line of a manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManifestProblem {
    /// The line, counted from one; the header is line 1.
    pub line: u64,
    /// What is wrong.
    pub kind: ProblemKind,
}

/// Everything that can be wrong with a line of a manifest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProblemKind {
    /// The file holds no header.
    #[error("the file is empty; its first line is left,right,class,source,score")]
    NoHeader,
    /// The header lacks a column.
    #[error("column `{0}` is missing")]
    MissingColumn(&'static str),
    /// The header has a column of another name.
    #[error("unknown column `{0}`; the columns are left, right, class, source, score")]
    UnknownColumn(String),
    /// The header has a column twice.
    #[error("column `{0}` stands twice")]
    RepeatedColumn(String),
    /// There is a header and nothing else.
    #[error("the manifest has no rows")]
    NoRows,
    /// The row has another number of fields than the header.
    #[error("{found} fields where the header has {expected}")]
    Fields {
        /// Fields of the row.
        found: usize,
        /// Fields of the header.
        expected: usize,
    },
    /// The row is not UTF-8.
    #[error("not UTF-8")]
    Encoding,
    /// A picture's name is empty.
    #[error("`{0}` is empty")]
    EmptyPicture(&'static str),
    /// The source has no picture of that name.
    #[error("`{column}` names no picture: {name}")]
    MissingPicture {
        /// `left` or `right`.
        column: &'static str,
        /// The name.
        name: String,
    },
    /// The picture is there, but not among those of the source.
    #[error("`{column}` names a picture that was left out: {name} {why}")]
    LeftOut {
        /// `left` or `right`.
        column: &'static str,
        /// The name.
        name: String,
        /// Why it was left out.
        why: LeftOut,
    },
    /// A picture is paired with itself.
    #[error("{0} is paired with itself")]
    SelfPair(String),
    /// The same two pictures stand in an earlier row, perhaps the other way round.
    #[error("the same two pictures as in line {0}")]
    Duplicate(u64),
    /// The source has no class of that name.
    #[error("`{0}` is no class of the source")]
    UnknownClass(String),
    /// A picture is of another class than the row says.
    #[error("{picture} is of class `{actual}`, not `{stated}`")]
    ClassMismatch {
        /// The picture.
        picture: String,
        /// Its class in the source.
        actual: String,
        /// The class in the row.
        stated: String,
    },
    /// An earlier row gives a picture that the source does not label another class.
    #[error("{picture} is said to be of class `{stated}`, but of `{earlier}` in line {line}")]
    ClassChange {
        /// The picture.
        picture: String,
        /// The class in this row.
        stated: String,
        /// The class in the earlier row.
        earlier: String,
        /// The earlier row.
        line: u64,
    },
    /// The score is not a finite number.
    #[error("score `{0}` is not a finite number")]
    BadScore(String),
}

impl fmt::Display for ManifestProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.kind)
    }
}

/// The most problems that a message lists; the error holds all.
const LISTED: usize = 20;

/// The message for a manifest with `problems`.
pub(crate) fn describe(path: &Path, problems: &[ManifestProblem]) -> String {
    let plural = if problems.len() == 1 { "problem" } else { "problems" };
    let mut text = format!("{}: {} {plural}", path.display(), problems.len());
    for problem in problems.iter().take(LISTED) {
        text += &format!("\n  {problem}");
    }
    if problems.len() > LISTED {
        text += &format!("\n  ... and {} more", problems.len() - LISTED);
    }
    text
}
