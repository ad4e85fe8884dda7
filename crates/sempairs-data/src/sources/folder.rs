use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::files::Files;
use crate::{DataError, Picture, PictureSource, Stamp};

/// A folder of class folders, as ImageNet and Tiny-ImageNet are laid out.
#[derive(Debug)]
pub struct FolderSource {
    files: Files,
    classes: Vec<String>,
    class: Vec<usize>,
}

impl FolderSource {
    /// Lists the pictures of `root`, of either layout:
    ///
    /// - `root/CLASS/**/picture`: a class is a folder, and everything below it belongs to it, so
    ///   that Tiny-ImageNet's `train/WNID/images/*.JPEG` needs no care;
    /// - `root/images/picture` with `root/val_annotations.txt`, whose lines begin with a file's name
    ///   and its class: Tiny-ImageNet's validation set.
    ///
    /// Classes are numbered in the order of their names and pictures follow the order of their
    /// paths, both by bytes. Hidden files and the usual side files (`.txt`, `.csv`, `.xml`, ..., unless
    /// they begin as a picture does) are [passed over](Self::ignored); links are followed.
    ///
    /// # Errors
    ///
    /// [`DataError::Io`] for a folder that cannot be read or a link that leads nowhere;
    /// [`DataError::Layout`] for a picture outside the class folders, a class without pictures, no
    /// class at all; [`DataError::Line`] for a line of `val_annotations.txt` that names no picture.
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
            return Err(DataError::layout(root, "there is no class folder in this folder"));
        }
        Ok(source)
    }

    fn nested(files: Files) -> Result<Self, DataError> {
        let classes = class_folders(&files.root)?;
        let mut counts = vec![0usize; classes.len()];
        let mut class = Vec::with_capacity(files.names.len());
        for name in &files.names {
            let number = name
                .split_once('/')
                .and_then(|(folder, _)| classes.binary_search_by(|it| it.as_str().cmp(folder)).ok())
                .ok_or_else(|| {
                    let reason = "lies outside the class folders; a folder of pictures without \
                                  classes is opened as a flat source";
                    DataError::layout(files.root.join(name), reason)
                })?;
            counts[number] += 1;
            class.push(number);
        }
        if let Some(empty) = counts.iter().position(|&count| count == 0) {
            let folder = files.root.join(&classes[empty]);
            return Err(DataError::layout(folder, "this class folder holds no picture"));
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
                return Err(wrong("expected a file's name and its class".into()));
            };
            let name = format!("images/{file}");
            if files.names.binary_search(&name).is_err() {
                return Err(wrong(format!("`{name}` is not in {}", files.root.display())));
            }
            if class_of.insert(name, class).is_some() {
                return Err(wrong(format!("`{file}` has a class already")));
            }
        }
        let classes: BTreeSet<&str> = class_of.values().copied().collect();
        let classes: Vec<String> = classes.into_iter().map(String::from).collect();
        let number = |name: &String| {
            let class = class_of.get(name).ok_or_else(|| {
                let reason = format!("no line of {} names it", annotations.display());
                DataError::layout(files.root.join(name), reason)
            })?;
            Ok(classes.binary_search_by(|it| it.as_str().cmp(class)).expect("collected above"))
        };
        let class = files.names.iter().map(number).collect::<Result<_, DataError>>()?;
        Ok(Self { files, classes, class })
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.files.root
    }

    /// The side files, taken for no pictures by their ending and their first bytes, relative to the root.
    pub fn ignored(&self) -> &[String] {
        &self.files.ignored
    }
}

/// The names of the folders in `root`, in the order of their bytes; hidden ones are none.
fn class_folders(root: &Path) -> Result<Vec<String>, DataError> {
    let mut names = Vec::new();
    for entry in fs::read_dir(root).map_err(|error| DataError::io(root, error))? {
        let entry = entry.map_err(|error| DataError::io(root, error))?;
        // The listing of the files has refused names that are not UTF-8.
        let name = entry.file_name().to_string_lossy().into_owned();
        if !name.starts_with('.') && name != "__MACOSX" && entry.path().is_dir() {
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
        Some(self.class[index])
    }
    fn name(&self, index: usize) -> String {
        self.files.names[index].clone()
    }
    fn read(&self, index: usize) -> Result<Picture<'_>, DataError> {
        self.files.read(index)
    }
    fn place(&self) -> Option<&Path> {
        Some(self.root())
    }
    fn stamp(&self, index: usize) -> Option<Stamp> {
        self.files.stamp(index)
    }
}
