//! Limits of the size of a picture.

/// Maximum number of pixels of a picture: Pillow's limit against decompression bombs (twice its
/// `MAX_IMAGE_PIXELS` of 1 GiB / 4 / 3), above which Pillow also rejects a file.
pub const MAX_PIXELS: u64 = 178_956_970;

/// Maximum memory for decoding a picture in bytes, including its pixels: 1 GiB.
pub(crate) const MAX_BYTES: u64 = 1 << 30;

/// Maximum length of a picture's file in bytes: [`MAX_PIXELS`] of uncompressed 8-bit RGB, 512 MiB.
/// A longer file is rejected after reading its first bytes.
pub const MAX_FILE_BYTES: u64 = 3 * MAX_PIXELS;

/// Number of pixels that are allowed for a file of any length: 1024 x 1024.
const FREE_PIXELS: u64 = 1 << 20;

/// Returns true if a picture of `width` by `height` has more than [`MAX_PIXELS`].
pub(crate) fn too_large(width: u64, height: u64) -> bool {
    width.saturating_mul(height) > MAX_PIXELS
}

/// Returns an error if decoding would take more than [`MAX_BYTES`] at once.
pub(crate) fn check_memory(bytes: u64) -> Result<(), String> {
    if bytes > MAX_BYTES {
        let (needed, most) = (bytes >> 20, MAX_BYTES >> 20);
        return Err(format!(
            "decoding it takes {needed} MiB of memory, more than the limit of {most} MiB; make it \
             smaller"
        ));
    }
    Ok(())
}

/// Returns an error for a side of zero, more than [`MAX_PIXELS`], or more pixels than the file can
/// hold, before memory is allocated for them.
///
/// `room` is the number of pixels that a file of this length can hold at the format's maximum
/// compression.
pub(crate) fn check(width: u64, height: u64, room: u64) -> Result<(), String> {
    if width == 0 || height == 0 {
        return Err(format!("its size is {width}x{height}, so it has no pixels"));
    }
    if too_large(width, height) {
        return Err(format!("{width}x{height} is more than the limit of {MAX_PIXELS} pixels"));
    }
    if width * height > FREE_PIXELS.max(room) {
        return Err(format!(
            "{width}x{height} pixels are more than a file of this length can hold"
        ));
    }
    Ok(())
}
