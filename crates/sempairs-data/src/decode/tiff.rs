//! TIFF files: what they state, and the kinds that the `image` crate does not know, first of all palettes.

use std::io::Cursor;

use image::metadata::Orientation;
use image::{DynamicImage, GrayImage, ImageBuffer};
use tiff::decoder::{Decoder, DecodingResult};

use super::gif::LZW;
use super::indexed::{look_up, unpack};
use super::png::DEFLATE;
use super::size;
use super::tiff_directory::Directory;
use crate::jpeg;

mod tag {
    pub(super) const SUBFILE: u16 = 254;
    pub(super) const WIDTH: u16 = 256;
    pub(super) const HEIGHT: u16 = 257;
    pub(super) const BITS: u16 = 258;
    pub(super) const COMPRESSION: u16 = 259;
    pub(super) const PHOTOMETRIC: u16 = 262;
    pub(super) const ORIENTATION: u16 = 274;
    pub(super) const SAMPLES: u16 = 277;
    pub(super) const STRIP_ROWS: u16 = 278;
    pub(super) const PLANAR: u16 = 284;
    pub(super) const PREDICTOR: u16 = 317;
    pub(super) const COLOURS: u16 = 320;
    pub(super) const TILE_WIDTH: u16 = 322;
    pub(super) const TILE_HEIGHT: u16 = 323;
    pub(super) const EXTRA_SAMPLES: u16 = 338;
    pub(super) const SAMPLE_FORMAT: u16 = 339;
    pub(super) const JPEG_TABLES: u16 = 347;
    pub(super) const SUBSAMPLING: u16 = 530;
    pub(super) const DNG_VERSION: u16 = 50706;
    /// Where the strips or tiles lie, and how long they are.
    pub(super) const CHUNKS: [(u16, u16); 2] = [(273, 279), (324, 325)];
}

const BLACK_IS_ZERO: u64 = 1;
const WHITE_IS_ZERO: u64 = 0;
const PALETTE: u64 = 3;

/// The pixels of the kinds of picture that are decoded here, once the file has been found to hold what it
/// states; `None` for all other kinds.
pub(super) fn decode(bytes: &[u8]) -> Result<Option<(DynamicImage, Orientation)>, String> {
    let directory = Directory::of(bytes)?;
    let picture = Stated::of(&directory)?;
    picture.check(&directory, bytes)?;
    let image = match (picture.photometric, picture.samples) {
        (PALETTE, 1) => picture.palette(&directory)?,
        (WHITE_IS_ZERO | BLACK_IS_ZERO, 1) if matches!(picture.bits, 2 | 4) => {
            picture.shades(&directory)?
        }
        (BLACK_IS_ZERO, 2..) if !picture.planar => picture.grey_with_more(bytes)?,
        _ => return Ok(None),
    };
    let orientation = u8::try_from(directory.value(tag::ORIENTATION, 1)?).ok();
    let orientation = orientation.and_then(Orientation::from_exif);
    Ok(Some((image, orientation.unwrap_or(Orientation::NoTransforms))))
}

/// What the tags say.
struct Stated {
    width: u64,
    height: u64,
    bits: u64,
    samples: u64,
    compression: u64,
    photometric: u64,
    planar: bool,
    predictor: u64,
}

impl Stated {
    fn of(directory: &Directory<'_>) -> Result<Self, String> {
        let picture = Self {
            width: directory.value(tag::WIDTH, 0)?,
            height: directory.value(tag::HEIGHT, 0)?,
            bits: directory.value(tag::BITS, 1)?,
            samples: directory.value(tag::SAMPLES, 1)?,
            compression: directory.value(tag::COMPRESSION, 1)?,
            photometric: directory.value(tag::PHOTOMETRIC, u64::MAX)?,
            planar: directory.value(tag::PLANAR, 1)? == 2,
            predictor: directory.value(tag::PREDICTOR, 1)?,
        };
        // The decoder reads these, too, and takes memory for as many numbers as they state.
        for tag in [
            tag::EXTRA_SAMPLES,
            tag::SAMPLE_FORMAT,
            tag::JPEG_TABLES,
            tag::SUBSAMPLING,
            tag::ORIENTATION,
        ] {
            directory.values(tag)?;
        }
        // A raw photo begins with a preview of it.
        if directory.value(tag::SUBFILE, 0)? & 1 == 1 || directory.has(tag::DNG_VERSION) {
            return Err(
                "its first picture is but a preview of another, as in a raw photo, which is \
                        not supported; convert it to JPEG or PNG"
                    .into(),
            );
        }
        let unsupported = match picture.photometric {
            6 => "YCbCr colours",
            8..=10 => "L*a*b* colours",
            32803 | 34892 => "a raw photo",
            _ => return Ok(picture),
        };
        Err(format!("a TIFF of {unsupported}, which is not supported; convert it to JPEG or PNG"))
    }

