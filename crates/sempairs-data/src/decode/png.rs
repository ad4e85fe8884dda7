//! PNG files, decoded with the `png` crate directly. Through the `image` crate, a palette that ends
//! within a colour causes a panic, colours missing from the palette become black, and unneeded
//! profiles and texts are decompressed.

use std::io::Cursor;

use image::metadata::Orientation;
use image::{DynamicImage, ImageBuffer};
use png::{BitDepth, ColorType, DecodingError, Transformations};

use super::palette::{colours, look_up, unpack};
use crate::limits;

/// Maximum compression ratio of deflate: a length of 258 bytes takes at least two bits.
pub(super) const DEFLATE: u64 = 1032;

pub(super) fn decode(bytes: &[u8]) -> Result<(DynamicImage, Orientation), String> {
    let text = |error: DecodingError| error.to_string();
    let mut reader = open(bytes)?;
    let buffer = reader.output_buffer_size().ok_or("its size is out of range")?;
    let mut pixels = vec![0; buffer];
    let frame = reader.next_frame(&mut pixels).map_err(text)?;
    let orientation = orientation(reader.info());
    let (width, height) = (frame.width, frame.height);
    let image = if reader.info().color_type == ColorType::Indexed {
        let palette = reader.info().palette.as_deref().ok_or("it has no palette")?;
        let bits = frame.bit_depth as usize;
        let indices = unpack(&pixels, frame.line_size, width as usize, bits);
        look_up((width, height), indices, &colours(palette))?
    } else {
        use DynamicImage as D;
        match frame.bit_depth {
            BitDepth::Eight => {}
            BitDepth::Sixteen => to_8_bits(&mut pixels),
            bits => return Err(format!("a PNG with {bits:?} bits per sample is not supported")),
        }
        let sides = (width, height);
        let image = match frame.color_type {
            ColorType::Grayscale => buffer_of(sides, pixels).map(D::ImageLuma8),
            ColorType::GrayscaleAlpha => buffer_of(sides, pixels).map(D::ImageLumaA8),
            ColorType::Rgb => buffer_of(sides, pixels).map(D::ImageRgb8),
            ColorType::Rgba => buffer_of(sides, pixels).map(D::ImageRgba8),
            ColorType::Indexed => return Err("it has no palette".into()),
        };
        image.ok_or("pixels are missing")?
    };
    Ok((image, orientation))
}

fn orientation(info: &png::Info) -> Orientation {
    let exif = info.exif_metadata.as_ref();
    let orientation = exif.and_then(|exif| Orientation::from_exif_chunk(exif));
    orientation.unwrap_or(Orientation::NoTransforms)
}

/// Checks the header and reads the chunks before the pixels.
fn open(bytes: &[u8]) -> Result<png::Reader<Cursor<&[u8]>>, String> {
    let header = Header::of(bytes)?;
    limits::check(
        header.sides.0.into(),
        header.sides.1.into(),
        (bytes.len() as u64).saturating_mul(DEFLATE * 8) / header.bits_per_pixel(),
    )?;
    // Memory for the decoded samples (at least one byte each) and for their conversion to RGB.
    let raw = header.bits_per_pixel().max(8 * header.channels()).div_ceil(8);
    let pixels = u64::from(header.sides.0) * u64::from(header.sides.1);
    // A transparent colour is expanded to an alpha channel.
    limits::check_memory(pixels * (raw + u64::from(header.bits.div_ceil(8)) + 3))?;
    let indexed = header.colour == INDEXED;
    if indexed {
        check_palette(bytes)?;
    }
    // Texts, profiles and EXIF take no more memory than the file; the pixels are bounded above.
    let limits = png::Limits { bytes: limits::MAX_BYTES as usize };
    let mut decoder = png::Decoder::new_with_limits(Cursor::new(bytes), limits);
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    // The palette is looked up after decoding; the decoder expands samples of less than eight bits.
    decoder.set_transformations(if indexed {
        Transformations::IDENTITY
    } else {
        Transformations::EXPAND
    });
    decoder.read_info().map_err(|error| error.to_string())
}

fn buffer_of<P: image::Pixel>(
    (width, height): (u32, u32),
    samples: Vec<P::Subpixel>,
) -> Option<ImageBuffer<P, Vec<P::Subpixel>>> {
    ImageBuffer::from_raw(width, height, samples)
}

/// Rounds big-endian 16-bit samples to 8 bits, in place.
fn to_8_bits(samples: &mut Vec<u8>) {
    let count = samples.len() / 2;
    for at in 0..count {
        let sample = u16::from_be_bytes([samples[2 * at], samples[2 * at + 1]]);
        samples[at] = ((u32::from(sample) + 128) / 257) as u8;
    }
    samples.truncate(count);
}

/// Number of the colour type with a palette.
const INDEXED: u8 = 3;

/// The header chunk (PNG specification, 11.2.1).
struct Header {
    sides: (u32, u32),
    bits: u8,
    colour: u8,
}

impl Header {
    fn of(bytes: &[u8]) -> Result<Self, String> {
        let mut chunks = Chunks { bytes, at: 8 };
        let body = match chunks.next() {
            Some((b"IHDR", body)) if body.len() == 13 => body,
            _ => return Err("truncated, or without a header at its beginning".into()),
        };
        let side =
            |at: usize| u32::from_be_bytes([body[at], body[at + 1], body[at + 2], body[at + 3]]);
        Ok(Self { sides: (side(0), side(4)), bits: body[8], colour: body[9] })
    }

    /// Stored bits per pixel; for an invalid combination, the smallest possible number.
    fn bits_per_pixel(&self) -> u64 {
        u64::from(self.bits.max(1)) * self.channels()
    }

    fn channels(&self) -> u64 {
        match self.colour {
            2 => 3,
            4 => 2,
            6 => 4,
            _ => 1,
        }
    }
}

fn check_palette(bytes: &[u8]) -> Result<(), String> {
    for (name, body) in (Chunks { bytes, at: 8 }) {
        match name {
            b"PLTE" if body.is_empty() || body.len() > 768 || !body.len().is_multiple_of(3) => {
                return Err(format!(
                    "its palette has {} bytes, but needs 3 bytes for each of 1 to 256 colours",
                    body.len()
                ));
            }
            b"PLTE" => return Ok(()),
            b"IDAT" => break,
            _ => {}
        }
    }
    Err("it has no palette, but its pixels are palette indices".into())
}

/// Iterator over the names and contents of the chunks, up to a truncated one.
struct Chunks<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Iterator for Chunks<'a> {
    type Item = (&'a [u8; 4], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (length, rest) = self.bytes.get(self.at..)?.split_first_chunk::<4>()?;
        let (name, rest) = rest.split_first_chunk::<4>()?;
        let length = u32::from_be_bytes(*length) as usize;
        // The chunk also has a length, a name and a checksum of four bytes each.
        self.at = self.at.checked_add(length)?.checked_add(12)?;
        Some((name, rest.get(..length)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_of_16_bits_are_rounded_as_the_image_crate_rounds_them() {
        let all: Vec<u16> = (0..=u16::MAX).collect();
        let mut bytes: Vec<u8> = all.iter().flat_map(|sample| sample.to_be_bytes()).collect();
        to_8_bits(&mut bytes);
        let image: ImageBuffer<image::Luma<u16>, _> = buffer_of((256, 256), all).unwrap();
        let eight = DynamicImage::ImageLuma16(image).into_rgb8();
        assert!(eight.pixels().zip(&bytes).all(|(pixel, &byte)| pixel.0 == [byte; 3]));
    }
}
