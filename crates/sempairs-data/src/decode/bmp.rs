//! BMP files: checks of the header, and decoding of files with a palette. The `image` crate would
//! show pixels as black if their colour is not in the palette or run-length coding skips them.

use image::DynamicImage;

use super::palette::{look_up, unpack};
use crate::limits;

/// Upper bound of pixels per byte of run-length coding: two bytes stand for up to 255 pixels.
const RUN: u64 = 128;

/// The fields of the file and bitmap headers.
struct Header {
    width: usize,
    height: usize,
    /// Whether the first stored row is the top row.
    top_down: bool,
    bits: usize,
    compression: u32,
    /// Offset of the pixels in the file.
    pixels: usize,
    palette: Vec<[u8; 3]>,
}

/// Decodes a file with a palette. For other files, returns `None` after checking that they are long
/// enough.
pub(super) fn decode(bytes: &[u8]) -> Result<Option<DynamicImage>, String> {
    let header = Header::of(bytes)?;
    let (width, height) = (header.width, header.height);
    let sides = (width as u32, height as u32);
    let runs = matches!((header.compression, header.bits), (1, 8) | (2, 4));
    let room = if runs { bytes.len() as u64 * RUN } else { u64::MAX };
    limits::check(width as u64, height as u64, room)?;
    let data = bytes.get(header.pixels..).unwrap_or_default();
    if runs {
        let indices = Runs::of(&header).unpack(data)?;
        return look_up(
            sides,
            header.rows(&indices, width).flatten().map(|&it| usize::from(it)),
            &header.palette,
        )
        .map(Some);
    }
    if !matches!((header.compression, header.bits), (0 | 3 | 6, 1 | 2 | 4 | 8 | 16 | 24 | 32)) {
        return Ok(None); // The `image` crate returns an error for this unsupported kind.
    }
    let stride = (width * header.bits).div_ceil(32) * 4;
    if data.len() < stride * height {
        let end = header.pixels + stride * height;
        return Err(format!("truncated: {} of {end} bytes", bytes.len()));
    }
    if header.bits > 8 {
        return Ok(None);
    }
    let rows = header.rows(&data[..stride * height], stride);
    let indices = rows.flat_map(|row| unpack(row, stride, width, header.bits));
    look_up(sides, indices, &header.palette).map(Some)
}

impl Header {
    fn of(bytes: &[u8]) -> Result<Self, String> {
        let cut = || "truncated within its header".to_string();
        let u16_at = |at: usize| {
            let two = bytes.get(at..at + 2).ok_or_else(cut)?;
            Ok::<usize, String>(usize::from(u16::from_le_bytes([two[0], two[1]])))
        };
        let u32_at = |at: usize| Ok::<u32, String>((u16_at(at)? + (u16_at(at + 2)? << 16)) as u32);
        let (pixels, length) = (u32_at(10)? as usize, u32_at(14)? as usize);
        let core = length == 12;
        let (width, height, bits) = if core {
            (u16_at(18)? as i32, u16_at(20)? as i32, u16_at(24)?)
        } else {
            (u32_at(18)? as i32, u32_at(22)? as i32, u16_at(28)?)
        };
        let (compression, used) = if core { (0, 0) } else { (u32_at(30)?, u32_at(46)? as usize) };
        if width < 0 || height == i32::MIN {
            return Err(format!("its size of {width}x{height} is invalid"));
        }
        if pixels < 14 + length {
            return Err(format!("its pixels begin at byte {pixels}, within its header"));
        }
        let mut palette = Vec::new();
        if matches!(bits, 1 | 2 | 4 | 8) {
            let count = if used == 0 { 1 << bits } else { used };
            if count > 1 << bits {
                return Err(format!("a palette of {count} colours for pixels of {bits} bits"));
            }
            let size = if core { 3 } else { 4 };
            let stored = bytes.get(14 + length..14 + length + size * count).ok_or_else(cut)?;
            palette = stored.chunks_exact(size).map(|bgr| [bgr[2], bgr[1], bgr[0]]).collect();
        }
        let (top_down, height) = (height < 0, height.unsigned_abs() as usize);
        Ok(Self { width: width as usize, height, top_down, bits, compression, pixels, palette })
    }

    /// Iterates over the rows of `data` from top to bottom; most files store them from bottom to
    /// top.
    fn rows<'a>(&self, data: &'a [u8], stride: usize) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let (height, top_down) = (self.height, self.top_down);
        (0..height).map(move |y| {
            let y = if top_down { y } else { height - 1 - y };
            &data[y * stride..][..stride]
        })
    }
}

/// Decoder of run-length coding with 8 or 4 bits per pixel.
struct Runs {
    width: usize,
    height: usize,
    bits: usize,
}

impl Runs {
    fn of(header: &Header) -> Self {
        Self { width: header.width, height: header.height, bits: header.bits }
    }

    /// Decodes to one byte per pixel, rows in the order of the file. Skipped pixels are an error,
    /// because their colour is not defined.
    fn unpack(&self, data: &[u8]) -> Result<Vec<u8>, String> {
        let mut bytes = data.iter().copied();
        let mut next = || bytes.next().ok_or("truncated within its run-length coding");
        let (mut indices, all) = (Vec::new(), self.width * self.height);
        let skips = || Err("its run-length coding leaves pixels undefined".to_string());
        // With four bits per pixel, a byte holds two pixels.
        let half = |byte: u8, at: usize| match self.bits {
            8 => byte,
            _ if at.is_multiple_of(2) => byte >> 4,
            _ => byte & 15,
        };
        let mut rows = 0;
        loop {
            let row_end = (rows + 1) * self.width;
            match (next()?, next()?) {
                (0, 0) if indices.len() == row_end => rows += 1,
                (0, 0) => return skips(),
                (0, 1 | 2) => return skips(),
                (0, count) => {
                    let count = usize::from(count);
                    let stored = if self.bits == 8 { count } else { count.div_ceil(2) };
                    let mut byte = 0;
                    for at in 0..count {
                        if self.bits == 8 || at.is_multiple_of(2) {
                            byte = next()?;
                        }
                        indices.push(half(byte, at));
                    }
                    if !stored.is_multiple_of(2) {
                        next()?;
                    }
                    if indices.len() > row_end {
                        return Err("its run-length coding goes beyond the end of a row".into());
                    }
                }
                (count, byte) => {
                    // ImageMagick writes runs that continue beyond the end of the row.
                    let count = usize::from(count).min(row_end - indices.len());
                    indices.extend((0..count).map(|at| half(byte, at)));
                }
            }
            // Some writers omit the end-of-bitmap code.
            if indices.len() == all {
                return Ok(indices);
            }
        }
    }
}
