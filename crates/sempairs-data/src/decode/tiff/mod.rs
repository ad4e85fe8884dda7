//! TIFF files: checks of the header, and decoding of the kinds that the `image` crate does not
//! support, in particular palettes.

mod directory;
mod header;

use std::io::Cursor;

use image::metadata::Orientation;
use image::{DynamicImage, GrayImage, ImageBuffer};
use tiff::decoder::{Decoder, DecodingResult};

use super::palette::{look_up, unpack};
use crate::limits;
use directory::Directory;
use header::{Header, tag};

const BLACK_IS_ZERO: u64 = 1;
const WHITE_IS_ZERO: u64 = 0;
const PALETTE: u64 = 3;

/// Checks that the file can hold a picture of the size in its header, and decodes the kinds that
/// are supported here; `None` for all other kinds.
pub(super) fn decode(bytes: &[u8]) -> Result<Option<(DynamicImage, Orientation)>, String> {
    let directory = Directory::of(bytes)?;
    let picture = Header::of(&directory)?;
    picture.check(&directory, bytes)?;
    let image = match (picture.photometric, picture.samples) {
        (PALETTE, 1) => picture.palette(&directory)?,
        (WHITE_IS_ZERO | BLACK_IS_ZERO, 1) if matches!(picture.bits, 2 | 4) => {
            picture.low_bit_grey(&directory)?
        }
        (BLACK_IS_ZERO, 2..) if !picture.planar => picture.grey_with_extra_samples(bytes)?,
        _ => return Ok(None),
    };
    let orientation = u8::try_from(directory.value(tag::ORIENTATION, 1)?).ok();
    let orientation = orientation.and_then(Orientation::from_exif);
    Ok(Some((image, orientation.unwrap_or(Orientation::NoTransforms))))
}

impl Header {
    /// Decodes the palette indices. The `tiff` crate does not support palettes, so the file is read
    /// as if it were greyscale.
    fn indices(&self, directory: &Directory<'_>) -> Result<Vec<u8>, String> {
        let bytes = directory.with_value(tag::PHOTOMETRIC, BLACK_IS_ZERO as u16);
        match self.read(&bytes)? {
            DecodingResult::U8(indices) => Ok(indices),
            _ => Err("its colours have an unknown type".into()),
        }
    }

    fn read(&self, bytes: &[u8]) -> Result<DecodingResult, String> {
        let text = |error: tiff::TiffError| error.to_string();
        let mut limits = tiff::decoder::Limits::default();
        limits.decoding_buffer_size = limits::MAX_BYTES as usize;
        limits.intermediate_buffer_size = limits::MAX_BYTES as usize;
        let decoder = Decoder::new(Cursor::new(bytes)).map_err(text)?;
        decoder.with_limits(limits).read_image().map_err(text)
    }

    fn look_up(&self, indices: &[u8], palette: &[[u8; 3]]) -> Result<DynamicImage, String> {
        let (width, bits) = (self.width as usize, self.bits as usize);
        let indices = unpack(indices, (width * bits).div_ceil(8), width, bits);
        look_up((self.width as u32, self.height as u32), indices, palette)
    }

    fn palette(&self, directory: &Directory<'_>) -> Result<DynamicImage, String> {
        if !matches!(self.bits, 1 | 2 | 4 | 8) || (self.predictor != 1 && self.bits < 8) {
            return Err(format!("a palette with {} bits per pixel is not supported", self.bits));
        }
        let stored = directory.values(tag::COLOURS)?;
        let count = 1 << self.bits;
        if stored.len() != 3 * count {
            return Err(format!(
                "its palette has {} values, but {} are needed for {} bits per pixel",
                stored.len(),
                3 * count,
                self.bits
            ));
        }
        // The values have 16 bits, but some old programs write 8-bit values, which libtiff accepts,
        // too.
        let shift = if stored.iter().all(|&it| it < 256) { 0 } else { 8 };
        let palette: Vec<[u8; 3]> = (0..count)
            .map(|it| [0, 1, 2].map(|channel| (stored[channel * count + it] >> shift) as u8))
            .collect();
        self.look_up(&self.indices(directory)?, &palette)
    }

    /// Decodes greyscale of two or four bits.
    fn low_bit_grey(&self, directory: &Directory<'_>) -> Result<DynamicImage, String> {
        let most = (1u32 << self.bits) - 1;
        let mut palette: Vec<[u8; 3]> = (0..=most).map(|it| [(it * 255 / most) as u8; 3]).collect();
        if self.photometric == WHITE_IS_ZERO {
            palette.reverse();
        }
        self.look_up(&self.indices(directory)?, &palette)
    }

    /// Decodes greyscale with alpha or other extra samples, which are dropped.
    fn grey_with_extra_samples(&self, bytes: &[u8]) -> Result<DynamicImage, String> {
        let (width, height) = (self.width as u32, self.height as u32);
        let samples = self.samples as usize;
        let image = match self.read(bytes)? {
            DecodingResult::U8(all) => {
                let grey = all.chunks_exact(samples).map(|pixel| pixel[0]).collect();
                GrayImage::from_raw(width, height, grey).map(DynamicImage::ImageLuma8)
            }
            DecodingResult::U16(all) => {
                let grey = all.chunks_exact(samples).map(|pixel| pixel[0]).collect();
                ImageBuffer::from_raw(width, height, grey).map(DynamicImage::ImageLuma16)
            }
            _ => return Err("its grey values have an unknown type".into()),
        };
        image.ok_or_else(|| "pixels are missing".into())
    }
}
