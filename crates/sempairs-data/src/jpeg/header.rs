//! The header of a file: what is known of a picture before its pixels are decoded.

use image::metadata::Orientation;

use super::frame::Frame;
use super::markers::{Markers, marker};
use super::segments::exif;
use crate::limits::check_memory;

/// Size and orientation of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    /// Width and height in pixels, to which the orientation has not been applied.
    pub(crate) sides: [usize; 2],
    /// The EXIF orientation.
    pub(crate) orientation: Orientation,
}

impl Header {
    /// Reads the segments of a file before its first scan.
    ///
    /// Returns `None` if they are not all there, and for a picture that cannot or might not be
    /// decodable. The reason is found by [decoding](super::decode) the whole file.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let mut markers = Markers::new(bytes);
        let (mut frame, mut found) = (None, None);
        loop {
            match markers.next_marker().ok()? {
                // As in the decoder, stray markers between segments are harmless.
                0x01 | 0xD0..=0xD7 => {}
                code @ 0xC0..=0xC2 if frame.is_none() => {
                    let body = markers.segment().ok()?;
                    let rest = bytes.len() - markers.at;
                    frame = Some(Frame::read(body, code == 0xC2, rest).ok()?);
                }
                marker::START_OF_SCAN => break,
                marker::START_OF_IMAGE | marker::END_OF_IMAGE => return None,
                code => {
                    let body = markers.segment().ok()?;
                    found = found.or(exif(code, body));
                }
            }
        }
        let frame = frame?;
        check_memory(frame.memory_of_coefficients()).ok()?;
        let orientation = found.and_then(Orientation::from_exif_chunk);
        Some(Self {
            sides: [frame.width, frame.height],
            orientation: orientation.unwrap_or(Orientation::NoTransforms),
        })
    }
}