    /// Whether the strips or tiles lie within the file and can hold the picture.
    fn check(&self, directory: &Directory<'_>, bytes: &[u8]) -> Result<(), String> {
        if !(1..=64).contains(&self.bits) || !(1..=16).contains(&self.samples) {
            let (samples, bits) = (self.samples, self.bits);
            return Err(format!("a TIFF of {samples} samples of {bits} bits is not supported"));
        }
        let mut stored = 0u64;
        let sides = self.chunk_sides(directory)?;
        for (offsets, lengths) in tag::CHUNKS {
            let (offsets, lengths) = (directory.values(offsets)?, directory.values(lengths)?);
            for (number, (&offset, &length)) in offsets.iter().zip(&lengths).enumerate() {
                // Uncompressed, the length that counts is that of the pixels.
                let needed = match self.compression {
                    1 => sides.bytes(self, number as u64),
                    _ => length.max(1),
                };
                let end = offset.saturating_add(needed);
                if length < needed || end > bytes.len() as u64 {
                    let total = bytes.len();
                    return Err(format!(
                        "cut short: part {number} of its pixels ends at byte {end} of {total}, or is \
                         shorter than its pixels"
                    ));
                }
                stored += length;
                if self.compression == 7 {
                    check_jpeg(directory, &bytes[offset as usize..end as usize])
                        .map_err(|reason| format!("part {number} of its pixels: {reason}"))?;
                }
            }
        }
        let bits_per_pixel = self.bits * self.samples;
        let room = match self.compression {
            1 => stored.saturating_mul(8) / bits_per_pixel,
            5 => stored.saturating_mul(8 * LZW) / bits_per_pixel,
            8 | 32946 => stored.saturating_mul(8 * DEFLATE) / bits_per_pixel,
            32773 => stored.saturating_mul(8 * 64) / bits_per_pixel,
            // Of fax code a bit may stand for a row.
            2..=4 => stored.saturating_mul(8).saturating_mul(self.width),
            _ => stored.saturating_mul(4096),
        };
        size::check(self.width, self.height, room)?;
        size::check(sides.width, sides.height.min(self.height), room)
    }

    fn chunk_sides(&self, directory: &Directory<'_>) -> Result<Chunk, String> {
        let (width, height) = match directory.has(tag::TILE_WIDTH) {
            true => (directory.value(tag::TILE_WIDTH, 0)?, directory.value(tag::TILE_HEIGHT, 0)?),
            false => (self.width, directory.value(tag::STRIP_ROWS, self.height)?),
        };
        if width == 0 || height == 0 {
            return Err(format!("its pixels come in parts of {width}x{height}"));
        }
        Ok(Chunk { width, height, tiles: directory.has(tag::TILE_WIDTH) })
    }

    /// The picture with its pixels as numbers of colours: `tiff` knows no palette, but grey of few bits.
    fn indices(&self, directory: &Directory<'_>) -> Result<Vec<u8>, String> {
        let bytes = directory.with_value(tag::PHOTOMETRIC, BLACK_IS_ZERO as u16);
        match self.read(&bytes)? {
            DecodingResult::U8(indices) => Ok(indices),
            _ => Err("its colours are of no known kind".into()),
        }
    }

    fn read(&self, bytes: &[u8]) -> Result<DecodingResult, String> {
        let text = |error: tiff::TiffError| error.to_string();
        let mut limits = tiff::decoder::Limits::default();
        limits.decoding_buffer_size = size::MAX_BYTES as usize;
        limits.intermediate_buffer_size = size::MAX_BYTES as usize;
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
            return Err(format!("a palette of {} bits a pixel is not supported", self.bits));
        }
        let stored = directory.values(tag::COLOURS)?;
        let count = 1 << self.bits;
        if stored.len() != 3 * count {
            return Err(format!(
                "its palette has {} numbers, where {} belong to {} bits a pixel",
                stored.len(),
                3 * count,
                self.bits
            ));
        }
        // They are of 16 bits, but some old writers store 8, as libtiff knows.
        let shift = if stored.iter().all(|&it| it < 256) { 0 } else { 8 };
        let palette: Vec<[u8; 3]> = (0..count)
            .map(|it| [0, 1, 2].map(|channel| (stored[channel * count + it] >> shift) as u8))
            .collect();
        self.look_up(&self.indices(directory)?, &palette)
    }

    /// Grey of two or four bits.
    fn shades(&self, directory: &Directory<'_>) -> Result<DynamicImage, String> {
        let most = (1u32 << self.bits) - 1;
        let mut palette: Vec<[u8; 3]> = (0..=most).map(|it| [(it * 255 / most) as u8; 3]).collect();
        if self.photometric == WHITE_IS_ZERO {
            palette.reverse();
        }
        self.look_up(&self.indices(directory)?, &palette)
    }

    /// Grey with alpha or whatever else comes with it, which is dropped.
    fn grey_with_more(&self, bytes: &[u8]) -> Result<DynamicImage, String> {
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
            _ => return Err("its grey is of no known kind".into()),
        };
        image.ok_or_else(|| "pixels are missing".into())
    }
}

/// Sides of the strips or tiles.
struct Chunk {
    width: u64,
    height: u64,
    tiles: bool,
}

impl Chunk {
    /// The bytes that part `number` takes uncompressed.
    fn bytes(&self, picture: &Stated, number: u64) -> u64 {
        let samples = if picture.planar { 1 } else { picture.samples };
        let row = self.width.saturating_mul(picture.bits * samples).div_ceil(8);
        // Tiles are whole; the last strip of a plane is as high as what is left.
        let rows = match self.tiles {
            true => self.height,
            false => {
                let strip = number % picture.height.div_ceil(self.height).max(1);
                self.height.min(picture.height.saturating_sub(strip.saturating_mul(self.height)))
            }
        };
        row.saturating_mul(rows)
    }
}

/// Whether a part that is a JPEG is one that is whole: the decoder that `tiff` uses fills gaps with grey.
fn check_jpeg(directory: &Directory<'_>, part: &[u8]) -> Result<(), String> {
    let tables = directory.values(tag::JPEG_TABLES)?;
    let tables: Vec<u8> = tables.into_iter().map(|byte| byte as u8).collect();
    let file = match (tables.len(), part.get(2..)) {
        (4.., Some(part)) => [&tables[..tables.len() - 2], part].concat(),
        _ => part.to_vec(),
    };
    jpeg::decode(&file).map(drop)
}
