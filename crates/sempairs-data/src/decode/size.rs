//! How large a picture may be.

/// The most pixels a picture may claim to have: Pillow's limit against decompression bombs (twice
/// its `MAX_IMAGE_PIXELS` of 1 GiB / 4 / 3), beyond which it refuses a file too.
pub const MAX_PIXELS: u64 = 178_956_970;

/// The most memory that decoding a picture may take, in bytes, its pixels included: 1 GiB.
pub(crate) const MAX_BYTES: u64 = 1 << 30;

/// The most bytes that are read of a picture's file: [`MAX_PIXELS`] of uncompressed 8-bit RGB, 512
/// MiB. Of a longer file nothing is read but its first bytes.
pub const MAX_FILE_BYTES: u64 = 3 * MAX_PIXELS;

/// Pixels for which memory is taken whatever the length of the file: 1024 x 1024.
const FREE_PIXELS: u64 = 1 << 20;

/// Whether a picture of `width` by `height` has more than [`MAX_PIXELS`].
pub(crate) fn too_large(width: u64, height: u64) -> bool {
    width.saturating_mul(height) > MAX_PIXELS
}

/// Refuses a picture for which decoding takes more than [`MAX_BYTES`] at once.
pub(crate) fn afford(bytes: u64) -> Result<(), String> {
    if bytes > MAX_BYTES {
        let (needed, most) = (bytes >> 20, MAX_BYTES >> 20);
        return Err(format!(
            "decoding it takes {needed} MiB of memory, over the limit of {most}; make it smaller"
        ));
    }
    Ok(())
}

/// Refuses sides that make no picture, one over the [limit](MAX_PIXELS), or one of more pixels than
/// the file can hold, before memory is taken for them.
///
/// `room` is how many pixels the best compression of the format could have brought into the file.
pub(super) fn check(width: u64, height: u64, room: u64) -> Result<(), String> {
    if width == 0 || height == 0 {
        return Err(format!("it has no pixel: {width}x{height}"));
    }
    if too_large(width, height) {
        return Err(format!("{width}x{height} is over the limit of {MAX_PIXELS} pixels"));
    }
    if width * height > FREE_PIXELS.max(room) {
        return Err(format!("{width}x{height} pixels are more than so short a file can hold"));
    }
    Ok(())
}
