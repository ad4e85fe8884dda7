//! Recognition of file formats by their first bytes.

use image::ImageFormat;

/// Number of first bytes of a file that [`format_of`] and [`begins_as_picture`] need.
pub(crate) const HEADER_BYTES: u64 = 32;

/// The format of a file that begins with `start`, or the reason why [`decode`](super::decode)
/// cannot read it.
pub(crate) fn format_of(start: &[u8]) -> Result<ImageFormat, String> {
    use ImageFormat::{Bmp, Gif, Jpeg, Png, Tiff, WebP};
    if start.is_empty() {
        return Err("the file is empty".into());
    }
    if let Some(format) = camera_raw(start) {
        return Err(not_supported(format, Advice::Convert));
    }
    if start.starts_with(b"II+\0") || start.starts_with(b"MM\0+") {
        return Ok(Tiff); // BigTIFF
    }
    match image::guess_format(start) {
        Ok(format @ (Jpeg | Png | Gif | Bmp | WebP | Tiff)) => Ok(format),
        _ => Err(foreign(start)),
    }
}

/// Returns true if a file that begins with `start` is a picture, whatever its name.
pub(crate) fn begins_as_picture(start: &[u8]) -> bool {
    // The magic number of BMP is two letters, with which a text may also begin, but a text contains
    // no zero bytes.
    format_of(start).is_ok_and(|format| format != ImageFormat::Bmp || start.contains(&0))
}

/// Advice to the user about a file of an unsupported format.
#[derive(Clone, Copy)]
enum Advice {
    /// Convert it: it is a picture.
    Convert,
    /// Remove it: it is not a picture, or contains many.
    Remove,
    /// Get the actual picture, for which the file is a placeholder.
    Fetch(&'static str),
}

use Advice::{Convert, Fetch, Remove};

/// First bytes of other formats that are found in image folders. The first matching entry is used.
const FOREIGN: &[(&[u8], &str, Advice)] = &[
    (b"\xFF\x0A", "JPEG XL", Convert),
    (b"\0\0\0\x0CJXL \r\n\x87\n", "JPEG XL", Convert),
    (b"\0\0\0\x0CjP  \r\n\x87\n", "JPEG 2000", Convert),
    (b"\xFF\x4F\xFF\x51", "JPEG 2000", Convert),
    (b"II\xBC", "JPEG XR", Convert),
    (b"8BPS", "a Photoshop document (PSD)", Convert),
    (b"gimp xcf", "a GIMP document (XCF)", Convert),
    (b"FOVb", "a raw photo of a Sigma camera (X3F)", Convert),
    (b"\0MRM", "a raw photo of a Minolta camera (MRW)", Convert),
    (b"\0\0\x01\0", "an icon (ICO)", Convert),
    (b"qoif", "QOI", Convert),
    (b"DDS ", "a texture (DDS)", Convert),
    (b"\x76\x2F\x31\x01", "OpenEXR", Convert),
    (b"#?RADIANCE", "Radiance HDR", Convert),
    (b"farbfeld", "farbfeld", Convert),
    (b"P1\n", "a PNM picture", Convert),
    (b"P2\n", "a PNM picture", Convert),
    (b"P3\n", "a PNM picture", Convert),
    (b"P4\n", "a PNM picture", Convert),
    (b"P5\n", "a PNM picture", Convert),
    (b"P6\n", "a PNM picture", Convert),
    (b"BPG\xFB", "BPG", Convert),
    (b"SIMPLE  =", "FITS", Convert),
    (b"<svg", "SVG", Convert),
    (b"%PDF", "a PDF document", Convert),
    (b"\x1A\x45\xDF\xA3", "a Matroska or WebM video", Remove),
    (b"FLV\x01", "a Flash video (FLV)", Remove),
    (b"\x30\x26\xB2\x75\x8E\x66\xCF\x11", "a Windows Media video (WMV, ASF)", Remove),
    (b"\0\0\x01\xBA", "an MPEG video", Remove),
    (b"\0\0\x01\xB3", "an MPEG video", Remove),
    (b"OggS", "an Ogg video or audio file", Remove),
    (b"ID3", "an audio file (MP3)", Remove),
    (b"PK\x03\x04", "a ZIP archive", Remove),
    (b"\x1F\x8B", "a gzip archive", Remove),
    (b"BZh", "a bzip2 archive", Remove),
    (b"\xFD7zXZ\0", "an xz archive", Remove),
    (b"7z\xBC\xAF\x27\x1C", "a 7-Zip archive", Remove),
    (b"Rar!", "a RAR archive", Remove),
    (b"\x93NUMPY", "a NumPy array", Remove),
    (b"\x89HDF", "an HDF5 file", Remove),
    (b"SQLite format 3", "a database (SQLite)", Remove),
    (b"\xD0\xCF\x11\xE0", "a Windows compound file, such as Thumbs.db", Remove),
    (b"<?xml", "XML, perhaps an SVG drawing", Convert),
    (
        b"version https://git-lfs",
        "a Git LFS pointer",
        Fetch("fetch the picture with `git lfs pull`"),
    ),
    (b"<!DOCTYPE", "a web page, perhaps of a failed download", Fetch("download it again")),
    (b"<!doctype", "a web page, perhaps of a failed download", Fetch("download it again")),
    (b"<html", "a web page, perhaps of a failed download", Fetch("download it again")),
];

/// Brands of ISO base media files (ISO/IEC 14496-12), which may contain pictures or videos.
const BRANDS: &[(&[u8], &str, Advice)] = &[
    (b"avi", "AVIF", Convert),
    (b"hei", "HEIC", Convert),
    (b"hev", "HEIC", Convert),
    (b"mif1", "HEIF (HEIC or AVIF)", Convert),
    (b"msf1", "HEIF (HEIC or AVIF)", Convert),
    (b"crx ", "a raw photo of a Canon camera (CR3)", Convert),
    (b"jp2", "JPEG 2000", Convert),
    (b"qt  ", "a QuickTime video", Remove),
    (b"M4A", "an audio file (M4A)", Remove),
];

/// Recognises raw photos that begin like TIFF, but whose first picture is a preview or has a
/// proprietary encoding.
fn camera_raw(start: &[u8]) -> Option<&'static str> {
    let at = |from: usize, mark: &[u8]| start.get(from..from + mark.len()) == Some(mark);
    if at(8, b"CR\x02\0") {
        return Some("a raw photo of a Canon camera (CR2)");
    }
    if at(0, b"IIRO") || at(0, b"IIRS") || at(0, b"MMOR") {
        return Some("a raw photo of an Olympus camera (ORF)");
    }
    if at(0, b"IIU\0") {
        return Some("a raw photo of a Panasonic camera (RW2)");
    }
    at(0, b"FUJIFILMCCD-RAW").then_some("a raw photo of a Fujifilm camera (RAF)")
}

