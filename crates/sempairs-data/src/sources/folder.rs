use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::file_list::{Files, is_ignored};
use crate::{DataError, Picture, PictureSource, Region, RegionPicture, Stamp};

/// A folder with one subfolder per class, as in ImageNet and Tiny-ImageNet.
#[derive(Debug)]
pub struct FolderSource {
    files: Files,
    classes: Vec<String>,
    class: Vec<Option<usize>>,
}

impl FolderSource {
    /// Lists the pictures of `root`, which must have one of two layouts:
    ///
    /// - `root/CLASS/**/picture`: each subfolder of `root` is a class and everything below it
    ///   belongs to the class. This includes Tiny-ImageNet's `train/WNID/images/*.JPEG`.
    /// - `root/images/picture` with `root/val_annotations.txt`, whose lines begin with a file name
    ///   and its class: the validation set of Tiny-ImageNet.
    ///
    /// Classes are numbered in the order of their names and pictures in the order of their paths,
    /// both compared by bytes. Hidden files and folders, those of the operating system (`@eaDir`,
    /// `__MACOSX`, `lost+found`, ...) and the usual accompanying files (`.txt`, `.csv`, `.xml`,
    /// ..., unless their content begins like a picture) are [ignored](Self::ignored). Symbolic
    /// links are followed.
    ///
    /// Every other file is listed as a picture, without opening it.
    /// [`validate_headers`](crate::validate_headers) then finds videos, pictures of unknown formats
    /// and broken links by their first bytes. Such a file may also lie outside the class folders,
    /// in which case it has no class.
    ///
    /// # Errors
    ///
    /// - [`DataError::Io`] for a folder that cannot be read.
    /// - [`DataError::Layout`] for a picture outside the class folders, a class without pictures,
    ///   or no class at all.
    /// - [`DataError::Line`] for a line of `val_annotations.txt` that names no picture.
    pub fn open(root: impl AsRef<Path>) -> Result<Self, DataError> {
        let root = root.as_ref();
        let annotations = root.join("val_annotations.txt");
        let files = Files::below(root)?;
        let source = if annotations.is_file() && root.join("images").is_dir() {
            Self::annotated(files, &annotations)?
        } else {
            Self::nested(files)?
        };
        if source.classes.is_empty() {
            return Err(DataError::layout(root, "this folder contains no class folders"));
        }
        Ok(source)
    }

    fn nested(files: Files) -> Result<Self, DataError> {
        let mut classes = class_folders(&files.root)?;
        // A folder in the list of files is a link to a folder that contains it.
        classes.retain(|class| files.names.binary_search(class).is_err());
        let mut counts = vec![0usize; classes.len()];
        let mut class = Vec::with_capacity(files.names.len());
        for (index, name) in files.names.iter().enumerate() {
            let folder = name.split_once('/').map(|(folder, _)| folder);
            let number = folder
                .and_then(|folder| classes.binary_search_by(|it| it.as_str().cmp(folder)).ok());
            match number {
                Some(number) => counts[number] += 1,
                None if files.check_header(index).is_err() => {}
                None => {
                    let reason = "lies outside the class folders; open a folder of pictures \
                                  without classes as a flat source";
                    return Err(DataError::layout(files.root.join(name), reason));
                }
            }
            class.push(number);
        }
        if let Some(empty) = counts.iter().position(|&count| count == 0) {
            let folder = files.root.join(&classes[empty]);
            return Err(DataError::layout(folder, "this class folder contains no pictures"));
        }
        Ok(Self { files, classes, class })
    }

    fn annotated(files: Files, annotations: &Path) -> Result<Self, DataError> {
        let text =
            fs::read_to_string(annotations).map_err(|error| DataError::io(annotations, error))?;
        let mut class_of = BTreeMap::new();
        for (number, line) in (1u64..).zip(text.lines()) {
            if line.trim().is_empty() {
                continue;
            }
            let wrong = |reason: String| {
                let path = annotations.to_path_buf();
                DataError::Line { path, line: number, reason }
            };
            let mut words = line.split_whitespace();
            let (Some(file), Some(class)) = (words.next(), words.next()) else {
                return Err(wrong("expected a file name and its class".into()));
            };
            let name = format!("images/{file}");
            if files.names.binary_search(&name).is_err() {
                return Err(wrong(format!("`{name}` is not in {}", files.root.display())));
            }
            if class_of.insert(name, class).is_some() {
                return Err(wrong(format!("`{file}` already has a class")));
            }
        }
        let classes: BTreeSet<&str> = class_of.values().copied().collect();
        let classes: Vec<String> = classes.into_iter().map(String::from).collect();
        let number = |(index, name): (usize, &String)| match class_of.get(name) {
            Some(class) => {
                let number = classes.binary_search_by(|it| it.as_str().cmp(class));
                Ok(Some(number.expect("collected above")))
            }
            None if files.check_header(index).is_err() => Ok(None),
            None => {
                let reason = format!("no line of {} names it", annotations.display());
                Err(DataError::layout(files.root.join(name), reason))
            }
        };
        let class = files.names.iter().enumerate().map(number).collect::<Result<_, DataError>>()?;
        Ok(Self { files, classes, class })
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

/// The names of the folders in `root`, sorted by bytes, without hidden ones and those of the
/// operating system.
fn class_folders(root: &Path) -> Result<Vec<String>, DataError> {
    let mut names = Vec::new();
    for entry in fs::read_dir(root).map_err(|error| DataError::io(root, error))? {
        let entry = entry.map_err(|error| DataError::io(root, error))?;
        // The listing of the files has already rejected names that are not UTF-8.
        let name = entry.file_name().to_string_lossy().into_owned();
        if !is_ignored(&name) && entry.path().is_dir() {
            names.push(name);
        }
    }
    names.sort_unstable();
    Ok(names)
}

impl PictureSource for FolderSource {
    fn len(&self) -> usize {
        self.files.names.len()
    }
    fn classes(&self) -> &[String] {
        &self.classes
    }
    fn class(&self, index: usize) -> Option<usize> {
        self.class[index]
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
