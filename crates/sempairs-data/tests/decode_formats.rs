//! PNG, GIF, BMP and TIFF in their rarer kinds: what is decoded is right, what is missing is never
//! made up.

mod made;

use made::bytes::{bmp, gif, png, stored};
use sempairs_data::{DataError, Picture, decode};

fn reason(bytes: &[u8]) -> String {
    match decode(bytes, "file") {
        Err(DataError::Picture { reason, .. }) => reason,
        other => panic!("{other:?}"),
    }
}

/// Sides of the pictures in `files/tiff`.
const WIDTH: usize = 11;
const HEIGHT: usize = 7;

/// Reads a file of `files/tiff`.
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

/// What the file of this name shows at a pixel.
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
fn a_tiff_of_every_kind_shows_what_was_drawn() {
    // Written by Pillow 13.0 and tifffile, of few bits by hand; Pillow reads them likewise.
    let files = tiffs! {
        "rgb-raw" "rgb-lzw-predictor" "rgb-deflate" "rgb-packbits" "rgb-alpha" "rgb-planar" "rgb-bigtiff"
        "rgb-tiles" "rgb-strips" "rgb-second-page" "rgb-float" "rgb16-planar" "rgb16-big-endian"
        "grey-raw" "grey-alpha" "grey-white-is-zero" "grey-orientation6" "grey16" "grey16-alpha" "grey4"
        "grey2-white-is-zero" "bilevel-raw" "bilevel-group4" "palette-raw" "palette-lzw"
        "palette-orientation6" "palette8-of-8-bit-colours" "palette4" "palette4-big-endian" "palette2"
        "palette1"
    };
    for (name, bytes) in files {
        let picture = decode(bytes, name).unwrap();
        // Orientation 6 lies on its left side.
        let turned = name.ends_with("orientation6");
        let sides = if turned { (HEIGHT, WIDTH) } else { (WIDTH, HEIGHT) };
        assert_eq!((picture.width(), picture.height()), sides, "{name}");
        for (at, pixel) in picture.pixels().chunks(3).enumerate() {
            let (x, y) = (at % sides.0, at / sides.0);
            let (x, y) = if turned { (y, HEIGHT - 1 - x) } else { (x, y) };
            assert_eq!(pixel, shown(name, x, y), "{name} at {x}, {y}");
        }
        assert_cuts_are_refused(name, bytes, &picture);
    }
}

/// Asserts that no part of a file gives another picture than the whole.
fn assert_cuts_are_refused(name: &str, bytes: &[u8], whole: &Picture<'_>) {
    for length in 0..bytes.len() {
        if let Ok(cut) = decode(&bytes[..length], name) {
            assert_eq!(&cut, whole, "{name} cut to {length} of {} bytes", bytes.len());
        }
    }
}

#[test]
fn cmyk_in_a_tiff_becomes_rgb_as_in_pillow() {
    let [(name, bytes)] = tiffs! { "cmyk" };
    let picture = decode(bytes, name).unwrap();
    for (at, pixel) in picture.pixels().chunks(3).enumerate() {
        let (x, y) = (at % WIDTH, at / WIDTH);
        let white = f32::from(grey(x, y)) / 255.0; // what black leaves
        for (value, ink) in pixel.iter().zip(rgb(x, y)) {
            let expected = f32::from(255 - ink) * white;
            assert!((f32::from(*value) - expected).abs() < 1.01, "{value}, not {expected}");
        }
    }
}

#[test]
fn a_strip_that_is_shorter_than_its_pixels_is_an_error() {
    let [(_, bytes)] = tiffs! { "palette4" };
    // The entry of StripByteCounts: tag 279, type LONG, one value, 42 bytes.
    let entry = [0x17, 1, 4, 0, 1, 0, 0, 0, 42, 0, 0, 0];
    let at = bytes.windows(12).position(|it| it == entry).unwrap();
    let mut short = bytes.to_vec();
    short[at + 8] = 30;
    assert!(reason(&short).contains("is shorter than its pixels"), "{}", reason(&short));
}

