use std::borrow::Cow;

/// Maximum side of a view, and thereby of a network's input, in pixels: eighteen times the usual
/// 224 of ImageNet networks. Pictures may be larger.
pub const MAX_VIEW_SIDE: usize = 4_096;

/// An 8-bit RGB picture: rows from top to bottom, the three channels of a pixel interleaved.
///
/// The pixels are borrowed if the source holds them in memory (as the decoded cache does), and
/// owned if they were created for this picture (decoded from a file, or rendered).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture<'a> {
    width: usize,
    height: usize,
    pixels: Cow<'a, [u8]>,
}

impl<'a> Picture<'a> {
    /// Creates a picture of `width` by `height` pixels from `3 * width * height` bytes.
    ///
    /// # Panics
    ///
    /// Panics if a side is zero or if the number of bytes does not match.
    pub fn new(width: usize, height: usize, pixels: impl Into<Cow<'a, [u8]>>) -> Self {
        let pixels = pixels.into();
        assert!(width > 0 && height > 0, "a picture of {width}x{height} has no pixels");
        assert_eq!(pixels.len(), 3 * width * height, "bytes of a {width}x{height} RGB picture");
        Self { width, height, pixels }
    }

    /// Width in pixels.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Height in pixels.
    pub fn height(&self) -> usize {
        self.height
    }

    /// The pixels as bytes; the value of a channel is `pixels()[3 * (y * width + x) + channel]`.
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// Converts into a picture that owns its pixels.
    pub fn into_owned(self) -> Picture<'static> {
        Picture {
            width: self.width,
            height: self.height,
            pixels: Cow::Owned(self.pixels.into_owned()),
        }
    }
}
