use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};

use sempairs_data::{MAX_PIXELS, Picture};

/// Grey value of the gaps between the cells, and of the parts of a cell that a picture does not
/// cover.
const PAPER: u8 = 245;

/// Width and height in pixels of a [`contact_sheet`] of `pictures` pictures.
///
/// # Errors
///
/// The limit [`MAX_PIXELS`] if the sheet would have more pixels, since hardly any program could
/// open it.
pub fn sheet_size(
    pictures: usize,
    columns: usize,
    cell: usize,
    gap: usize,
) -> Result<[usize; 2], u64> {
    let columns = columns.min(pictures).max(1);
    let side =
        |count: usize| count.checked_mul(cell.checked_add(gap)?).and_then(|it| it.checked_add(gap));
    match (side(columns), side(pictures.div_ceil(columns))) {
        (Some(width), Some(height))
            if (width as u64).saturating_mul(height as u64) <= MAX_PIXELS =>
        {
            Ok([width, height])
        }
        _ => Err(MAX_PIXELS),
    }
}

/// Arranges pictures in rows of `columns` cells. Each picture is resized to fit a square of `cell`
/// pixels, keeping its aspect ratio; cells are `gap` pixels apart.
///
/// # Panics
///
/// Panics if there are no pictures, no columns or no pixels in a cell, or if [`sheet_size`] returns
/// an error.
pub fn contact_sheet(
    pictures: &[Picture<'_>],
    columns: usize,
    cell: usize,
    gap: usize,
) -> Picture<'static> {
    assert!(!pictures.is_empty() && columns > 0 && cell > 0, "a sheet needs at least one cell");
    let columns = columns.min(pictures.len());
    let size = sheet_size(pictures.len(), columns, cell, gap);
    let [width, height] = size.expect("the sheet does not exceed the maximum number of pixels");
    let mut pixels = vec![PAPER; 3 * width * height];
    for (index, picture) in pictures.iter().enumerate() {
        let fitted = fit(picture, cell);
        let left = gap + (index % columns) * (cell + gap) + (cell - fitted.width()) / 2;
        let top = gap + (index / columns) * (cell + gap) + (cell - fitted.height()) / 2;
        for (y, row) in fitted.pixels().chunks_exact(3 * fitted.width()).enumerate() {
            pixels[3 * ((top + y) * width + left)..][..row.len()].copy_from_slice(row);
        }
    }
    Picture::new(width, height, pixels)
}

/// Resizes a picture so that its longer side is `cell`.
fn fit(picture: &Picture<'_>, cell: usize) -> Picture<'static> {
    let (width, height) = (picture.width(), picture.height());
    let longer = width.max(height);
    if longer == cell {
        return picture.clone().into_owned();
    }
    let scaled = |side: usize| (side * cell).div_ceil(longer).clamp(1, cell);
    let (to_width, to_height) = (scaled(width), scaled(height));
    let from = ImageRef::new(width as u32, height as u32, picture.pixels(), PixelType::U8x3)
        .expect("a picture's bytes match its sides");
    let mut to = Image::new(to_width as u32, to_height as u32, PixelType::U8x3);
    // The box filter keeps the pixels of an enlarged picture sharp.
    let filter = if longer < cell { FilterType::Box } else { FilterType::Bilinear };
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(filter));
    Resizer::new().resize(&from, &mut to, &options).expect("both pictures are 8-bit RGB");
    Picture::new(to_width, to_height, to.into_vec())
}
