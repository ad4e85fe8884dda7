//! Palette images: unpacking of colour indices and lookup in the palette.

use image::{DynamicImage, RgbImage};

/// Looks up the colour of every index of a picture, row after row.
///
/// An index without a colour in the palette is an error, since its colour is undefined.
pub(super) fn look_up(
    (width, height): (u32, u32),
    indices: impl Iterator<Item = usize>,
    palette: &[[u8; 3]],
) -> Result<DynamicImage, String> {
    let mut pixels = Vec::with_capacity(3 * width as usize * height as usize);
    for index in indices {
        pixels.extend(palette.get(index).ok_or_else(|| {
            format!("a pixel has colour {index}, but the palette has {} colours", palette.len())
        })?);
    }
    let image = RgbImage::from_raw(width, height, pixels);
    image.map(DynamicImage::ImageRgb8).ok_or_else(|| "pixels are missing".into())
}

/// Unpacks `rows` of indices of `bits` bits each (1, 2, 4 or 8), most significant bits first. A row
/// takes `stride` bytes.
pub(super) fn unpack(
    rows: &[u8],
    stride: usize,
    width: usize,
    bits: usize,
) -> impl Iterator<Item = usize> {
    let mask = (1 << bits) - 1;
    rows.chunks_exact(stride).flat_map(move |row| {
        (0..width).map(move |x| {
            let at = x * bits;
            usize::from(row[at / 8]) >> (8 - bits - at % 8) & mask
        })
    })
}

/// Splits bytes into colours of three bytes; an incomplete colour at the end is ignored.
pub(super) fn colours(bytes: &[u8]) -> Vec<[u8; 3]> {
    bytes.as_chunks().0.to_vec()
}