fn foreign(start: &[u8]) -> String {
    let text = start.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(start).trim_ascii_start();
    if start.get(4..8) == Some(b"ftyp") {
        let brand = start.get(8..).unwrap_or_default();
        let known = BRANDS.iter().find(|(mark, ..)| brand.starts_with(mark));
        let (_, what, advice) = known.copied().unwrap_or((b"", "an MP4 video", Remove));
        return not_supported(what, advice);
    }
    if matches!(start.get(4..8), Some(b"moov" | b"mdat" | b"wide" | b"skip" | b"pnot")) {
        return not_supported("a QuickTime video", Remove);
    }
    if start.starts_with(b"RIFF") {
        let what = match start.get(8..12) {
            Some(b"AVI ") => "an AVI video",
            Some(b"WAVE") => "an audio file (WAVE)",
            _ => "a RIFF file without a WebP picture",
        };
        return not_supported(what, Remove);
    }
    if start.len() == HEADER_BYTES as usize && start.iter().all(|&byte| byte == 0) {
        return "it begins with zeros only; it is damaged or was not downloaded completely".into();
    }
    let marked = |mark: &[u8]| start.starts_with(mark) || text.starts_with(mark);
    match FOREIGN.iter().find(|(mark, ..)| marked(mark)) {
        Some(&(_, what, advice)) => not_supported(what, advice),
        None => {
            let start = start[..start.len().min(8)].escape_ascii();
            format!("not a JPEG, PNG, GIF, BMP, WebP or TIFF file: it begins with \"{start}\"")
        }
    }
}

fn not_supported(what: &str, advice: Advice) -> String {
    match advice {
        Convert => format!("it is {what}, which is not supported; convert it to JPEG or PNG"),
        Remove => format!("it is {what}, not a picture; move it out of the folder"),
        Fetch(how) => format!("it is {what}, not the picture itself; {how}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_formats_found_in_image_folders_are_named() {
        let cases: &[(&[u8], &str)] = &[
            (b"\0\0\0\x24ftypheic\0\0\0\0mif1heic", "it is HEIC, which is not supported; convert"),
            (b"\0\0\0\x1Cftypavif\0\0\0\0", "it is AVIF, which"),
            (b"\0\0\0\x20ftypisom\0\0\x02\0", "it is an MP4 video, not a picture; move it"),
            (b"\0\0\0\x14ftypqt  ", "QuickTime video"),
            (b"RIFF\0\x10\0\0AVI LIST", "an AVI video"),
            (b"\x1A\x45\xDF\xA3\x9F\x42\x86\x81", "a Matroska or WebM video"),
            (b"\xFF\x0A\xFA\x1F", "JPEG XL"),
            (b"8BPS\0\x01", "(PSD)"),
            (b"II*\0\x10\0\0\0CR\x02\0", "Canon camera (CR2)"),
            (b"<svg xmlns=", "SVG"),
            (b"\xEF\xBB\xBF\n<!DOCTYPE html>", "a failed download, not the picture itself"),
            (b"version https://git-lfs.github.c", "`git lfs pull`"),
            (&[0; HEADER_BYTES as usize], "zeros only"),
            (b"", "the file is empty"),
            (b"left,right", "it begins with \"left,rig\""),
        ];
        for (start, words) in cases {
            let message = format_of(start).unwrap_err();
            assert!(message.contains(words), "{}: {message}", start.escape_ascii());
        }
        assert_eq!(format_of(b"II*\0\x08\0\0\0\x0F\0"), Ok(ImageFormat::Tiff));
    }
}
