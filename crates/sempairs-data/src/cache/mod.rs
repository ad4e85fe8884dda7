//! Cache of decoded pictures in one memory-mapped file.
//!
//! A cache holds every picture of a source as 8-bit RGB, reduced so that its shorter side has a
//! chosen number of pixels. The short side belongs to the configuration of an experiment, because
//! it changes what a crop can contain: a crop of 8 % of the area of a 64-pixel picture is 18 pixels
//! wide.
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
mod open;
mod resize;

use std::path::{Path, PathBuf};

use memmap2::Mmap;

pub use build::BuildReport;

use crate::{
    BadPicture, DataError, Exclusion, Fingerprint, Identity, OnBadPicture, Picture, PictureSource,
    Stamp,
};

/// A source that reads pictures from a decoded cache, without copying them from the memory map.
///
/// The file must not be modified in place while the source is open. [`build`](Self::build) replaces
/// the whole file, which does not affect open sources.
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
    /// The place of the original pictures, if the cache was opened for a source.
    origin: Option<PathBuf>,
    /// Pictures excluded from the cache or from that source.
    left_out: Vec<(String, Exclusion)>,
}

impl CachedSource {
    /// Opens the cache of `source` at `path`; builds it first if the file does not exist.
    ///
    /// # Errors
    ///
    /// - [`DataError::Cache`] for a file that is damaged, or that was made from other pictures or
    ///   with another short side. It is never overwritten, since it may belong to another
    ///   experiment. Picture files whose length or modification time has changed (also by copying)
    ///   count as other pictures.
    /// - [`DataError::Cache`] under [`OnBadPicture::Error`] for a cache that was built without some
    ///   bad pictures.
    /// - All errors of [`build`](Self::build) and [`open`](Self::open).
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
                reason: format!(
                    "the cache was built without {} bad pictures; the first: {bad}",
                    cache.bad.len()
                ),
            }),
            _ => Ok(cache),
        }
    }

    /// The short side to which pictures were reduced, in pixels. Smaller pictures keep their size.
    pub fn short_side(&self) -> usize {
        self.short_side
    }

    /// Hash of everything that determines a cache's content: the format's version, the short side
    /// and the source, as described at [`Fingerprint::Cache`].
    pub fn identity_of(source: &dyn PictureSource, short_side: usize) -> u64 {
        let start = Identity::new()
            .and(&u64::from(format::VERSION).to_le_bytes())
            .and(&(short_side as u64).to_le_bytes());
        Fingerprint::Cache.of(source, start).into()
    }

    /// Hash of the configuration and the source; see [`identity_of`](Self::identity_of).
    pub fn identity(&self) -> u64 {
        self.identity
    }

    /// The pictures that could not be decoded and are not in the cache.
    pub fn bad(&self) -> &[BadPicture] {
        &self.bad
    }

    /// Path of the cache file.
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
    fn location(&self) -> Option<&Path> {
        Some(self.origin.as_deref().unwrap_or(&self.path))
    }
    fn excluded(&self) -> Vec<(String, Exclusion)> {
        self.left_out.clone()
    }
    fn stamp(&self, _index: usize) -> Option<Stamp> {
        Some(self.stamp)
    }
}
