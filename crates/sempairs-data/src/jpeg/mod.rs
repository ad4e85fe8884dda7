//! JPEG (ITU-T T.81, JFIF 1.02): sequential and progressive, Huffman-coded, 8 bits a sample.
//!
//! The decoder is strict where other decoders guess: data that end early, bytes that are left over,
//! bits that are no code, scans that are missing are errors, since a picture with a part made up
//! would be trained on. It is lenient where nothing of the picture depends on it: stray bytes
//! between segments, metadata, what follows the end-of-image marker.

mod bits;
mod damage;
mod decoder;
mod frame;
mod huffman;
mod idct;
mod planes;
mod progressive;
mod render;
mod scan;
mod segments;
mod sequential;
mod walk;

use image::DynamicImage;
use image::metadata::Orientation;

use crate::decode::from_rgb;
use decoder::Decoder;

/// Pixels as RGB, not yet turned, and how to turn them.
pub(crate) fn decode(bytes: &[u8]) -> Result<(DynamicImage, Orientation), String> {
    let picture = Decoder::new(bytes).decode()?;
    let orientation = picture.exif.and_then(Orientation::from_exif_chunk);
    let image = from_rgb(picture.width, picture.height, picture.pixels);
    Ok((image, orientation.unwrap_or(Orientation::NoTransforms)))
}
