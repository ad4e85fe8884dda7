use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Split;
use super::cifar_names::{CIFAR10, CIFAR100_COARSE, CIFAR100_FINE};
use super::records::{Records, class_names};
use crate::{DataError, Picture, PictureSource, Stamp};

/// Pixels along a side.
const SIDE: usize = 32;
/// Pixels of one colour channel.
const PLANE: usize = SIDE * SIDE;

/// Which of the two data sets, and which of CIFAR-100's two labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CifarKind {
    /// CIFAR-10: a record is the class and 3 planes of 32x32 pixels, 3,073 bytes.
    Cifar10,
    /// CIFAR-100 by its 100 classes: a record is the superclass, the class and the planes, 3,074 bytes.
    Cifar100,
    /// CIFAR-100 by its 20 superclasses.
    Cifar100Coarse,
}

impl CifarKind {
    /// Bytes before the pixels.
    fn labels(self) -> usize {
        match self {
            Self::Cifar10 => 1,
            Self::Cifar100 | Self::Cifar100Coarse => 2,
        }
    }

    /// Which of those bytes is the class.
    fn label(self) -> usize {
        match self {
            Self::Cifar10 | Self::Cifar100Coarse => 0,
            Self::Cifar100 => 1,
        }
    }

    /// The file of class names as it is distributed, and the names if it is not there.
    fn names(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::Cifar10 => ("batches.meta.txt", &CIFAR10),
            Self::Cifar100 => ("fine_label_names.txt", &CIFAR100_FINE),
            Self::Cifar100Coarse => ("coarse_label_names.txt", &CIFAR100_COARSE),
        }
    }

    /// The files of a split that lie in `folder`; fewer training batches than five are fine.
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
/// The files are memory-mapped and must not be shortened while the source lives.
#[derive(Debug)]
pub struct CifarSource {
    kind: CifarKind,
    files: Vec<Records>,
    /// The number of the first picture of each file.
    starts: Vec<usize>,
    len: usize,
    classes: Vec<String>,
}

impl CifarSource {
    /// The pictures of `files`, one file after the other. Class names are read from the
    /// `batches.meta.txt`, `fine_label_names.txt` or `coarse_label_names.txt` beside the first file,
    /// and are the published ones if it is not there.
    ///
    /// # Errors
    ///
    /// [`DataError::Length`] for a file that is not a whole number of records,
    /// [`DataError::Picture`] for a label out of range, [`DataError::Layout`] for no file at all or
    /// another number of class names, [`DataError::Io`] for what cannot be read.
    pub fn open(kind: CifarKind, files: &[PathBuf]) -> Result<Self, DataError> {
        let (names_file, standard) = kind.names();
        let beside = files.first().and_then(|file| file.parent()).unwrap_or(Path::new(""));
        if files.is_empty() {
            return Err(DataError::layout(beside, "no CIFAR file given"));
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
                    let reason = format!("its class is {label}, where {most} is the last");
                    return Err(DataError::picture(picture, reason));
                }
            }
            source.starts.push(source.len);
            source.len += records.len();
            source.files.push(records);
        }
        Ok(source)
    }

    /// The pictures of a split in the folder that the archives unpack to: `data_batch_1.bin` to
    /// `data_batch_5.bin` (as many as are there) and `test_batch.bin`, or `train.bin` and `test.bin`.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open), and [`DataError::Layout`] if none of the files is there.
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

    /// The file and the record in it.
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
    fn place(&self) -> Option<&Path> {
        self.files.first()?.path.parent()
    }
    fn stamp(&self, index: usize) -> Option<Stamp> {
        Some(self.locate(index).0.stamp)
    }
}
