//! GIF files, decoded with the `gif` crate directly. Through the `image` crate, a file of a few
//! bytes could cause an allocation of four bytes per pixel of the whole canvas, and a colour
//! missing from the palette would become black.

use std::num::NonZeroU64;

use gif::{ColorOutput, DecodeOptions, DecodingError, MemoryLimit};
use image::{DynamicImage, RgbImage};

use super::palette::colours;
use crate::limits::{self, MAX_PIXELS};

/// Upper bound of pixels per byte of LZW: a code has up to twelve bits and stands for fewer than
/// 4096 pixels.
pub(super) const LZW: u64 = 4096 * 8 / 12 + 1;

/// Decodes the first frame on its canvas.
pub(super) fn decode(bytes: &[u8]) -> Result<DynamicImage, String> {
    let text = |error: DecodingError| error.to_string();
    let mut options = DecodeOptions::new();
    options.set_color_output(ColorOutput::Indexed);
    options.set_memory_limit(MemoryLimit::Bytes(
        const { NonZeroU64::new(MAX_PIXELS).expect("a constant") },
    ));
    let mut decoder = options.read_info(bytes).map_err(text)?;
    let room = bytes.len() as u64 * LZW;
    let (width, height) = (decoder.width(), decoder.height());
    limits::check(width.into(), height.into(), room)?;
    let frame = decoder.next_frame_info().map_err(text)?.ok_or("it has no frames")?;
    let (left, top) = (usize::from(frame.left), usize::from(frame.top));
    let (columns, rows) = (frame.width, frame.height);
    let transparent = frame.transparent;
    limits::check(columns.into(), rows.into(), room)?;
    let mut indices = vec![0; usize::from(columns) * usize::from(rows)];
    decoder.read_into_buffer(&mut indices).map_err(text)?;
    let palette = colours(decoder.palette().map_err(text)?);

    // The canvas outside the frame is transparent with nothing below it, and so becomes black.
    let (width, height) = (usize::from(width), usize::from(height));
    let mut screen = vec![0; 3 * width * height];
    for (y, row) in indices.chunks_exact(usize::from(columns)).enumerate() {
        for (x, &index) in row.iter().enumerate() {
            let colour = match palette.get(usize::from(index)) {
                Some(&colour) => colour,
                None if transparent == Some(index) => [0; 3],
                None => {
                    let most = palette.len();
                    return Err(format!(
                        "a pixel has colour {index}, but the palette has {most} colours"
                    ));
                }
            };
            let (x, y) = (left + x, top + y);
            if x < width && y < height {
                screen[3 * (y * width + x)..][..3].copy_from_slice(&colour);
            }
        }
    }
    let image = RgbImage::from_raw(width as u32, height as u32, screen);
    image.map(DynamicImage::ImageRgb8).ok_or_else(|| "pixels are missing".into())
}