#[test]
fn a_jpeg_in_a_tiff_is_whole_or_an_error() {
    let [(name, bytes)] = tiffs! { "rgb-jpeg" };
    let picture = decode(bytes, name).unwrap();
    assert_eq!((picture.width(), picture.height()), (32, 32));
    for (at, pixel) in picture.pixels().chunks(3).enumerate() {
        let (x, y) = (at % 32, at / 32);
        for (value, drawn) in pixel.iter().zip([8 * x, 8 * y, 4 * (x + y)]) {
            assert!(usize::from(*value).abs_diff(drawn) <= 8, "{value}, not {drawn}");
        }
    }
    // Without its end, which the decoder of the `tiff` crate makes up.
    let end = bytes.windows(2).rposition(|it| it == [0xFF, 0xD9]).unwrap();
    let mut torn = bytes.to_vec();
    torn[end - 20..end + 2].fill(0);
    assert!(reason(&torn).contains("cut short"), "{}", reason(&torn));
}

#[test]
fn rows_that_are_missing_from_a_png_are_an_error() {
    let rows = [0, 1, 2, 3, 0, 4, 5, 6];
    let whole = png((1, 2), 8, 2, &[(b"IDAT", &stored(&rows))]);
    assert_eq!(decode(&whole, "x").unwrap().pixels(), [1, 2, 3, 4, 5, 6]);
    for length in 0..rows.len() {
        reason(&png((1, 2), 8, 2, &[(b"IDAT", &stored(&rows[..length]))]));
        // Interlaced, the second row is the last pass.
        let mut interlaced = png((1, 2), 8, 2, &[(b"IDAT", &stored(&rows[..length]))]);
        interlaced[28] = 1;
        let crc = crc32fast::hash(&interlaced[12..29]).to_be_bytes();
        interlaced[29..33].copy_from_slice(&crc);
        reason(&interlaced);
    }
    // A checksum that does not agree, of the data and of the stream.
    for from_end in [12 + 1, 12 + 5] {
        let mut torn = whole.clone();
        let at = torn.len() - from_end;
        torn[at] ^= 1;
        reason(&torn);
    }
}

#[test]
fn a_preview_is_not_taken_for_the_picture() {
    let [(_, bytes)] = tiffs! { "rgb-raw" };
    // NewSubfileType in place of the orientation or of any tag that is not needed: a reduced
    // picture.
    let mut raw = bytes.to_vec();
    let directory = u32::from_le_bytes(raw[4..8].try_into().unwrap()) as usize;
    let entry = directory + 2;
    let mut first = raw[entry..entry + 12].to_vec();
    first[..2].copy_from_slice(&254u16.to_le_bytes());
    first[2..4].copy_from_slice(&4u16.to_le_bytes());
    first[8..12].copy_from_slice(&1u32.to_le_bytes());
    // One entry more, for which the directory moves to the end.
    let count = u16::from_le_bytes(raw[directory..entry].try_into().unwrap());
    let mut moved = (count + 1).to_le_bytes().to_vec();
    moved.extend(first);
    moved.extend(&raw[entry..entry + 12 * usize::from(count) + 4]);
    let end = raw.len() as u32;
    raw[4..8].copy_from_slice(&end.to_le_bytes());
    raw.extend(moved);
    assert!(reason(&raw).contains("but a preview of another"), "{}", reason(&raw));
}

#[test]
fn a_png_with_a_palette_cut_within_a_colour_is_refused_by_name() {
    let pixels = stored(&[0, 0b0001_0000]);
    let file = |palette: &[u8]| png((4, 1), 2, 3, &[(b"PLTE", palette), (b"IDAT", &pixels)]);
    assert_eq!(decode(&file(&[9, 8, 7, 1, 2, 3]), "x").unwrap().pixels()[3..6], [1, 2, 3]);
    for length in [1, 2, 4, 5, 769] {
        let message = reason(&file(&vec![7; length]));
        assert!(message.contains(&format!("palette is {length} bytes long")), "{message}");
    }
    let message = reason(&file(&[9, 8, 7]));
    assert!(message.contains("of colour 1, where the palette has 1 colours"), "{message}");
    let without = png((4, 1), 2, 3, &[(b"IDAT", &pixels)]);
    assert!(reason(&without).contains("no palette"), "{}", reason(&without));
    // In true colour a palette is a suggestion.
    let rgb = stored(&[0, 50, 60, 70]);
    let suggested = png((1, 1), 8, 2, &[(b"PLTE", &[1, 2, 3, 4]), (b"IDAT", &rgb)]);
    assert_eq!(decode(&suggested, "x").unwrap().pixels(), [50, 60, 70]);
}

