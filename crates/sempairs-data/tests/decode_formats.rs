//! Less common kinds of PNG, GIF, BMP and TIFF: they are decoded correctly, and missing parts are
//! never filled in.

mod support;

use sempairs_data::{DataError, Picture, decode};
use support::bytes::{bmp, gif, png, stored};

fn reason(bytes: &[u8]) -> String {
    match decode(bytes, "file") {
        Err(DataError::Picture { reason, .. }) => reason,
        other => panic!("{other:?}"),
    }
}

/// Size of the pictures in `files/tiff`.
const WIDTH: usize = 11;
const HEIGHT: usize = 7;

/// Includes files of `files/tiff` by name.
macro_rules! tiffs {
    ($($name:literal)*) => {
        [$(($name, &include_bytes!(concat!("files/tiff/", $name, ".tif"))[..])),*]
    };
}

fn grey(x: usize, y: usize) -> u8 {
    (x * 7 + y * 13) as u8
}

fn rgb(x: usize, y: usize) -> [u8; 3] {
    [(x * 20 + y) as u8, (y * 30 + x) as u8, grey(x, y)]
}

fn colour(index: u8) -> [u8; 3] {
    [index.wrapping_mul(3), 255 - index, index.wrapping_mul(7)]
}

/// The expected colour of a pixel of the named file.
fn shown(name: &str, x: usize, y: usize) -> [u8; 3] {
    let value = grey(x, y);
    let kind = name.split('-').next().unwrap();
    match kind {
        "rgb" | "rgb16" => rgb(x, y),
        "grey" | "grey16" => [value; 3],
        "grey4" => [value % 16 * 17; 3],
        "grey2" => [value % 4 * 85; 3],
        "bilevel" => [if value > 60 { 255 } else { 0 }; 3],
        "palette" | "palette8" => colour(value),
        "palette4" => colour(value % 16),
        "palette2" => colour(value % 4),
        "palette1" => colour(value % 2),
        other => panic!("{other}"),
    }
}

#[test]
fn every_kind_of_tiff_is_decoded_correctly() {
    // Written by Pillow 13.0 and tifffile; files with few bits by hand. Pillow decodes them
    // identically.
    let files = tiffs! {
        "rgb-raw" "rgb-lzw-predictor" "rgb-deflate" "rgb-packbits" "rgb-alpha" "rgb-planar"
        "rgb-bigtiff" "rgb-tiles" "rgb-strips" "rgb-second-page" "rgb-float" "rgb16-planar"
        "rgb16-big-endian" "grey-raw" "grey-alpha" "grey-white-is-zero" "grey-orientation6"
        "grey16" "grey16-alpha" "grey4" "grey2-white-is-zero" "bilevel-raw" "bilevel-group4"
        "palette-raw" "palette-lzw" "palette-orientation6" "palette8-of-8-bit-colours" "palette4"
        "palette4-big-endian" "palette2" "palette1"
    };
    for (name, bytes) in files {
        let picture = decode(bytes, name).unwrap();
        // Orientation 6 is rotated by 90 degrees.
        let turned = name.ends_with("orientation6");
        let sides = if turned { (HEIGHT, WIDTH) } else { (WIDTH, HEIGHT) };
        assert_eq!((picture.width(), picture.height()), sides, "{name}");
        for (at, pixel) in picture.pixels().chunks(3).enumerate() {
            let (x, y) = (at % sides.0, at / sides.0);
            let (x, y) = if turned { (y, HEIGHT - 1 - x) } else { (x, y) };
            assert_eq!(pixel, shown(name, x, y), "{name} at {x}, {y}");
        }
        assert_truncation_is_rejected(name, bytes, &picture);
    }
}

/// Asserts that a truncated file is an error or gives the same picture as the whole file.
fn assert_truncation_is_rejected(name: &str, bytes: &[u8], whole: &Picture<'_>) {
    for length in 0..bytes.len() {
        if let Ok(cut) = decode(&bytes[..length], name) {
            assert_eq!(&cut, whole, "{name} cut to {length} of {} bytes", bytes.len());
        }
    }
}

#[test]
fn cmyk_in_a_tiff_is_converted_as_in_pillow() {
    let [(name, bytes)] = tiffs! { "cmyk" };
    let picture = decode(bytes, name).unwrap();
    for (at, pixel) in picture.pixels().chunks(3).enumerate() {
        let (x, y) = (at % WIDTH, at / WIDTH);
        let white = f32::from(grey(x, y)) / 255.0; // the light that black ink leaves
        for (value, ink) in pixel.iter().zip(rgb(x, y)) {
            let expected = f32::from(255 - ink) * white;
            assert!((f32::from(*value) - expected).abs() < 1.01, "{value}, not {expected}");
        }
    }
}

