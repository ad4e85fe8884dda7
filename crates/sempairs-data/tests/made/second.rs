//! A second opinion on JPEG files: another decoder, and how far two decodings are apart.

use jpeg_decoder::{Decoder, PixelFormat};
use sempairs_data::Picture;

/// A picture as the `jpeg-decoder` crate decodes it, as RGB; greyscale and three components only.
pub fn decode(bytes: &[u8]) -> Picture<'static> {
    let mut decoder = Decoder::new(bytes);
    let pixels = decoder.decode().expect("the second decoder reads it");
    let info = decoder.info().expect("it was decoded");
    let pixels = match info.pixel_format {
        PixelFormat::RGB24 => pixels,
        PixelFormat::L8 => pixels.iter().flat_map(|&grey| [grey; 3]).collect(),
        other => panic!("{other:?}"),
    };
    Picture::new(info.width.into(), info.height.into(), pixels)
}

/// The largest difference of two pictures of one size in any value, and the mean of all.
pub fn distance(a: &Picture, b: &Picture) -> (u8, f64) {
    assert_eq!((a.width(), a.height()), (b.width(), b.height()));
    let differences = || a.pixels().iter().zip(b.pixels()).map(|(a, b)| a.abs_diff(*b));
    let sum: f64 = differences().map(f64::from).sum();
    (differences().max().unwrap_or(0), sum / a.pixels().len() as f64)
}
