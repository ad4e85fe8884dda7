use std::io::Cursor;

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits, RgbImage};

use crate::{DataError, Picture, jpeg};

/// The most pixels a picture may claim to have: Pillow's limit against decompression bombs (twice
/// its `MAX_IMAGE_PIXELS` of 1 GiB / 4 / 3), beyond which it refuses a file too.
pub const MAX_PIXELS: u64 = 178_956_970;

/// The most a decoder may allocate, in bytes: [`MAX_PIXELS`] of four 16-bit channels.
const MAX_BYTES: u64 = 8 * MAX_PIXELS;

/// The most bytes that are read of a picture's file: [`MAX_PIXELS`] of uncompressed 8-bit RGB, 512 MiB. Of a
/// longer file nothing is read but its first bytes.
pub const MAX_FILE_BYTES: u64 = 3 * MAX_PIXELS;

/// Decodes a JPEG, PNG, GIF (its first frame), BMP, WebP or TIFF file to 8-bit RGB; the content decides
/// which it is, and `name` stands in messages only.
///
/// - Greyscale is repeated over the channels; a palette is looked up; CMYK and YCCK become RGB as
///   Pillow makes them, `(255 - C)(255 - K) / 255` with Adobe's inverted values; 16 bits become 8
///   by rounding to the nearest.
/// - Alpha is dropped, as `convert("RGB")` drops it in Pillow and so in torchvision's loaders:
///   what lies under a transparent pixel is shown.
/// - The orientation in the EXIF data is applied, so that what was up in the scene is up.
///
/// A file that ends early or holds corrupt data is an error: no part of a picture is ever made up.
///
/// # Errors
///
/// [`DataError::Picture`] with `name` and the reason.
pub fn decode(bytes: &[u8], name: &str) -> Result<Picture<'static>, DataError> {
    decode_dynamic(bytes).map_err(|reason| DataError::picture(name, reason)).map(|image| {
        let image = image.into_rgb8();
        let (width, height) = (image.width() as usize, image.height() as usize);
        Picture::new(width, height, image.into_raw())
    })
}

fn decode_dynamic(bytes: &[u8]) -> Result<DynamicImage, String> {
    let (mut image, orientation) = match format_of(bytes)? {
        ImageFormat::Jpeg => jpeg::decode(bytes)?,
        format => decode_other(bytes, format).map_err(|error| match error {
            ImageError::Limits(_) => format!("{error} (the limit is {MAX_PIXELS} pixels)"),
            error => error.to_string(),
        })?,
    };
    // A GIF states its screen's sides apart from its frames'.
    if image.width() == 0 || image.height() == 0 {
        return Err(format!("it has no pixel: {}x{}", image.width(), image.height()));
    }
    image.apply_orientation(orientation);
    Ok(image)
}

fn decode_other(
    bytes: &[u8],
    format: ImageFormat,
) -> Result<(DynamicImage, Orientation), ImageError> {
    let mut limits = Limits::default();
    limits.max_alloc = Some(MAX_BYTES);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits.clone());
    let mut decoder = reader.into_decoder()?;
    let (width, height) = decoder.dimensions();
    if too_large(width.into(), height.into()) {
        let kind = image::error::LimitErrorKind::DimensionError;
        return Err(ImageError::Limits(image::error::LimitError::from_kind(kind)));
    }
    limits.reserve(decoder.total_bytes())?;
    decoder.set_limits(limits)?;
    // Damaged metadata does not damage the pixels: such a picture is taken as it lies.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    Ok((DynamicImage::from_decoder(decoder)?, orientation))
}

/// How many of a file's first bytes [`format_of`] and [`begins_as_picture`] look at.
pub(crate) const SNIFFED: u64 = 32;

/// What a file is that begins with `start`, or why [`decode`] cannot read it.
pub(crate) fn format_of(start: &[u8]) -> Result<ImageFormat, String> {
    use ImageFormat::{Bmp, Gif, Jpeg, Png, Tiff, WebP};
    if start.is_empty() {
        return Err("the file is empty".into());
    }
    match image::guess_format(start) {
        Ok(format @ (Jpeg | Png | Gif | Bmp | WebP | Tiff)) => Ok(format),
        _ => {
            let start = start[..start.len().min(8)].escape_ascii();
            Err(format!("neither JPEG, PNG, GIF, BMP, WebP nor TIFF: it begins with \"{start}\""))
        }
    }
}

/// Whether a file that begins with `start` is a picture, however it is called.
pub(crate) fn begins_as_picture(start: &[u8]) -> bool {
    // The mark of BMP is two letters, with which a text may begin, too; but a text has no zero byte.
    format_of(start).is_ok_and(|format| format != ImageFormat::Bmp || start.contains(&0))
}

/// Whether a picture of `width` by `height` has more than [`MAX_PIXELS`].
pub(crate) fn too_large(width: u64, height: u64) -> bool {
    width.saturating_mul(height) > MAX_PIXELS
}

/// A decoded JPEG's pixels as the type in which orientation is applied.
pub(crate) fn from_rgb(width: usize, height: usize, pixels: Vec<u8>) -> DynamicImage {
    // A JPEG's sides are 16-bit numbers.
    let image = RgbImage::from_raw(width as u32, height as u32, pixels);
    DynamicImage::ImageRgb8(image.expect("the decoder fills three bytes a pixel"))
}
