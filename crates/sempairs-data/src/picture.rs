use std::borrow::Cow;

/// An 8-bit RGB picture, rows from top to bottom, the three channels of a pixel side by side.
///
/// The pixels are borrowed where the source holds them in memory already (the decoded cache) and
/// owned where they were made for the occasion (a decoded file, a drawn scene).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture<'a> {
    width: usize,
    height: usize,
    pixels: Cow<'a, [u8]>,
}

impl<'a> Picture<'a> {
    /// A picture of `width` by `height` pixels from `3 * width * height` bytes.
    ///
    /// # Panics
    ///
    /// If a side is zero or the number of bytes is another.
    pub fn new(width: usize, height: usize, pixels: impl Into<Cow<'a, [u8]>>) -> Self {
        let pixels = pixels.into();
        assert!(width > 0 && height > 0, "a picture has at least one pixel, not {width}x{height}");
        assert_eq!(pixels.len(), 3 * width * height, "bytes of a {width}x{height} RGB picture");
        Self { width, height, pixels }
    }

    /// Pixels from left to right.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Pixels from top to bottom.
    pub fn height(&self) -> usize {
        self.height
    }

    /// The bytes: `pixels()[3 * (y * width + x) + channel]`.
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// The same picture with pixels of its own.
    pub fn into_owned(self) -> Picture<'static> {
        Picture {
            width: self.width,
            height: self.height,
            pixels: Cow::Owned(self.pixels.into_owned()),
        }
    }
}
