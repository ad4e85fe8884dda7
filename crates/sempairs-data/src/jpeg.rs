//! JPEG by way of zune-jpeg itself: the `image` crate asks it to fill what it cannot read with grey
//! and say nothing, which would train on pictures that are half grey.

use image::DynamicImage;
use image::metadata::Orientation;
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use crate::decode::{MAX_PIXELS, from_rgb, too_large};

/// Pixels as RGB, not yet turned, and how to turn them.
pub(crate) fn decode(bytes: &[u8]) -> Result<(DynamicImage, Orientation), String> {
    let layout = Layout::of(bytes)?;
    let options = DecoderOptions::default()
        .set_max_width(usize::from(u16::MAX))
        .set_max_height(usize::from(u16::MAX))
        .jpeg_set_out_colorspace(ColorSpace::RGB)
        // Strictly, stray bytes between segments are an error too; libjpeg skips them, and so do we.
        .set_strict_mode(!layout.stray_bytes);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(|error| error.to_string())?;
    let (width, height) = decoder.dimensions().ok_or("no frame header")?;
    if too_large(width as u64, height as u64) {
        return Err(format!("{width}x{height} is over the limit of {MAX_PIXELS} pixels"));
    }
    if let Some(ColorSpace::MultiBand(components)) = decoder.input_colorspace() {
        return Err(format!("a JPEG of {components} components is of no known colour space"));
    }
    let orientation = decoder.exif().and_then(|exif| Orientation::from_exif_chunk(exif));
    let mut pixels = vec![0; 3 * width * height];
    decoder.decode_into(&mut pixels).map_err(|error| error.to_string())?;
    Ok((from_rgb(width, height, pixels), orientation.unwrap_or(Orientation::NoTransforms)))
}

/// What a walk from marker to marker finds, without decoding anything.
struct Layout {
    /// Bytes between two segments that belong to neither.
    stray_bytes: bool,
}

impl Layout {
    /// Walks to the end-of-image marker (ITU-T T.81, annex B).
    ///
    /// A file that was cut lacks that marker. The decoder alone does not see every cut: in the last
    /// row of blocks it makes the missing bits up.
    fn of(bytes: &[u8]) -> Result<Self, String> {
        const START_OF_IMAGE: u8 = 0xD8;
        const START_OF_SCAN: u8 = 0xDA;
        const END_OF_IMAGE: u8 = 0xD9;
        let mut layout = Self { stray_bytes: false };
        let mut at = 2; // behind the start-of-image marker, by which the format was guessed
        let mut in_scan = false;
        loop {
            let cut = || format!("cut short: no end-of-image marker in its {} bytes", bytes.len());
            let marker = at
                + bytes
                    .get(at..)
                    .ok_or_else(cut)?
                    .iter()
                    .position(|&b| b == 0xFF)
                    .ok_or_else(cut)?;
            layout.stray_bytes |= !in_scan && marker > at;
            at = marker + 1;
            match *bytes.get(at).ok_or_else(cut)? {
                0xFF => {} // a fill byte: the marker begins with the last of them
                // In a scan, FF 00 is the byte FF, and D0 to D7 restart the coder.
                0x00 | 0xD0..=0xD7 => {
                    layout.stray_bytes |= !in_scan;
                    at += 1;
                }
                START_OF_IMAGE | 0x01 => at += 1, // markers without a segment
                END_OF_IMAGE => return Ok(layout),
                code => {
                    let length = bytes.get(at + 1..at + 3).ok_or_else(cut)?;
                    at += 1 + usize::from(u16::from_be_bytes([length[0], length[1]]));
                    in_scan = code == START_OF_SCAN;
                }
            }
        }
    }
}
