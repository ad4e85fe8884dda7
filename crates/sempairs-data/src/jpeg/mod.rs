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
mod header;
mod huffman;
mod idct;
mod markers;
mod mcu;
mod planes;
mod progressive;
mod render;
mod scan;
mod segments;
mod sequential;

use image::metadata::Orientation;
use image::{DynamicImage, RgbImage};

use crate::Region;
use decoder::Decoder;
pub(crate) use header::Header;

/// Decodes to RGB pixels, to which the returned EXIF orientation has not been applied.
///
/// With a `region`, only this rectangle of the picture as it is stored is decoded to pixels; it
/// must lie within the picture. Its pixels are those of the whole picture, to the bit, and the file
/// is checked as completely: damage outside the rectangle gives the same error.
pub(crate) fn decode(
    bytes: &[u8],
    region: Option<Region>,
) -> Result<(DynamicImage, Orientation), String> {
    let decoded = Decoder::new(bytes, region).decode()?;
    let orientation = decoded.exif.and_then(Orientation::from_exif_chunk);
    let image = from_rgb(decoded.region.width, decoded.region.height, decoded.pixels);
    Ok((image, orientation.unwrap_or(Orientation::NoTransforms)))
}

/// Wraps the decoded pixels as the type to which the orientation is applied.
fn from_rgb(width: usize, height: usize, pixels: Vec<u8>) -> DynamicImage {
    // The sides of a JPEG are 16-bit numbers.
    let image = RgbImage::from_raw(width as u32, height as u32, pixels);
    DynamicImage::ImageRgb8(image.expect("the decoder fills three bytes per pixel"))
}
