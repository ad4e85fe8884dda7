//! JPEG decoder (ITU-T T.81, JFIF 1.02): sequential and progressive, Huffman-coded, 8 bits per
//! sample.
//!
//! Data that end early, surplus bytes, invalid codes and missing scans are errors. Other decoders
//! fill in the missing parts of such a picture, and training would use the result. Errors that do
//! not affect the pixels are tolerated: stray bytes between segments, damaged metadata, data after
//! the end-of-image marker.

mod bit_reader;
mod damage;
mod decoder;
mod frame;
mod huffman;
mod idct;
mod mcu;
mod planes;
mod progressive;
mod render;
mod scan;
mod segments;
mod sequential;

use image::DynamicImage;
use image::metadata::Orientation;

use crate::decode::from_rgb;
use decoder::Decoder;

/// Decodes to RGB pixels, to which the returned EXIF orientation has not been applied.
pub(crate) fn decode(bytes: &[u8]) -> Result<(DynamicImage, Orientation), String> {
    let picture = Decoder::new(bytes).decode()?;
    let orientation = picture.exif.and_then(Orientation::from_exif_chunk);
    let image = from_rgb(picture.width, picture.height, picture.pixels);
    Ok((image, orientation.unwrap_or(Orientation::NoTransforms)))
}
