use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Split;
use super::cifar_names::{CIFAR10, CIFAR100_COARSE, CIFAR100_FINE};
use super::records::{Records, class_names};
use crate::{DataError, Picture, PictureSource, Stamp};

/// Width and height in pixels.
const SIDE: usize = 32;
/// Number of pixels in a colour channel.
const PLANE: usize = SIDE * SIDE;

/// CIFAR-10 or CIFAR-100, the latter with its fine or coarse labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CifarKind {
    /// CIFAR-10: a record holds the class and 3 channels of 32x32 pixels, 3,073 bytes.
    Cifar10,
    /// CIFAR-100 with its 100 classes: a record holds the superclass, the class and the channels,
    /// 3,074 bytes.
    Cifar100,
    /// CIFAR-100 with its 20 superclasses.
    Cifar100Coarse,
}

impl CifarKind {
    /// Number of label bytes before the pixels of a record.
    fn labels(self) -> usize {
        match self {
            Self::Cifar10 => 1,
            Self::Cifar100 | Self::Cifar100Coarse => 2,
        }
    }

    /// Position of the class among the label bytes.
    fn label(self) -> usize {
        match self {
            Self::Cifar10 | Self::Cifar100Coarse => 0,
            Self::Cifar100 => 1,
        }
    }

    /// Name of the distributed file of class names, and the names to use if the file is missing.
    fn names(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::Cifar10 => ("batches.meta.txt", &CIFAR10),
            Self::Cifar100 => ("fine_label_names.txt", &CIFAR100_FINE),
            Self::Cifar100Coarse => ("coarse_label_names.txt", &CIFAR100_COARSE),
        }
    }

    /// The existing files of a split in `folder`. Some of the five training batches may be missing.
    fn files(self, folder: &Path, split: Split) -> Vec<PathBuf> {
        let names = match (self, split) {
            (Self::Cifar10, Split::Train) => {
                (1..=5).map(|batch| format!("data_batch_{batch}.bin")).collect()
            }
            (Self::Cifar10, Split::Test) => vec!["test_batch.bin".into()],
            (_, Split::Train) => vec!["train.bin".into()],
            (_, Split::Test) => vec!["test.bin".into()],
        };
        names.into_iter().map(|name| folder.join(name)).filter(|path| path.exists()).collect()
    }
}

/// CIFAR-10 or CIFAR-100 in the binary version.
///
/// The files are memory-mapped and must not be truncated while the source is open.
#[derive(Debug)]
pub struct CifarSource {
    kind: CifarKind,
    files: Vec<Records>,
    /// For each file, the index of its first picture.
    starts: Vec<usize>,
    len: usize,
    classes: Vec<String>,
}

impl CifarSource {
    /// Opens `files` as one sequence of pictures. The class names are read from
    /// `batches.meta.txt`, `fine_label_names.txt` or `coarse_label_names.txt` next to the first
    /// file; if it is missing, the published names are used.
    ///
    /// # Errors
    ///
    /// - [`DataError::Length`] for a file that is empty or not a whole number of records.
    /// - [`DataError::Picture`] for a label out of range.
    /// - [`DataError::Layout`] if `files` is empty or the number of class names is wrong.
    /// - [`DataError::Io`] if a file cannot be read.
    pub fn open(kind: CifarKind, files: &[PathBuf]) -> Result<Self, DataError> {
        let (names_file, standard) = kind.names();
        let beside = files.first().and_then(|file| file.parent()).unwrap_or(Path::new(""));
        if files.is_empty() {
            return Err(DataError::layout(beside, "no CIFAR files were given"));
        }
        let classes = class_names(&beside.join(names_file), standard)?;
        let record = kind.labels() + 3 * PLANE;
        let mut source = Self { kind, files: Vec::new(), starts: Vec::new(), len: 0, classes };
        for path in files {
            let records = Records::open(path, record)?;
            for index in 0..records.len() {
                let label = usize::from(records.get(index)[kind.label()]);
                if label >= source.classes.len() {
                    let picture = format!("{}, record {index}", path.display());
                    let most = source.classes.len() - 1;
                    let reason = format!("its class is {label}, but the last class is {most}");
                    return Err(DataError::picture(picture, reason));
                }
            }
            source.starts.push(source.len);
            source.len += records.len();
            source.files.push(records);
        }
        Ok(source)
    }

    /// Opens a split in the folder to which the archive unpacks: `data_batch_1.bin` to
    /// `data_batch_5.bin` (those that exist) and `test_batch.bin`, or `train.bin` and `test.bin`.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open), and [`DataError::Layout`] if none of the files exists.
    pub fn open_folder(
        kind: CifarKind,
        folder: impl AsRef<Path>,
        split: Split,
    ) -> Result<Self, DataError> {
        let folder = folder.as_ref();
        let files = kind.files(folder, split);
        if files.is_empty() {
            let wanted = match (kind, split) {
                (CifarKind::Cifar10, Split::Train) => "data_batch_1.bin ... data_batch_5.bin",
                (CifarKind::Cifar10, Split::Test) => "test_batch.bin",
                (_, Split::Train) => "train.bin",
                (_, Split::Test) => "test.bin",
            };
            return Err(DataError::layout(folder, format!("there is no {wanted} in this folder")));
        }
        Self::open(kind, &files)
    }

    /// The file of a picture and the record in it.
    fn locate(&self, index: usize) -> (&Records, usize) {
        let file = self.starts.partition_point(|&start| start <= index) - 1;
        (&self.files[file], index - self.starts[file])
    }
}

impl PictureSource for CifarSource {
    fn len(&self) -> usize {
        self.len
    }
    fn classes(&self) -> &[String] {
        &self.classes
    }
    fn class(&self, index: usize) -> Option<usize> {
        let (records, record) = self.locate(index);
        Some(records.get(record)[self.kind.label()].into())
    }
    fn name(&self, index: usize) -> String {
        let (records, record) = self.locate(index);
        records.name(record)
    }
    fn read(&self, index: usize) -> Result<Picture<'_>, DataError> {
        let (records, record) = self.locate(index);
        let planes = &records.get(record)[self.kind.labels()..];
        let pixels: Vec<u8> = (0..PLANE)
            .flat_map(|at| [planes[at], planes[PLANE + at], planes[2 * PLANE + at]])
            .collect();
        Ok(Picture::new(SIDE, SIDE, pixels))
    }
    fn location(&self) -> Option<&Path> {
        self.files.first()?.path.parent()
    }
    fn stamp(&self, index: usize) -> Option<Stamp> {
        Some(self.locate(index).0.stamp)
    }
}
