mod bmp;
mod file_format;
mod gif;
mod palette;
mod png;
mod tiff;
mod webp;

use std::io::Cursor;

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits, RgbImage};

pub(crate) use file_format::{HEADER_BYTES, begins_as_picture, format_of};

use crate::{DataError, Picture, Region, RegionPicture, jpeg, limits};
use sempairs_internal::caught;

/// Decodes a JPEG, PNG, GIF, BMP, WebP or TIFF file to 8-bit RGB; of several frames or pages, the
/// first.
///
/// The format is recognised from the content. `name` is used only in error messages.
///
/// - Greyscale is copied to all channels. Palette colours are looked up in every format that has a
///   palette. CMYK and YCCK are converted to RGB like in Pillow, as `(255 - C)(255 - K) / 255` with
///   Adobe's inverted values. 16-bit samples are rounded to 8 bits.
/// - Alpha is dropped, as by `convert("RGB")` in Pillow and therefore in torchvision's loaders: the
///   colour of a transparent pixel is used as it is. Parts of the canvas that the first frame of a
///   GIF or WebP does not cover are black.
/// - The EXIF orientation is applied.
///
/// Incomplete pictures are errors: a file that ends before its pixels do, a pixel whose colour is
/// not in the palette, or pixels that run-length coding leaves undefined. No missing part is filled
/// in. Other damage is detected where the format has a checksum or a length: always in PNG;
/// truncation is detected in all formats.
///
/// Memory is allocated only for as many pixels as a file of that length can hold, at most for
/// [`MAX_PIXELS`](crate::MAX_PIXELS), and decoding takes at most 1 GiB. A panic of a decoder is
/// caught and returned as an error. For this a panic hook is installed once, which passes all other
/// panics on to the previous hook.
///
/// # Errors
///
/// [`DataError::Picture`] with `name` and the reason.
pub fn decode(bytes: &[u8], name: &str) -> Result<Picture<'static>, DataError> {
    decode_with(name, || decode_dynamic(bytes))
}

/// Runs a decoder, catches its panics and converts its result.
fn decode_with(
    name: &str,
    decoder: impl FnOnce() -> Result<DynamicImage, String>,
) -> Result<Picture<'static>, DataError> {
    let image = caught(|| decoder().and_then(into_rgb))
        .unwrap_or_else(|panic| Err(format!("the decoder failed on this file: {panic}")));
    image.map_err(|reason| DataError::picture(name, reason)).map(|image| {
        let (width, height) = (image.width() as usize, image.height() as usize);
        Picture::new(width, height, image.into_raw())
    })
}

/// Decodes the pixels of `region`, a rectangle of the picture that [`decode`] returns, to the bit
/// as there.
///
/// Of a JPEG only the rectangle is decoded to pixels, although all of the file is parsed and
/// checked. Pictures of other formats are decoded completely.
///
/// # Errors
///
/// The error that [`decode`] returns, also for damage outside of the rectangle.
///
/// # Panics
///
/// Panics if the region is empty or not within the picture.
pub fn decode_region(
    bytes: &[u8],
    name: &str,
    region: Region,
) -> Result<RegionPicture<'static>, DataError> {
    decode_planned(bytes, name, &mut |_| region)
}

/// Decodes the region that `plan` chooses from width and height; see [`decode_region`].
pub(crate) fn decode_planned(
    bytes: &[u8],
    name: &str,
    plan: &mut dyn FnMut([usize; 2]) -> Region,
) -> Result<RegionPicture<'static>, DataError> {
    let header = match format_of(bytes) {
        // A panic is reported when the picture is decoded.
        Ok(ImageFormat::Jpeg) => caught(|| jpeg::Header::read(bytes)),
        _ => Ok(None),
    };
    let Ok(Some(header)) = header else {
        return Ok(RegionPicture::of_whole(decode(bytes, name)?, plan));
    };
    let sides = oriented(header.sides, header.orientation);
    let region = plan(sides);
    region.check_within(sides);
    let stored = stored_region(region, header);
    let picture = decode_with(name, || {
        let (mut image, orientation) = jpeg::decode(bytes, Some(stored))?;
        image.apply_orientation(orientation);
        Ok(image)
    })?;
    Ok(RegionPicture::new(picture, region.left, region.top))
}

