//! Files of fixed-size records, as used by the binary versions of CIFAR and STL-10.

use std::fs::File;
use std::path::{Path, PathBuf};

use memmap2::Mmap;

use crate::{DataError, Stamp};

/// A memory-mapped file of fixed-size records.
#[derive(Debug)]
pub(crate) struct Records {
    pub(crate) path: PathBuf,
    /// Length and modification time of the file when it was opened.
    pub(crate) stamp: Stamp,
    map: Mmap,
    record: usize,
}

impl Records {
    /// Maps a file whose length must be a positive multiple of `record` bytes.
    pub(crate) fn open(path: &Path, record: usize) -> Result<Self, DataError> {
        let file = File::open(path).map_err(|error| DataError::io(path, error))?;
        let stamp = Stamp::of(&file.metadata().map_err(|error| DataError::io(path, error))?);
        let actual = stamp.bytes;
        if actual == 0 || !actual.is_multiple_of(record as u64) {
            return Err(DataError::Length { path: path.to_path_buf(), record, actual });
        }
        // SAFETY: the map is only read, and the documentation of the sources forbids truncating the
        // file while the source is open.
        let map = unsafe { Mmap::map(&file) }.map_err(|error| DataError::io(path, error))?;
        Ok(Self { path: path.to_path_buf(), stamp, map, record })
    }

    /// Returns the number of records.
    pub(crate) fn len(&self) -> usize {
        self.map.len() / self.record
    }

    /// The bytes of the record at `index`.
    pub(crate) fn get(&self, index: usize) -> &[u8] {
        &self.map[index * self.record..][..self.record]
    }

    /// The name of the record at `index`: the file name and the index from zero, as `FILE#INDEX`.
    pub(crate) fn name(&self, index: usize) -> String {
        let file = self.path.file_name().unwrap_or(self.path.as_os_str());
        format!("{}#{index}", file.to_string_lossy())
    }
}

/// Reads a file of class names, one per line, which must have as many names as `standard`. Returns
/// `standard` if the file does not exist.
pub(crate) fn class_names(path: &Path, standard: &[&str]) -> Result<Vec<String>, DataError> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Ok(standard.iter().map(|name| name.to_string()).collect());
        }
        Err(error) => return Err(DataError::io(path, error)),
    };
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let names: Vec<String> = lines.map(String::from).collect();
    if names.len() != standard.len() {
        let reason = format!("{} class names, but there must be {}", names.len(), standard.len());
        return Err(DataError::layout(path, reason));
    }
    Ok(names)
}
