//! Files that are nothing but records of one size.

use std::fs::File;
use std::path::{Path, PathBuf};

use memmap2::Mmap;

use crate::{DataError, Stamp};

/// A memory-mapped file of records, of which none is read before it is asked for.
#[derive(Debug)]
pub(crate) struct Records {
    pub(crate) path: PathBuf,
    /// As the file was when it was opened.
    pub(crate) stamp: Stamp,
    map: Mmap,
    record: usize,
}

impl Records {
    /// Maps a file whose length must be a multiple of `record` bytes.
    pub(crate) fn open(path: &Path, record: usize) -> Result<Self, DataError> {
        let file = File::open(path).map_err(|error| DataError::io(path, error))?;
        let stamp = Stamp::of(&file.metadata().map_err(|error| DataError::io(path, error))?);
        let actual = stamp.bytes;
        if actual == 0 || !actual.is_multiple_of(record as u64) {
            return Err(DataError::Length { path: path.to_path_buf(), record, actual });
        }
        // SAFETY: the map is only read. Like every map of a file it relies on nobody shortening
        // that file meanwhile, which the sources' documentation asks for.
        let map = unsafe { Mmap::map(&file) }.map_err(|error| DataError::io(path, error))?;
        Ok(Self { path: path.to_path_buf(), stamp, map, record })
    }

    /// How many records there are.
    pub(crate) fn len(&self) -> usize {
        self.map.len() / self.record
    }

    /// The bytes of record `index`.
    pub(crate) fn get(&self, index: usize) -> &[u8] {
        &self.map[index * self.record..][..self.record]
    }

    /// What to call record `index`: the file's own name and the record's number from zero.
    pub(crate) fn name(&self, index: usize) -> String {
        let file = self.path.file_name().unwrap_or(self.path.as_os_str());
        format!("{}#{index}", file.to_string_lossy())
    }
}

/// The lines of a file of class names, of which there must be as many as in `standard`; `standard`
/// itself if there is no such file.
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
        let reason = format!("{} class names where {} belong", names.len(), standard.len());
        return Err(DataError::layout(path, reason));
    }
    Ok(names)
}
