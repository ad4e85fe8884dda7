use std::fmt;
use std::path::Path;

use crate::Exclusion;

/// A problem with one line of a manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManifestProblem {
    /// The line's number, counted from one; the header is line 1.
    pub line: u64,
    /// The kind of problem.
    pub kind: ProblemKind,
}

/// The kinds of problem that a line of a manifest can have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProblemKind {
    /// The file is empty.
    #[error("the file is empty; its first line must be left,right,class,source,score")]
    NoHeader,
    /// The header lacks a column.
    #[error("column `{0}` is missing")]
    MissingColumn(&'static str),
    /// The header has an unknown column.
    #[error("unknown column `{0}`; the columns are left, right, class, source, score")]
    UnknownColumn(String),
    /// The header lists a column twice.
    #[error("column `{0}` appears twice")]
    RepeatedColumn(String),
    /// The file has a header but no rows.
    #[error("the manifest has no rows")]
    NoRows,
    /// The number of fields in the row differs from the header's.
    #[error("{found} fields, but the header has {expected}")]
    Fields {
        /// Number of fields in the row.
        found: usize,
        /// Number of fields in the header.
        expected: usize,
    },
    /// The row is not valid UTF-8.
    #[error("the row is not valid UTF-8")]
    Encoding,
    /// A picture's name is empty.
    #[error("`{0}` is empty")]
    EmptyPicture(&'static str),
    /// The source has no picture of that name.
    #[error("`{column}` names a picture that does not exist: {name}")]
    MissingPicture {
        /// `left` or `right`.
        column: &'static str,
        /// The picture's name.
        name: String,
    },
    /// The picture exists but was excluded from the source.
    #[error("`{column}` names a picture that was excluded: {name} {why}")]
    Exclusion {
        /// `left` or `right`.
        column: &'static str,
        /// The picture's name.
        name: String,
        /// Why the picture was excluded.
        why: Exclusion,
    },
    /// A picture is paired with itself.
    #[error("{0} is paired with itself")]
    SelfPair(String),
    /// An earlier row has the same two pictures, in either order.
    #[error("same two pictures as line {0}")]
    Duplicate(u64),
    /// The source has no class of that name.
    #[error("`{0}` is not a class of the source")]
    UnknownClass(String),
    /// A picture's class in the source differs from the row's.
    #[error("{picture} is of class `{actual}`, but the row says `{stated}`")]
    ClassMismatch {
        /// The picture.
        picture: String,
        /// Its class in the source.
        actual: String,
        /// The class in the row.
        stated: String,
    },
    /// An earlier row states another class for a picture that the source does not label.
    #[error("{picture} has class `{stated}` here, but class `{earlier}` in line {line}")]
    ClassChange {
        /// The picture.
        picture: String,
        /// The class in this row.
        stated: String,
        /// The class in the earlier row.
        earlier: String,
        /// Line number of the earlier row.
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

/// Maximum number of problems listed in a message; the error itself holds all.
const LISTED: usize = 20;

/// Message of an error that lists `problems` of the manifest at `path`.
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
