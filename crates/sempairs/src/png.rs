//! Writing pictures as PNG files.

use std::io::Write;
use std::path::Path;

use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder};
use sempairs_data::Picture;
use sempairs_internal::write_atomically;

use crate::Error;

/// Writes a picture as PNG, atomically: after an error no partial file remains.
///
/// # Errors
///
/// [`Error::Io`] with the file's name.
pub fn write(path: &Path, picture: &Picture<'_>) -> Result<(), Error> {
    let mut bytes = Vec::new();
    let (width, height) = (picture.width() as u32, picture.height() as u32);
    PngEncoder::new(&mut bytes)
        .write_image(picture.pixels(), width, height, ExtendedColorType::Rgb8)
        .map_err(|e| Error::io(path, std::io::Error::other(e)))?;
    write_atomically(path, |out| out.write_all(&bytes)).map_err(|e| Error::io(path, e))
}