#[test]
fn colours_that_a_gif_has_not_are_an_error_and_what_its_frame_leaves_is_black() {
    let whole = decode(&gif(2, 1, 0, 1), "x").unwrap();
    assert_eq!(whole.pixels(), [10, 20, 30, 40, 50, 60]);
    let partly = decode(&gif(3, 2, 2, 1), "x").unwrap();
    assert_eq!((partly.width(), partly.height()), (3, 2));
    assert_eq!(partly.pixels()[6..], [10, 20, 30, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    let message = reason(&gif(2, 1, 0, 3));
    assert!(message.contains("of colour 3, where the palette has 2 colours"), "{message}");
}

const THREE: [[u8; 3]; 3] = [[1, 2, 3], [40, 50, 60], [200, 100, 0]];

/// The pixels of a picture as numbers of colours of [`THREE`].
fn numbers(bytes: &[u8]) -> Vec<usize> {
    let picture = decode(bytes, "x").unwrap();
    let number = |pixel: &[u8]| THREE.iter().position(|it| it == pixel).unwrap();
    picture.pixels().chunks(3).map(number).collect()
}

#[test]
fn run_lengths_of_a_bmp_are_unpacked_and_gaps_are_refused() {
    let eight = |code: &[u8]| bmp((5, 2), 8, 1, &THREE, code);
    // Rows from below: 1 1 1 2 2, and 0 1 2 as they are, padded, and 0 0.
    let code = [3, 1, 2, 2, 0, 0, 0, 3, 0, 1, 2, 0, 2, 0, 0, 0, 0, 1];
    assert_eq!(numbers(&eight(&code)), [0, 1, 2, 0, 0, 1, 1, 1, 2, 2]);
    // The run that goes on behind the row's end stops there.
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
    assert!(reason(&eight(&code[..9])).contains("cut short"));
    assert!(reason(&eight(&[0, 6, 0, 0, 0, 0, 0, 0])).contains("beyond the end of a row"));
    assert!(reason(&eight(&[5, 1, 0, 0, 5, 3])).contains("of colour 3"));

    let four = bmp((5, 2), 4, 2, &THREE, &[5, 0x12, 0, 0, 0, 5, 0x01, 0x20, 0x10, 0, 0, 1]);
    assert_eq!(numbers(&four), [0, 1, 2, 0, 1, 1, 2, 1, 2, 1]);
}

#[test]
fn a_bmp_with_a_palette_is_looked_up_in_either_order_of_rows() {
    let rows = [0b00_01_10_00, 0b01_00_00_00, 0, 0, 0b10_10_10_10, 0b10_00_00_00, 0, 0];
    assert_eq!(numbers(&bmp((5, 2), 2, 0, &THREE, &rows)), [2, 2, 2, 2, 2, 0, 1, 2, 0, 1]);
    assert_eq!(numbers(&bmp((5, -2), 2, 0, &THREE, &rows)), [0, 1, 2, 0, 1, 2, 2, 2, 2, 2]);
    assert!(reason(&bmp((5, 2), 2, 0, &THREE, &rows[..7])).contains("cut short: 73 of 74 bytes"));
    assert!(reason(&bmp((5, 2), 2, 0, &THREE, &[0xFF; 8])).contains("of colour 3"));
    for bits in [0, 3, 5, 64] {
        let message = reason(&bmp((5, 2), bits, 0, &[], &rows));
        assert!(message.contains("Invalid channel bit count"), "{bits}: {message}");
    }
    let mut early = bmp((5, 2), 2, 0, &THREE, &rows);
    early[10..14].copy_from_slice(&20u32.to_le_bytes());
    assert!(reason(&early).contains("begin at byte 20, within its header"));
}

#[test]
fn a_webp_that_is_shorter_than_it_says_is_cut() {
    let webp = made::encode(made::varied(9, 5), image::ImageFormat::WebP);
    assert!(reason(&webp[..webp.len() - 1]).contains("cut short"));
    // A length of its picture that goes beyond the file.
    let mut long = webp.clone();
    long[16..20].copy_from_slice(&0x7FFF_FFFFu32.to_le_bytes());
    assert!(reason(&long).contains("cut short within its chunk \"VP8L\""), "{}", reason(&long));
}
