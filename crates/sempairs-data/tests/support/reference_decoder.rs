//! A reference decoder of JPEG files, and the difference between two decoded pictures.

use jpeg_decoder::{ColorTransform, Decoder, PixelFormat};
use sempairs_data::Picture;

/// A picture as decoded to RGB by the `jpeg-decoder` crate; `None` for four components and for
/// files that it cannot decode.
pub fn decode(bytes: &[u8]) -> Option<Picture<'static>> {
    let mut decoder = Decoder::new(bytes);
    // The crate prefers the components' names to Adobe's marker; libjpeg does not.
    if let (false, Some(transform)) = (has(bytes, b"JFIF\0"), adobe_transform(bytes)) {
        let rgb = transform == 0;
        decoder.set_color_transform(if rgb { ColorTransform::RGB } else { ColorTransform::YCbCr });
    }
    let pixels = decoder.decode().ok()?;
    let info = decoder.info()?;
    let pixels = match info.pixel_format {
        PixelFormat::RGB24 => pixels,
        PixelFormat::L8 => pixels.iter().flat_map(|&grey| [grey; 3]).collect(),
        _ => return None,
    };
    Some(Picture::new(info.width.into(), info.height.into(), pixels))
}

fn has(bytes: &[u8], mark: &[u8]) -> bool {
    bytes.windows(mark.len()).any(|window| window == mark)
}

fn adobe_transform(bytes: &[u8]) -> Option<u8> {
    let at = bytes.windows(5).position(|window| window == b"Adobe")?;
    bytes.get(at + 11).copied()
}

/// The maximum and the mean absolute difference of two pictures of the same size.
pub fn distance(a: &Picture, b: &Picture) -> (u8, f64) {
    assert_eq!((a.width(), a.height()), (b.width(), b.height()));
    let differences = || a.pixels().iter().zip(b.pixels()).map(|(a, b)| a.abs_diff(*b));
    let sum: f64 = differences().map(f64::from).sum();
    (differences().max().unwrap_or(0), sum / a.pixels().len() as f64)
}
