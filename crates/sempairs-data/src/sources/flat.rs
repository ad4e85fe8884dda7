use std::path::Path;

use super::file_list::Files;
use crate::{DataError, Picture, PictureSource, Region, RegionPicture, Stamp};

/// A folder of pictures without classes, including all its subfolders.
#[derive(Debug)]
pub struct FlatSource {
    files: Files,
}

impl FlatSource {
    /// Lists the pictures below `root`, sorted by path.
    ///
    /// Hidden files, files of the operating system and the usual accompanying files (`.txt`,
    /// `.csv`, `.xml`, ..., unless their content begins like a picture) are
    /// [ignored](Self::ignored). Symbolic links are followed. Other files that are not pictures are
    /// found by [`validate_headers`](crate::validate_headers).
    ///
    /// # Errors
    ///
    /// [`DataError::Io`] for a folder that cannot be read; [`DataError::Layout`] if there are no
    /// pictures.
    pub fn open(root: impl AsRef<Path>) -> Result<Self, DataError> {
        let files = Files::below(root.as_ref())?;
        if files.names.is_empty() {
            return Err(DataError::layout(root.as_ref(), "this folder contains no pictures"));
        }
        Ok(Self { files })
    }

    /// Path of the folder.
    pub fn root(&self) -> &Path {
        &self.files.root
    }

    /// The files that were ignored because of their extension and first bytes, relative to the
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
    fn read_planned(
        &self,
        index: usize,
        plan: &mut dyn FnMut([usize; 2]) -> Region,
    ) -> Result<RegionPicture<'_>, DataError> {
        self.files.read_planned(index, plan)
    }
    fn check_header(&self, index: usize) -> Result<(), DataError> {
        self.files.check_header(index)
    }
    fn location(&self) -> Option<&Path> {
        Some(self.root())
    }
    fn stamp(&self, index: usize) -> Option<Stamp> {
        self.files.stamp(index)
    }
}
