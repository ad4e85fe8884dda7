use std::sync::atomic::{AtomicUsize, Ordering};

use sempairs_data::{DataError, Picture, PictureSource};

/// A source of square pictures that are computed from their indices.
///
/// The pictures are uniformly grey with their index as the value, 16 pixels wide, and without
/// classes, unless set otherwise.
#[derive(Debug)]
pub struct Generated {
    count: usize,
    size: usize,
    classes: Vec<String>,
    class: fn(usize) -> Option<usize>,
    byte: fn(usize, usize) -> u8,
    damaged: Option<usize>,
    reads: AtomicUsize,
}

impl Generated {
    /// A source of `count` pictures.
    pub fn new(count: usize) -> Self {
        Self {
            count,
            size: 16,
            classes: Vec::new(),
            class: |_| None,
            byte: |picture, _| picture as u8,
            damaged: None,
            reads: AtomicUsize::new(0),
        }
    }

    /// Sets the width and height in pixels.
    pub fn size(self, size: usize) -> Self {
        Self { size, ..self }
    }

    /// Sets the names of the classes, and the class of each picture.
    pub fn classes(self, names: &[&str], class: fn(usize) -> Option<usize>) -> Self {
        Self { classes: names.iter().map(|&name| name.to_owned()).collect(), class, ..self }
    }

    /// Sets the function that computes byte `b` of the RGB pixels of picture `p` as `byte(p, b)`.
    pub fn bytes(self, byte: fn(usize, usize) -> u8) -> Self {
        Self { byte, ..self }
    }

    /// Makes the reading of one picture fail, if there is one.
    pub fn damaged(self, picture: impl Into<Option<usize>>) -> Self {
        Self { damaged: picture.into(), ..self }
    }

    /// The number of pictures that have been read.
    pub fn reads(&self) -> usize {
        self.reads.load(Ordering::SeqCst)
    }
}

impl PictureSource for Generated {
    fn len(&self) -> usize {
        self.count
    }

    fn classes(&self) -> &[String] {
        &self.classes
    }

    fn class(&self, index: usize) -> Option<usize> {
        (self.class)(index)
    }

    fn name(&self, index: usize) -> String {
        format!("picture {index}")
    }

    fn read(&self, index: usize) -> Result<Picture<'_>, DataError> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        if self.damaged == Some(index) {
            return Err(DataError::picture(self.name(index), "damaged"));
        }
        let bytes = 0..3 * self.size * self.size;
        let pixels: Vec<u8> = bytes.map(|byte| (self.byte)(index, byte)).collect();
        Ok(Picture::new(self.size, self.size, pixels))
    }
}
