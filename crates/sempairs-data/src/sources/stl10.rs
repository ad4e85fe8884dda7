use std::path::Path;

use serde::{Deserialize, Serialize};

use super::records::{Records, class_names};
use crate::{DataError, Picture, PictureSource, Stamp};

/// Width and height in pixels.
const SIDE: usize = 96;
/// Number of pixels in a colour channel.
const PLANE: usize = SIDE * SIDE;

/// The class names in the order of their labels, from `class_names.txt` of the binary distribution.
const CLASSES: [&str; 10] =
    ["airplane", "bird", "car", "cat", "deer", "dog", "horse", "monkey", "ship", "truck"];

/// One of the three parts of STL-10.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stl10Split {
    /// 5,000 labelled pictures.
    Train,
    /// 8,000 labelled pictures.
    Test,
    /// 100,000 unlabelled pictures, of the same and of other classes.
    Unlabelled,
}

/// STL-10 in the binary version: pictures of 96x96 pixels, stored channel by channel and each
/// channel column by column.
///
/// The pictures are memory-mapped, since the unlabelled set takes 2.7 GB. The file must not be
/// truncated while the source is open.
#[derive(Debug)]
pub struct Stl10Source {
    pictures: Records,
    /// Labels from 1 to 10; `None` for the unlabelled set.
    labels: Option<Vec<u8>>,
    classes: Vec<String>,
}

impl Stl10Source {
    /// Opens a part in the folder to which the archive unpacks: `train_X.bin` with `train_y.bin`,
    /// `test_X.bin` with `test_y.bin`, or `unlabeled_X.bin`. The class names are read from
    /// `class_names.txt`; if it is missing, the published names are used.
    ///
    /// # Errors
    ///
    /// - [`DataError::Length`] for a file that is empty or not a whole number of pictures.
    /// - [`DataError::Layout`] if the number of labels differs from the number of pictures, or the
    ///   number of class names is not ten.
    /// - [`DataError::Picture`] for a label that is not from 1 to 10.
    /// - [`DataError::Io`] if a file cannot be read.
    pub fn open(folder: impl AsRef<Path>, split: Stl10Split) -> Result<Self, DataError> {
        let folder = folder.as_ref();
        let (pictures, labels) = match split {
            Stl10Split::Train => ("train_X.bin", Some("train_y.bin")),
            Stl10Split::Test => ("test_X.bin", Some("test_y.bin")),
            Stl10Split::Unlabelled => ("unlabeled_X.bin", None),
        };
        let pictures = Records::open(&folder.join(pictures), 3 * PLANE)?;
        let Some(labels) = labels else {
            return Ok(Self { pictures, labels: None, classes: Vec::new() });
        };
        let path = folder.join(labels);
        let labels = std::fs::read(&path).map_err(|error| DataError::io(&path, error))?;
        if labels.len() != pictures.len() {
            let reason = format!(
                "{} labels for the {} pictures of {}",
                labels.len(),
                pictures.len(),
                pictures.path.display()
            );
            return Err(DataError::layout(path, reason));
        }
        if let Some(index) = labels.iter().position(|label| !(1..=10).contains(label)) {
            let reason = format!("its label is {}, but must be from 1 to 10", labels[index]);
            return Err(DataError::picture(format!("{}, record {index}", path.display()), reason));
        }
        let classes = class_names(&folder.join("class_names.txt"), &CLASSES)?;
        Ok(Self { pictures, labels: Some(labels), classes })
    }
}

impl PictureSource for Stl10Source {
    fn len(&self) -> usize {
        self.pictures.len()
    }
    fn classes(&self) -> &[String] {
        &self.classes
    }
    fn class(&self, index: usize) -> Option<usize> {
        self.labels.as_ref().map(|labels| usize::from(labels[index]) - 1)
    }
    fn name(&self, index: usize) -> String {
        self.pictures.name(index)
    }
    fn read(&self, index: usize) -> Result<Picture<'_>, DataError> {
        let planes = self.pictures.get(index);
        let mut pixels = Vec::with_capacity(3 * PLANE);
        for y in 0..SIDE {
            for x in 0..SIDE {
                let at = x * SIDE + y;
                pixels.extend([planes[at], planes[PLANE + at], planes[2 * PLANE + at]]);
            }
        }
        Ok(Picture::new(SIDE, SIDE, pixels))
    }
    fn location(&self) -> Option<&Path> {
        self.pictures.path.parent()
    }
    fn stamp(&self, _index: usize) -> Option<Stamp> {
        Some(self.pictures.stamp)
    }
}
