//! Pixels that are numbers of colours.

use image::{DynamicImage, RgbImage};

/// The picture whose pixels are `palette`'s colours of `indices`, row after row.
///
/// A number without a colour is an error: whatever stood in its place would be made up.
pub(super) fn look_up(
    (width, height): (u32, u32),
    indices: impl Iterator<Item = usize>,
    palette: &[[u8; 3]],
) -> Result<DynamicImage, String> {
    let mut pixels = Vec::with_capacity(3 * width as usize * height as usize);
    for index in indices {
        pixels.extend(palette.get(index).ok_or_else(|| {
            format!("a pixel is of colour {index}, where the palette has {} colours", palette.len())
        })?);
    }
    let image = RgbImage::from_raw(width, height, pixels);
    image.map(DynamicImage::ImageRgb8).ok_or_else(|| "pixels are missing".into())
}

/// The numbers in `rows`, of `bits` (1, 2, 4 or 8) each, highest bits first; a row fills `stride`
/// bytes.
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

/// Colours of three bytes each; bytes left over are none.
pub(super) fn colours(bytes: &[u8]) -> Vec<[u8; 3]> {
    bytes.as_chunks().0.to_vec()
}
