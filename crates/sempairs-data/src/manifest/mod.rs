//! Pair manifests: CSV files that list pairs of pictures, their origin and their similarity scores.

mod problem;
mod read;
mod row;
mod summary;

use std::path::Path;

pub(crate) use problem::describe;
pub use problem::{ManifestProblem, ProblemKind};
pub use row::{COLUMNS, ManifestRow};
pub use summary::ManifestSummary;

use self::row::unordered;
use crate::{DataError, Pair, PictureSource};
use sempairs_internal::write_atomically;

/// A list of pairs of pictures of a source, stored as a CSV file.
///
/// The file follows RFC 4180, in UTF-8 (a byte order mark is allowed), and its header is
/// `left,right,class,source,score`. `left` and `right` are [names](PictureSource::name) of pictures
/// (for a folder, paths relative to its root). `class` is the class of both pictures, or empty.
/// `source` is free text. `score` is a finite number, or empty.
#[derive(Clone, Debug, PartialEq)]
pub struct Manifest {
    rows: Vec<ManifestRow>,
}

impl Manifest {
    /// Reads and checks `file`, whose rows name pictures of `source`.
    ///
    /// # Errors
    ///
    /// [`DataError::Manifest`] with every problem of every row (see [`ProblemKind`]);
    /// [`DataError::Io`] if the file cannot be read.
    pub fn read(file: &Path, source: &dyn PictureSource) -> Result<Self, DataError> {
        let bytes = std::fs::read(file).map_err(|error| DataError::io(file, error))?;
        read::rows(&bytes, source)
            .map(|rows| Self { rows })
            .map_err(|problems| DataError::Manifest { path: file.to_path_buf(), problems })
    }

    /// Creates a manifest from generated pairs, with `origin` in the `source` column of every row.
    ///
    /// The class is filled in if both pictures have the same one. Pairs of a picture with itself
    /// are omitted, and each pair of pictures appears only once. (A random cycle through a class of
    /// two pictures pairs them in both directions, which gives a single row.)
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

    /// Writes the manifest to `file`, atomically: the file is replaced only once all rows are
    /// written.
    ///
    /// # Errors
    ///
    /// [`DataError::Io`] if the file cannot be written.
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
        write_atomically(file, write).map_err(|error| DataError::io(file, error))
    }

    /// The rows in their order.
    pub fn rows(&self) -> &[ManifestRow] {
        &self.rows
    }

    /// The pairs in the order of the rows.
    pub fn pairs(&self) -> impl Iterator<Item = Pair> + '_ {
        self.rows.iter().map(|row| row.pair)
    }

    /// Computes the counts of pairs, classes and pictures.
    pub fn summary(&self, source: &dyn PictureSource) -> ManifestSummary {
        ManifestSummary::of(&self.rows, source)
    }
}