#[test]
fn a_strip_shorter_than_its_pixels_is_an_error() {
    let [(_, bytes)] = tiffs! { "palette4" };
    // The entry of StripByteCounts: tag 279, type LONG, one value, 42 bytes.
    let entry = [0x17, 1, 4, 0, 1, 0, 0, 0, 42, 0, 0, 0];
    let at = bytes.windows(12).position(|it| it == entry).unwrap();
    let mut short = bytes.to_vec();
    short[at + 8] = 30;
    assert!(reason(&short).contains("is shorter than its pixels"), "{}", reason(&short));
}

#[test]
fn a_jpeg_in_a_tiff_must_be_complete() {
    let [(name, bytes)] = tiffs! { "rgb-jpeg" };
    let picture = decode(bytes, name).unwrap();
    assert_eq!((picture.width(), picture.height()), (32, 32));
    for (at, pixel) in picture.pixels().chunks(3).enumerate() {
        let (x, y) = (at % 32, at / 32);
        for (value, drawn) in pixel.iter().zip([8 * x, 8 * y, 4 * (x + y)]) {
            assert!(usize::from(*value).abs_diff(drawn) <= 8, "{value}, not {drawn}");
        }
    }
    // Without its end, which the decoder of the `tiff` crate would fill in.
    let end = bytes.windows(2).rposition(|it| it == [0xFF, 0xD9]).unwrap();
    let mut damaged = bytes.to_vec();
    damaged[end - 20..end + 2].fill(0);
    assert!(reason(&damaged).contains("truncated"), "{}", reason(&damaged));
}

#[test]
fn rows_missing_from_a_png_are_an_error() {
    let rows = [0, 1, 2, 3, 0, 4, 5, 6];
    let whole = png((1, 2), 8, 2, &[(b"IDAT", &stored(&rows))]);
    assert_eq!(decode(&whole, "x").unwrap().pixels(), [1, 2, 3, 4, 5, 6]);
    for length in 0..rows.len() {
        reason(&png((1, 2), 8, 2, &[(b"IDAT", &stored(&rows[..length]))]));
        // With interlacing, the second row is the last pass.
        let mut interlaced = png((1, 2), 8, 2, &[(b"IDAT", &stored(&rows[..length]))]);
        interlaced[28] = 1;
        let crc = crc32fast::hash(&interlaced[12..29]).to_be_bytes();
        interlaced[29..33].copy_from_slice(&crc);
        reason(&interlaced);
    }
    // Wrong checksums of the chunk and of the zlib stream.
    for from_end in [12 + 1, 12 + 5] {
        let mut damaged = whole.clone();
        let at = damaged.len() - from_end;
        damaged[at] ^= 1;
        reason(&damaged);
    }
}

#[test]
fn a_preview_is_not_used_as_the_picture() {
    let [(_, bytes)] = tiffs! { "rgb-raw" };
    // Adds the tag NewSubfileType with the value of a reduced-resolution picture.
    let mut raw = bytes.to_vec();
    let directory = u32::from_le_bytes(raw[4..8].try_into().unwrap()) as usize;
    let entry = directory + 2;
    let mut first = raw[entry..entry + 12].to_vec();
    first[..2].copy_from_slice(&254u16.to_le_bytes());
    first[2..4].copy_from_slice(&4u16.to_le_bytes());
    first[8..12].copy_from_slice(&1u32.to_le_bytes());
    // The directory with the additional entry is moved to the end of the file.
    let count = u16::from_le_bytes(raw[directory..entry].try_into().unwrap());
    let mut moved = (count + 1).to_le_bytes().to_vec();
    moved.extend(first);
    moved.extend(&raw[entry..entry + 12 * usize::from(count) + 4]);
    let end = raw.len() as u32;
    raw[4..8].copy_from_slice(&end.to_le_bytes());
    raw.extend(moved);
    assert!(reason(&raw).contains("only a preview of another"), "{}", reason(&raw));
}

#[test]
fn a_png_whose_palette_ends_within_a_colour_is_rejected() {
    let pixels = stored(&[0, 0b0001_0000]);
    let file = |palette: &[u8]| png((4, 1), 2, 3, &[(b"PLTE", palette), (b"IDAT", &pixels)]);
    assert_eq!(decode(&file(&[9, 8, 7, 1, 2, 3]), "x").unwrap().pixels()[3..6], [1, 2, 3]);
    for length in [1, 2, 4, 5, 769] {
        let message = reason(&file(&vec![7; length]));
        assert!(message.contains(&format!("palette has {length} bytes")), "{message}");
    }
    let message = reason(&file(&[9, 8, 7]));
    assert!(message.contains("has colour 1, but the palette has 1 colours"), "{message}");
    let without = png((4, 1), 2, 3, &[(b"IDAT", &pixels)]);
    assert!(reason(&without).contains("no palette"), "{}", reason(&without));
    // In true colour, a palette is optional and not used.
    let rgb = stored(&[0, 50, 60, 70]);
    let suggested = png((1, 1), 8, 2, &[(b"PLTE", &[1, 2, 3, 4]), (b"IDAT", &rgb)]);
    assert_eq!(decode(&suggested, "x").unwrap().pixels(), [50, 60, 70]);
}

