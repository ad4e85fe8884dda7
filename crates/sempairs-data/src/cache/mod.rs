//! Pictures decoded once, at one size, to one memory-mapped file.
//!
//! A cache holds each picture of a source as 8-bit RGB, its shorter side brought down to a chosen
//! number of pixels. The short side belongs to the configuration of an experiment, since it changes what a
//! crop sees: a crop of 8 % of a picture of 64 pixels is 18 pixels wide.
//!
//! ```no_run
//! use sempairs_data::{CachedSource, FolderSource, OnBadPicture};
//!
//! let folder = FolderSource::open("imagenet/train")?;
//! let source =
//!     CachedSource::open_or_build(&folder, 128, "imagenet.cache", OnBadPicture::Error)?;
//! # Ok::<(), sempairs_data::DataError>(())
//! ```

mod build;
mod format;
mod identity;
mod open;
mod shrink;

use std::path::{Path, PathBuf};

use memmap2::Mmap;

pub use build::BuildReport;

use crate::{BadPicture, DataError, LeftOut, OnBadPicture, Picture, PictureSource, Stamp};

/// The pictures of a decoded cache, borrowed from the file's memory map without a copy.
///
/// The file must not be changed in place while the source lives; [`build`](Self::build) replaces it as
/// a whole, which leaves open sources alone.
#[derive(Debug)]
pub struct CachedSource {
    map: Mmap,
    path: PathBuf,
    stamp: Stamp,
    short_side: usize,
    identity: u64,
    entries: Vec<format::Entry>,
    classes: Vec<String>,
    bad: Vec<BadPicture>,
    /// Where the pictures come from, if the cache was opened for a source.
    origin: Option<PathBuf>,
    /// What the cache or that source lacks.
    left_out: Vec<(String, LeftOut)>,
}

impl CachedSource {
    /// Opens the cache of `source` at `path`, and builds it first if there is no such file.
    ///
    /// # Errors
    ///
    /// [`DataError::Cache`] for a file that is damaged or was made of other pictures or with another
    /// short side: it is never overwritten, since it may be another experiment's. So is one whose pictures'
    /// files have another length or time now, be it because they were copied. A cache that
    /// left bad pictures out is an error under [`OnBadPicture::Error`]. Whatever
    /// [`build`](Self::build) and [`open`](Self::open) meet.
    pub fn open_or_build(
        source: &dyn PictureSource,
        short_side: usize,
        path: impl AsRef<Path>,
        on_bad: OnBadPicture,
    ) -> Result<Self, DataError> {
        let path = path.as_ref();
        if !path.exists() {
            Self::build(source, short_side, path, on_bad)?;
        }
        let cache = Self::open_for(source, short_side, path)?;
        match (on_bad, cache.bad.first()) {
            (OnBadPicture::Error, Some(bad)) => Err(DataError::Cache {
                path: path.to_path_buf(),
                reason: format!("{} bad pictures were left out; the first: {bad}", cache.bad.len()),
            }),
            _ => Ok(cache),
        }
    }

    /// The short side that pictures were brought down to, in pixels; smaller ones were left as they
    /// are.
    pub fn short_side(&self) -> usize {
        self.short_side
    }

    /// A hash of the configuration and the source; see [`identity_of`](Self::identity_of).
    pub fn identity(&self) -> u64 {
        self.identity
    }

    /// The pictures that could not be decoded and are not in the cache.
    pub fn bad(&self) -> &[BadPicture] {
        &self.bad
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl PictureSource for CachedSource {
    fn len(&self) -> usize {
        self.entries.len()
    }
    fn classes(&self) -> &[String] {
        &self.classes
    }
    fn class(&self, index: usize) -> Option<usize> {
        self.entries[index].class
    }
    fn name(&self, index: usize) -> String {
        self.entries[index].name.clone()
    }
    fn read(&self, index: usize) -> Result<Picture<'_>, DataError> {
        let entry = &self.entries[index];
        let pixels = &self.map[entry.offset..][..entry.bytes()];
        Ok(Picture::new(entry.width, entry.height, pixels))
    }
    fn place(&self) -> Option<&Path> {
        Some(self.origin.as_deref().unwrap_or(&self.path))
    }
    fn left_out(&self) -> Vec<(String, LeftOut)> {
        self.left_out.clone()
    }
    fn stamp(&self, _index: usize) -> Option<Stamp> {
        Some(self.stamp)
    }
}
