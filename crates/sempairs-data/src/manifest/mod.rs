//! Pair manifests: which pictures were put together, by whom, and how well they match.

mod problem;
mod read;
mod summary;

use std::path::Path;

pub(crate) use problem::describe;
pub use problem::{ManifestProblem, ProblemKind};
pub use summary::ManifestSummary;

use crate::{DataError, Pair, PictureSource};
use sempairs_internal::write_whole;

/// The columns, which a manifest has all and no other, in any order.
pub const COLUMNS: [&str; 5] = ["left", "right", "class", "source", "score"];

/// One row of a manifest.
#[derive(Clone, Debug, PartialEq)]
pub struct ManifestRow {
    /// The two pictures, by their numbers in the source.
    pub pair: Pair,
    /// The name of the class of both; `None` (an empty field) says nothing about it.
    pub class: Option<String>,
    /// Where the pair comes from, in the words of whoever made it.
    pub origin: String,
    /// How well the two match, on the scale of whoever made it; `None` for an empty field.
    pub score: Option<f64>,
}

/// A list of pairs of pictures of a source, as a CSV file (RFC 4180, UTF-8, a byte order mark allowed)
/// whose first line is `left,right,class,source,score`.
///
/// `left` and `right` are [names](PictureSource::name) of pictures, for a folder their paths relative
/// to its root. `class` is the class of both or empty; `source` is free text; `score` is a finite
/// number or empty.
#[derive(Clone, Debug, PartialEq)]
pub struct Manifest {
    rows: Vec<ManifestRow>,
}

impl Manifest {
    /// Reads and checks `file`, whose pictures are those of `source`.
    ///
    /// # Errors
    ///
    /// [`DataError::Manifest`] with every problem of every row: see [`ProblemKind`].
    /// [`DataError::Io`] if the file cannot be read at all.
    pub fn read(file: &Path, source: &dyn PictureSource) -> Result<Self, DataError> {
        let bytes = std::fs::read(file).map_err(|error| DataError::io(file, error))?;
        read::rows(&bytes, source)
            .map(|rows| Self { rows })
            .map_err(|problems| DataError::Manifest { path: file.to_path_buf(), problems })
    }

    /// A manifest of drawn pairs, which names `origin` as where they come from.
    ///
    /// The class is written where both pictures share it. A picture paired with itself is no row, and
    /// two pictures are a row once only: the random cycle through a class of two, which pairs them both
    /// ways, gives one.
    pub fn from_pairs(source: &dyn PictureSource, pairs: &[Pair], origin: &str) -> Self {
        let mut seen = std::collections::HashSet::new();
        let rows = pairs
            .iter()
            .filter(|pair| pair.left != pair.right && seen.insert(unordered(**pair)))
            .map(|&pair| {
                let class = source.class(pair.left);
                let class = class.filter(|_| class == source.class(pair.right));
                let class = class.map(|class| source.classes()[class].clone());
                ManifestRow { pair, class, origin: origin.to_string(), score: None }
            })
            .collect();
        Self { rows }
    }

    /// Writes `file`, whole or not at all.
    ///
    /// # Errors
    ///
    /// [`DataError::Io`] with the file's name.
    pub fn write(&self, file: &Path, source: &dyn PictureSource) -> Result<(), DataError> {
        let write = |out: &mut std::io::BufWriter<std::fs::File>| {
            let mut csv = csv::Writer::from_writer(out);
            csv.write_record(COLUMNS)?;
            for row in &self.rows {
                csv.write_record([
                    source.name(row.pair.left).as_str(),
                    &source.name(row.pair.right),
                    row.class.as_deref().unwrap_or_default(),
                    &row.origin,
                    &row.score.map(|score| score.to_string()).unwrap_or_default(),
                ])?;
            }
            csv.flush()
        };
        write_whole(file, write).map_err(|error| DataError::io(file, error))
    }

    /// The rows in their order.
    pub fn rows(&self) -> &[ManifestRow] {
        &self.rows
    }

    /// The pairs in the order of the rows.
    pub fn pairs(&self) -> impl Iterator<Item = Pair> + '_ {
        self.rows.iter().map(|row| row.pair)
    }

    /// The counts a reader wants to see.
    pub fn summary(&self, source: &dyn PictureSource) -> ManifestSummary {
        ManifestSummary::of(&self.rows, source)
    }
}

/// The same for a pair and the pair swapped.
fn unordered(pair: Pair) -> Pair {
    Pair { left: pair.left.min(pair.right), right: pair.left.max(pair.right) }
}