#[test]
fn a_gif_must_have_all_colours_and_the_canvas_outside_its_frame_is_black() {
    let whole = decode(&gif(2, 1, 0, 1), "x").unwrap();
    assert_eq!(whole.pixels(), [10, 20, 30, 40, 50, 60]);
    let partly = decode(&gif(3, 2, 2, 1), "x").unwrap();
    assert_eq!((partly.width(), partly.height()), (3, 2));
    assert_eq!(partly.pixels()[6..], [10, 20, 30, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    let message = reason(&gif(2, 1, 0, 3));
    assert!(message.contains("has colour 3, but the palette has 2 colours"), "{message}");
}

const THREE: [[u8; 3]; 3] = [[1, 2, 3], [40, 50, 60], [200, 100, 0]];

/// The indices into [`THREE`] of the pixels of a picture.
fn numbers(bytes: &[u8]) -> Vec<usize> {
    let picture = decode(bytes, "x").unwrap();
    let number = |pixel: &[u8]| THREE.iter().position(|it| it == pixel).unwrap();
    picture.pixels().chunks(3).map(number).collect()
}

#[test]
fn run_length_coding_of_a_bmp_is_decoded_and_gaps_are_rejected() {
    let eight = |code: &[u8]| bmp((5, 2), 8, 1, &THREE, code);
    // Rows from the bottom: a run of 1 1 1 and of 2 2; then 0 1 2 literally with padding, and 0 0.
    let code = [3, 1, 2, 2, 0, 0, 0, 3, 0, 1, 2, 0, 2, 0, 0, 0, 0, 1];
    assert_eq!(numbers(&eight(&code)), [0, 1, 2, 0, 0, 1, 1, 1, 2, 2]);
    // A run that continues beyond the end of the row is clipped.
    assert_eq!(numbers(&eight(&[9, 1, 0, 0, 5, 2, 0, 1])), [2, 2, 2, 2, 2, 1, 1, 1, 1, 1]);
    for gap in [
        &[3, 1, 0, 0, 5, 2, 0, 1][..],
        &[3, 1, 0, 2, 2, 0],
        &[5, 1, 0, 0, 0, 1],
        &[5, 1, 0, 0, 0, 0, 5, 1],
    ] {
        let message = reason(&eight(gap));
        assert!(message.contains("leaves pixels undefined"), "{gap:?}: {message}");
    }
    assert!(reason(&eight(&code[..9])).contains("truncated"));
    assert!(reason(&eight(&[0, 6, 0, 0, 0, 0, 0, 0])).contains("beyond the end of a row"));
    assert!(reason(&eight(&[5, 1, 0, 0, 5, 3])).contains("has colour 3"));

    let four = bmp((5, 2), 4, 2, &THREE, &[5, 0x12, 0, 0, 0, 5, 0x01, 0x20, 0x10, 0, 0, 1]);
    assert_eq!(numbers(&four), [0, 1, 2, 0, 1, 1, 2, 1, 2, 1]);
}

#[test]
fn a_bmp_with_a_palette_is_decoded_in_either_order_of_rows() {
    let rows = [0b00_01_10_00, 0b01_00_00_00, 0, 0, 0b10_10_10_10, 0b10_00_00_00, 0, 0];
    assert_eq!(numbers(&bmp((5, 2), 2, 0, &THREE, &rows)), [2, 2, 2, 2, 2, 0, 1, 2, 0, 1]);
    assert_eq!(numbers(&bmp((5, -2), 2, 0, &THREE, &rows)), [0, 1, 2, 0, 1, 2, 2, 2, 2, 2]);
    assert!(reason(&bmp((5, 2), 2, 0, &THREE, &rows[..7])).contains("truncated: 73 of 74 bytes"));
    assert!(reason(&bmp((5, 2), 2, 0, &THREE, &[0xFF; 8])).contains("has colour 3"));
    for bits in [0, 3, 5, 64] {
        let message = reason(&bmp((5, 2), bits, 0, &[], &rows));
        assert!(message.contains("Invalid channel bit count"), "{bits}: {message}");
    }
    let mut early = bmp((5, 2), 2, 0, &THREE, &rows);
    early[10..14].copy_from_slice(&20u32.to_le_bytes());
    assert!(reason(&early).contains("begin at byte 20, within its header"));
}

#[test]
fn a_webp_shorter_than_its_stated_length_is_truncated() {
    let webp = support::encode(support::varied(9, 5), image::ImageFormat::WebP);
    assert!(reason(&webp[..webp.len() - 1]).contains("truncated"));
    // A stated length of the image data that exceeds the file.
    let mut long = webp.clone();
    long[16..20].copy_from_slice(&0x7FFF_FFFFu32.to_le_bytes());
    assert!(reason(&long).contains("truncated within its chunk \"VP8L\""), "{}", reason(&long));
}
