mod bmp;
mod gif;
mod indexed;
mod kind;
mod png;
mod size;
mod tiff;
mod webp;

use std::io::Cursor;

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits, RgbImage};

pub(crate) use kind::{SNIFFED, begins_as_picture, format_of};
pub use size::{MAX_FILE_BYTES, MAX_PIXELS};
pub(crate) use size::{afford, too_large};

use crate::{DataError, Picture, jpeg};
use sempairs_internal::caught;

/// Decodes a JPEG, PNG, GIF, BMP, WebP or TIFF file to 8-bit RGB: of several frames or pages the
/// first one. The content decides which format it is, and `name` stands in messages only.
///
/// - Greyscale is repeated over the channels; a palette is looked up in every format that has one;
///   CMYK and YCCK become RGB as Pillow makes them, `(255 - C)(255 - K) / 255` with Adobe's
///   inverted values; 16 bits become 8 by rounding to the nearest.
/// - Alpha is dropped, as `convert("RGB")` drops it in Pillow and so in torchvision's loaders: what
///   lies under a transparent pixel is shown. Where the first frame of a GIF or WebP leaves its
///   canvas free, nothing lies: that is black.
/// - The orientation in the EXIF data is applied, so that what was up in the scene is up.
///
/// A file that ends before its pixels do, a pixel of a colour that its palette lacks, pixels that a
/// run-length code leaves out: each is an error, and no part of a picture is ever made up. Damage
/// shows where the format has a checksum or a length to tell: always in PNG, where a file was cut
/// in all.
///
/// A picture takes memory for as many pixels as its file can hold, never for more than
/// [`MAX_PIXELS`], and 1 GiB at most while it is decoded. A panic of a decoder is an error like any
/// other: it is caught, by way of a panic hook that is set once and passes all other panics on to
/// the hook that was there.
///
/// # Errors
///
/// [`DataError::Picture`] with `name` and the reason.
pub fn decode(bytes: &[u8], name: &str) -> Result<Picture<'static>, DataError> {
    let image = caught(|| decode_dynamic(bytes).and_then(into_rgb))
        .unwrap_or_else(|panic| Err(format!("the decoder cannot cope with this file: {panic}")));
    image.map_err(|reason| DataError::picture(name, reason)).map(|image| {
        let (width, height) = (image.width() as usize, image.height() as usize);
        Picture::new(width, height, image.into_raw())
    })
}

/// As 8-bit RGB. An image's buffer may be longer than its sides say, where a decoder was misled.
fn into_rgb(image: DynamicImage) -> Result<RgbImage, String> {
    let image = image.into_rgb8();
    let (given, needed) =
        (image.as_raw().len(), 3 * image.width() as usize * image.height() as usize);
    if given != needed {
        return Err(format!(
            "it has {} pixels, not the {} that its sides say",
            given / 3,
            needed / 3
        ));
    }
    Ok(image)
}

fn decode_dynamic(bytes: &[u8]) -> Result<DynamicImage, String> {
    let (mut image, orientation) = match format_of(bytes)? {
        ImageFormat::Jpeg => jpeg::decode(bytes)?,
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
        return Err(format!("it has no pixel: {}x{}", image.width(), image.height()));
    }
    image.apply_orientation(orientation);
    Ok(image)
}

/// What the `image` crate makes of a file of which the length and the sides were found to agree.
fn decode_other(bytes: &[u8], format: ImageFormat) -> Result<(DynamicImage, Orientation), String> {
    let text = |error: ImageError| error.to_string();
    let mut limits = Limits::default();
    limits.max_alloc = Some(size::MAX_BYTES);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits.clone());
    let mut decoder = reader.into_decoder().map_err(text)?;
    let (width, height) = decoder.dimensions();
    size::check(width.into(), height.into(), u64::MAX)?;
    // The decoded samples, and then red, green and blue of them.
    size::afford(decoder.total_bytes().saturating_add(3 * u64::from(width) * u64::from(height)))?;
    limits.reserve(decoder.total_bytes()).map_err(text)?;
    decoder.set_limits(limits).map_err(text)?;
    // Damaged metadata does not damage the pixels: such a picture is taken as it lies.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    Ok((DynamicImage::from_decoder(decoder).map_err(text)?, orientation))
}

/// A decoded JPEG's pixels as the type in which orientation is applied.
pub(crate) fn from_rgb(width: usize, height: usize, pixels: Vec<u8>) -> DynamicImage {
    // A JPEG's sides are 16-bit numbers.
    let image = RgbImage::from_raw(width as u32, height as u32, pixels);
    DynamicImage::ImageRgb8(image.expect("the decoder fills three bytes a pixel"))
}
