use std::fs::File;
use std::path::Path;

use memmap2::Mmap;
use rayon::prelude::*;

use super::CachedSource;
use super::format::{self, CHUNK, FOOTER, HEADER, Index, MAGIC, VERSION};
use crate::{DataError, Exclusion, PictureSource, Stamp, interrupt};
use sempairs_internal::progress_bar;

impl CachedSource {
    /// Opens the cache at `path` and checks all of it: magic numbers, version, length, and the
    /// checksums of the index and the pixels. The pixels are checked on all cores, at some
    /// gigabytes per second or at the speed of the disk.
    ///
    /// # Errors
    ///
    /// [`DataError::Io`] if the file cannot be read; [`DataError::Cache`] if it is not a valid
    /// cache.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, DataError> {
        let cache = Self::open_unchecked(path.as_ref())?;
        cache.0.check_pixels(&cache.1)?;
        Ok(cache.0)
    }

    /// Opens the cache at `path` without checking the pixels: only the index is read, whatever the
    /// size of the file. Use it for files that were checked before and lie on slow disks.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open), except that damaged pixels are not detected.
    pub fn open_trusting(path: impl AsRef<Path>) -> Result<Self, DataError> {
        Ok(Self::open_unchecked(path.as_ref())?.0)
    }

    /// Opens and checks the cache at `path` like [`open`](Self::open), and checks that it was made
    /// from `source` with this short side.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open), and [`DataError::Cache`] if the cache was made from other pictures
    /// or with another short side.
    pub fn open_for(
        source: &dyn PictureSource,
        short_side: usize,
        path: impl AsRef<Path>,
    ) -> Result<Self, DataError> {
        // The identity is checked first, so that gigabytes of a wrong cache need not be read.
        let (mut cache, checksums) = Self::open_unchecked(path.as_ref())?;
        if cache.short_side != short_side {
            let actual = cache.short_side;
            return Err(refuse(
                path.as_ref(),
                format!(
                    "the cache has a short side of {actual}, not {short_side}; use a different \
                     file for each short side"
                ),
            ));
        }
        if cache.identity != Self::identity_of(source, short_side) {
            let reason = "the cache was made from other pictures (names, classes, pixels, or the \
                          lengths or modification times of their files differ); delete it to \
                          rebuild it, or use a different file for each source";
            return Err(refuse(path.as_ref(), reason));
        }
        cache.check_pixels(&checksums)?;
        cache.origin = source.location().map(Path::to_path_buf);
        cache.left_out.extend(source.excluded());
        Ok(cache)
    }

    /// Opens the cache and checks everything but the pixels; also returns the pixels' checksums.
    fn open_unchecked(path: &Path) -> Result<(Self, Vec<u32>), DataError> {
        let file = File::open(path).map_err(|error| DataError::io(path, error))?;
        let stamp = Stamp::of(&file.metadata().map_err(|error| DataError::io(path, error))?);
        let length = stamp.bytes;
        if length < (HEADER + FOOTER) as u64 {
            let reason = format!("not a decoded cache, or truncated: only {length} bytes long");
            return Err(refuse(path, reason));
        }
        // SAFETY: the map is only read. The type's documentation requires that the file is not
        // modified in place; `build` replaces it by a new file.
        let map = unsafe { Mmap::map(&file) }.map_err(|error| DataError::io(path, error))?;
        let u32_at = |at: usize| u32::from_le_bytes(map[at..at + 4].try_into().expect("4 bytes"));
        let u64_at = |at: usize| u64::from_le_bytes(map[at..at + 8].try_into().expect("8 bytes"));
        if &map[..8] != MAGIC {
            return Err(refuse(path, "not a decoded cache: the magic number is wrong"));
        }
        if u32_at(8) != VERSION {
            let reason = format!(
                "the cache has format version {}, but this program reads version {VERSION}; delete \
                 it to rebuild it",
                u32_at(8)
            );
            return Err(refuse(path, reason));
        }
        let footer = map.len() - FOOTER;
        if &map[map.len() - 8..] != MAGIC {
            return Err(damaged(path, "its end is missing"));
        }
        let (offset, size) = (u64_at(footer) as usize, u64_at(footer + 8) as usize);
        if offset < HEADER || offset.checked_add(size) != Some(footer) {
            return Err(damaged(path, "its length differs from the recorded one"));
        }
        let index = &map[offset..footer];
        if format::footer(offset as u64, index) != map[footer..] {
            return Err(damaged(path, "the checksum of the index does not match"));
        }
        let index = Index::from_bytes(index, offset)
            .ok_or_else(|| damaged(path, "the index does not match the pixels"))?;
        let (short_side, identity) = (u32_at(12) as usize, u64_at(16));
        let Index { entries, classes, bad, checksums } = index;
        let left_out = bad.iter().map(|bad| (bad.name.clone(), Exclusion::Undecodable)).collect();
        let (path, origin) = (path.to_path_buf(), None);
        let cache = Self {
            map,
            path,
            stamp,
            short_side,
            identity,
            entries,
            classes,
            bad,
            origin,
            left_out,
        };
        Ok((cache, checksums))
    }

    fn check_pixels(&self, checksums: &[u32]) -> Result<(), DataError> {
        let end = self.entries.last().map_or(HEADER, |last| last.offset + last.bytes());
        let bar = progress_bar("checking the cache (4 MiB chunks)", checksums.len() as u64);
        let chunks = self.map[..end].par_chunks(CHUNK).zip(checksums).enumerate();
        let differs = chunks.find_map_first(|(number, (chunk, &checksum))| {
            bar.inc(1);
            let ends = interrupt::is_requested();
            (ends || crc32fast::hash(chunk) != checksum).then_some((number * CHUNK, chunk.len()))
        });
        drop(bar);
        interrupt::check()?;
        match differs {
            None => Ok(()),
            Some((start, length)) => {
                let end = start + length;
                let what = format!("the checksum of bytes {start} to {end} does not match");
                Err(damaged(&self.path, &what))
            }
        }
    }
}

fn refuse(path: &Path, reason: impl Into<String>) -> DataError {
    DataError::Cache { path: path.to_path_buf(), reason: reason.into() }
}

fn damaged(path: &Path, what: &str) -> DataError {
    refuse(path, format!("the cache is damaged: {what}; delete it to rebuild it"))
}
