//! Properties of a TIFF picture according to its tags, and checks that the file can hold it.

use super::directory::Directory;
use crate::decode::gif::LZW;
use crate::decode::png::DEFLATE;
use crate::{jpeg, limits};

/// Tag numbers (TIFF 6.0, appendix A).
pub(super) mod tag {
    pub(crate) const SUBFILE: u16 = 254;
    pub(crate) const WIDTH: u16 = 256;
    pub(crate) const HEIGHT: u16 = 257;
    pub(crate) const BITS: u16 = 258;
    pub(crate) const COMPRESSION: u16 = 259;
    pub(crate) const PHOTOMETRIC: u16 = 262;
    pub(crate) const ORIENTATION: u16 = 274;
    pub(crate) const SAMPLES: u16 = 277;
    pub(crate) const STRIP_ROWS: u16 = 278;
    pub(crate) const PLANAR: u16 = 284;
    pub(crate) const PREDICTOR: u16 = 317;
    pub(crate) const COLOURS: u16 = 320;
    pub(crate) const TILE_WIDTH: u16 = 322;
    pub(crate) const TILE_HEIGHT: u16 = 323;
    pub(crate) const EXTRA_SAMPLES: u16 = 338;
    pub(crate) const SAMPLE_FORMAT: u16 = 339;
    pub(crate) const JPEG_TABLES: u16 = 347;
    pub(crate) const SUBSAMPLING: u16 = 530;
    pub(crate) const DNG_VERSION: u16 = 50706;
    /// Tags of the offsets and lengths of the strips or tiles.
    pub(crate) const CHUNKS: [(u16, u16); 2] = [(273, 279), (324, 325)];
}

/// The properties of a picture that the tags state.
pub(super) struct Header {
    pub(super) width: u64,
    pub(super) height: u64,
    pub(super) bits: u64,
    pub(super) samples: u64,
    pub(super) compression: u64,
    pub(super) photometric: u64,
    pub(super) planar: bool,
    pub(super) predictor: u64,
}

impl Header {
    pub(super) fn of(directory: &Directory<'_>) -> Result<Self, String> {
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
        // The decoder also reads these tags, and allocates memory for as many values as they state.
        for tag in [
            tag::EXTRA_SAMPLES,
            tag::SAMPLE_FORMAT,
            tag::JPEG_TABLES,
            tag::SUBSAMPLING,
            tag::ORIENTATION,
        ] {
            directory.values(tag)?;
        }
        // The first picture of a raw photo is a preview.
        if directory.value(tag::SUBFILE, 0)? & 1 == 1 || directory.has(tag::DNG_VERSION) {
            let reason = "its first picture is only a preview of another one, as in a raw photo, \
                          which is not supported; convert it to JPEG or PNG";
            return Err(reason.into());
        }
        let unsupported = match picture.photometric {
            6 => "YCbCr colours",
            8..=10 => "L*a*b* colours",
            32803 | 34892 => "raw photo data",
            _ => return Ok(picture),
        };
        Err(format!("a TIFF with {unsupported}, which is not supported; convert it to JPEG or PNG"))
    }

    /// Checks that the strips or tiles lie within the file and can hold the picture.
    pub(super) fn check(&self, directory: &Directory<'_>, bytes: &[u8]) -> Result<(), String> {
        if !(1..=64).contains(&self.bits) || !(1..=16).contains(&self.samples) {
            let (samples, bits) = (self.samples, self.bits);
            return Err(format!("a TIFF with {samples} samples of {bits} bits is not supported"));
        }
        let sides = self.chunk_sides(directory)?;
        let mut parts = Vec::new();
        for (offsets, lengths) in tag::CHUNKS {
            let (offsets, lengths) = (directory.values(offsets)?, directory.values(lengths)?);
            for (number, (&offset, &length)) in offsets.iter().zip(&lengths).enumerate() {
                // Without compression, the length follows from the number of pixels.
                let needed = match self.compression {
                    1 => sides.bytes(self, number as u64),
                    _ => length.max(1),
                };
                let end = offset.saturating_add(needed);
                if length < needed || end > bytes.len() as u64 {
                    let total = bytes.len();
                    return Err(format!(
                        "truncated: strip or tile {number} ends at byte {end} of {total}, or is \
                         shorter than its pixels"
                    ));
                }
                parts.push(&bytes[offset as usize..end as usize]);
            }
        }
        let room = self.room(parts.iter().map(|part| part.len() as u64).sum());
        limits::check(self.width, self.height, room)?;
        limits::check(sides.width, sides.height.min(self.height), room)?;
        // Memory for the samples and for their conversion to 8-bit RGB.
        let bytes = (self.bits * self.samples).div_ceil(8) + 3;
        limits::check_memory((self.width * self.height).saturating_mul(bytes))?;
        for part in parts.into_iter().filter(|_| self.compression == 7) {
            check_jpeg(directory, part)?;
        }
        Ok(())
    }

    /// Maximum number of pixels that the compression can store in `stored` bytes.
    fn room(&self, stored: u64) -> u64 {
        let bits = stored.saturating_mul(8);
        let samples = |bits: u64| bits / (self.bits * self.samples);
        match self.compression {
            1 => samples(bits),
            5 => samples(bits.saturating_mul(LZW)),
            8 | 32946 => samples(bits.saturating_mul(DEFLATE)),
            32773 => samples(bits.saturating_mul(64)),
            // In fax coding, one bit may encode a whole row.
            2..=4 => bits.saturating_mul(self.width),
            _ => stored.saturating_mul(4096),
        }
    }

    fn chunk_sides(&self, directory: &Directory<'_>) -> Result<Chunk, String> {
        let (width, height) = match directory.has(tag::TILE_WIDTH) {
            true => (directory.value(tag::TILE_WIDTH, 0)?, directory.value(tag::TILE_HEIGHT, 0)?),
            false => (self.width, directory.value(tag::STRIP_ROWS, self.height)?),
        };
        if width == 0 || height == 0 {
            return Err(format!("its strips or tiles have a size of {width}x{height}"));
        }
        Ok(Chunk { width, height, tiles: directory.has(tag::TILE_WIDTH) })
    }
}

/// Size of the strips or tiles.
struct Chunk {
    width: u64,
    height: u64,
    tiles: bool,
}

impl Chunk {
    /// Number of bytes of strip or tile `number` without compression.
    fn bytes(&self, picture: &Header, number: u64) -> u64 {
        let samples = if picture.planar { 1 } else { picture.samples };
        let row = self.width.saturating_mul(picture.bits * samples).div_ceil(8);
        // All tiles have the full size; the last strip of a plane may be shorter.
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

/// Checks that a strip or tile that is a JPEG is complete. The decoder used by `tiff` would fill
/// missing parts with grey.
fn check_jpeg(directory: &Directory<'_>, part: &[u8]) -> Result<(), String> {
    let tables = directory.values(tag::JPEG_TABLES)?;
    let tables: Vec<u8> = tables.into_iter().map(|byte| byte as u8).collect();
    let file = match (tables.len(), part.get(2..)) {
        (4.., Some(part)) => [&tables[..tables.len() - 2], part].concat(),
        _ => part.to_vec(),
    };
    jpeg::decode(&file, None).map(drop)
}