/// Returns true if an orientation exchanges width and height.
fn is_transposed(orientation: Orientation) -> bool {
    use Orientation::{Rotate90, Rotate90FlipH, Rotate270, Rotate270FlipH};
    matches!(orientation, Rotate90 | Rotate270 | Rotate90FlipH | Rotate270FlipH)
}

/// Width and height after an orientation has been applied.
fn oriented([width, height]: [usize; 2], orientation: Orientation) -> [usize; 2] {
    if is_transposed(orientation) { [height, width] } else { [width, height] }
}

/// The rectangle of the stored picture that becomes `region` when its orientation is applied.
fn stored_region(region: Region, header: jpeg::Header) -> Region {
    use Orientation::{
        FlipHorizontal, FlipVertical, Rotate90, Rotate180, Rotate270, Rotate270FlipH,
    };
    let Region { left, top, width, height } = region;
    let (left, top, width, height) = match is_transposed(header.orientation) {
        true => (top, left, height, width),
        false => (left, top, width, height),
    };
    let columns_reversed =
        matches!(header.orientation, FlipHorizontal | Rotate180 | Rotate270 | Rotate270FlipH);
    let rows_reversed =
        matches!(header.orientation, FlipVertical | Rotate180 | Rotate90 | Rotate270FlipH);
    let [columns, rows] = header.sides;
    Region {
        left: if columns_reversed { columns - left - width } else { left },
        top: if rows_reversed { rows - top - height } else { top },
        width,
        height,
    }
}

/// Converts to 8-bit RGB, and checks that the length of the buffer matches the size of the picture,
/// which a decoder may get wrong for a damaged file.
fn into_rgb(image: DynamicImage) -> Result<RgbImage, String> {
    let image = image.into_rgb8();
    let (given, needed) =
        (image.as_raw().len(), 3 * image.width() as usize * image.height() as usize);
    if given != needed {
        return Err(format!(
            "the decoder returned {} pixels, but its sides need {}",
            given / 3,
            needed / 3
        ));
    }
    Ok(image)
}

fn decode_dynamic(bytes: &[u8]) -> Result<DynamicImage, String> {
    let (mut image, orientation) = match format_of(bytes)? {
        ImageFormat::Jpeg => jpeg::decode(bytes, None)?,
        ImageFormat::Png => png::decode(bytes)?,
        ImageFormat::Gif => (gif::decode(bytes)?, Orientation::NoTransforms),
        ImageFormat::Bmp => match bmp::decode(bytes)? {
            Some(image) => (image, Orientation::NoTransforms),
            None => decode_other(bytes, ImageFormat::Bmp)?,
        },
        ImageFormat::Tiff => match tiff::decode(bytes)? {
            Some(image) => image,
            None => decode_other(bytes, ImageFormat::Tiff)?,
        },
        format => {
            webp::check(bytes)?;
            decode_other(bytes, format)?
        }
    };
    if image.width() == 0 || image.height() == 0 {
        let (width, height) = (image.width(), image.height());
        return Err(format!("its size is {width}x{height}, so it has no pixels"));
    }
    image.apply_orientation(orientation);
    Ok(image)
}

/// Decodes a file with the `image` crate, after its length has been checked against its sides.
fn decode_other(bytes: &[u8], format: ImageFormat) -> Result<(DynamicImage, Orientation), String> {
    let text = |error: ImageError| error.to_string();
    let mut limits = Limits::default();
    limits.max_alloc = Some(limits::MAX_BYTES);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits.clone());
    let mut decoder = reader.into_decoder().map_err(text)?;
    let (width, height) = decoder.dimensions();
    limits::check(width.into(), height.into(), u64::MAX)?;
    // Memory for the decoded samples and for their conversion to 8-bit RGB.
    limits::check_memory(
        decoder.total_bytes().saturating_add(3 * u64::from(width) * u64::from(height)),
    )?;
    limits.reserve(decoder.total_bytes()).map_err(text)?;
    decoder.set_limits(limits).map_err(text)?;
    // Damaged metadata does not affect the pixels, so the picture is then used without rotation.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    Ok((DynamicImage::from_decoder(decoder).map_err(text)?, orientation))
}
