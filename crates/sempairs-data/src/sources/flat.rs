use std::path::Path;

use super::files::Files;
use crate::{DataError, Picture, PictureSource, Stamp};

/// A folder of pictures without classes, with any folders within it.
#[derive(Debug)]
pub struct FlatSource {
    files: Files,
}

impl FlatSource {
    /// Lists the pictures below `root` in the order of their paths; hidden files, the system's and
    /// the usual side files (`.txt`, `.csv`, `.xml`, ..., unless they begin as a picture does) are
    /// [passed over](Self::ignored), links are followed. Files that are no pictures are found by
    /// [`validate_headers`](crate::validate_headers).
    ///
    /// # Errors
    ///
    /// [`DataError::Io`] for a folder that cannot be read, [`DataError::Layout`] if there is no
    /// picture.
    pub fn open(root: impl AsRef<Path>) -> Result<Self, DataError> {
        let files = Files::below(root.as_ref())?;
        if files.names.is_empty() {
            return Err(DataError::layout(root.as_ref(), "there is no picture in this folder"));
        }
        Ok(Self { files })
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.files.root
    }

    /// The side files, taken for no pictures by their ending and their first bytes, relative to the
    /// root.
    pub fn ignored(&self) -> &[String] {
        &self.files.ignored
    }
}

impl PictureSource for FlatSource {
    fn len(&self) -> usize {
        self.files.names.len()
    }
    fn classes(&self) -> &[String] {
        &[]
    }
    fn class(&self, _index: usize) -> Option<usize> {
        None
    }
    fn name(&self, index: usize) -> String {
        self.files.names[index].clone()
    }
    fn read(&self, index: usize) -> Result<Picture<'_>, DataError> {
        self.files.read(index)
    }
    fn peek(&self, index: usize) -> Result<(), DataError> {
        self.files.peek(index)
    }
    fn place(&self) -> Option<&Path> {
        Some(self.root())
    }
    fn stamp(&self, index: usize) -> Option<Stamp> {
        self.files.stamp(index)
    }
}
