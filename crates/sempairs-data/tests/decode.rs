//! Decoding of all supported formats, and errors for other files.

mod support;

use image::{DynamicImage, ImageBuffer, ImageFormat, Luma, LumaA, Rgb, RgbImage, Rgba};
use sempairs_data::{DataError, decode};
use support::{encode, jpeg, smooth, varied};

fn reason(bytes: &[u8]) -> String {
    match decode(bytes, "file.jpg") {
        Err(DataError::Picture { picture, reason }) => {
            assert_eq!(picture, "file.jpg");
            reason
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn lossless_formats_are_decoded_exactly() {
    let picture = varied(13, 7);
    for format in [ImageFormat::Png, ImageFormat::Bmp, ImageFormat::Tiff, ImageFormat::WebP] {
        let decoded = decode(&encode(picture.clone(), format), "x").unwrap();
        assert_eq!((decoded.width(), decoded.height()), (13, 7));
        assert_eq!(decoded.pixels(), picture.as_raw(), "{format:?}");
    }
}

#[test]
fn a_jpeg_is_decoded_approximately() {
    let picture = smooth(40, 24);
    let decoded = decode(&encode(picture.clone(), ImageFormat::Jpeg), "x").unwrap();
    assert_eq!((decoded.width(), decoded.height()), (40, 24));
    for (a, b) in decoded.pixels().iter().zip(picture.as_raw()) {
        assert!(a.abs_diff(*b) <= 16, "{a} and {b}");
    }
}

#[test]
fn the_format_is_recognised_from_the_content_not_the_name() {
    let picture = varied(5, 5);
    let png = encode(picture.clone(), ImageFormat::Png);
    assert_eq!(decode(&png, "named.jpg").unwrap().pixels(), picture.as_raw());
}

#[test]
fn greyscale_is_repeated_over_the_channels() {
    let grey = ImageBuffer::from_fn(6, 3, |x, y| Luma([(x * 40 + y) as u8]));
    let decoded = decode(&encode(grey.clone(), ImageFormat::Png), "x").unwrap();
    for (rgb, grey) in decoded.pixels().chunks(3).zip(grey.as_raw()) {
        assert_eq!(rgb, [*grey; 3]);
    }
    let flat = ImageBuffer::from_pixel(16, 16, Luma([93u8]));
    let decoded = decode(&encode(flat, ImageFormat::Jpeg), "x").unwrap();
    assert!(decoded.pixels().iter().all(|value| value.abs_diff(93) <= 1));
}

#[test]
fn alpha_is_dropped_and_the_colours_below_it_are_kept() {
    let rgba =
        ImageBuffer::from_fn(3, 2, |x, y| Rgba([10 * x as u8, 20 * y as u8, 5, 85 * x as u8]));
    let decoded = decode(&encode(rgba.clone(), ImageFormat::Png), "x").unwrap();
    for (rgb, rgba) in decoded.pixels().chunks(3).zip(rgba.pixels()) {
        assert_eq!(rgb, &rgba.0[..3]);
    }
    let grey_alpha = ImageBuffer::from_pixel(2, 2, LumaA([77u8, 0]));
    let decoded = decode(&encode(grey_alpha, ImageFormat::Png), "x").unwrap();
    assert_eq!(decoded.pixels(), [77; 12]);
}

#[test]
fn sixteen_bits_are_rounded_to_eight() {
    let deep = ImageBuffer::from_pixel(2, 2, Rgb([65535u16, 128 * 257, 0]));
    let decoded = decode(&encode(deep, ImageFormat::Png), "x").unwrap();
    assert_eq!(&decoded.pixels()[..3], [255, 128, 0]);
    let deep = ImageBuffer::from_pixel(2, 2, Luma([200u16 * 257]));
    let decoded = decode(&encode(deep, ImageFormat::Png), "x").unwrap();
    assert_eq!(decoded.pixels(), [200; 12]);
}

#[test]
fn palette_colours_are_looked_up() {
    // Every GIF has a palette.
    let mut picture = RgbImage::from_pixel(4, 4, Rgb([200, 10, 30]));
    picture.put_pixel(1, 2, Rgb([0, 0, 255]));
    let decoded = decode(&encode(picture.clone(), ImageFormat::Gif), "x").unwrap();
    assert_eq!(decoded.pixels(), picture.as_raw());
    // A PNG with two bits per pixel, of size 4x1 and with colours 0, 1, 2, 3.
    let palette = [[255, 0, 0], [0, 255, 0], [0, 0, 255], [9, 8, 7]];
    let decoded = decode(&palette_png(&palette.concat()), "x").unwrap();
    assert_eq!((decoded.width(), decoded.height()), (4, 1));
    assert_eq!(decoded.pixels(), palette.concat());
}

/// A PNG with one row of four pixels and a palette of four colours (PNG specification, chapter 11).
fn palette_png(palette: &[u8]) -> Vec<u8> {
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut chunk = |name: &[u8; 4], body: &[u8]| {
        file.extend((body.len() as u32).to_be_bytes());
        let checked = [&name[..], body].concat();
        file.extend(&checked);
        file.extend(crc32fast::hash(&checked).to_be_bytes());
    };
    chunk(b"IHDR", &[0, 0, 0, 4, 0, 0, 0, 1, 2, 3, 0, 0, 0]);
    chunk(b"PLTE", palette);
    // zlib: one stored block of two bytes (filter 0, then 00 01 10 11) and its Adler-32 checksum.
    chunk(b"IDAT", &[0x78, 1, 1, 2, 0, 0xFD, 0xFF, 0, 0x1B, 0, 0x1D, 0, 0x1C]);
    chunk(b"IEND", &[]);
    file
}

#[test]
fn cmyk_is_converted_as_in_pillow() {
    // Adobe stores inverted values, so red is (255 - C) (255 - K) / 255 = 200 * 128 / 255.
    let ink = jpeg::four_components([200, 100, 50, 128], Some(0));
    let decoded = decode(&ink, "x").unwrap();
    assert_eq!((decoded.width(), decoded.height()), (8, 8));
    for (value, expected) in decoded.pixels().iter().zip([100u8, 50, 25].iter().cycle()) {
        assert!(value.abs_diff(*expected) <= 1, "{value} and {expected}");
    }
    // Without Adobe's marker, four components are interpreted in the same way.
    let unmarked = jpeg::four_components([200, 100, 50, 128], None);
    assert_eq!(decode(&unmarked, "x").unwrap(), decoded);
}

#[test]
fn ycck_is_converted_as_in_pillow() {
    // Y = 180 without chroma gives C = M = Y = 180 before inversion: 75 * 128 / 255.
    let ink = jpeg::four_components([180, 128, 128, 128], Some(2));
    let decoded = decode(&ink, "x").unwrap();
    assert!(decoded.pixels().iter().all(|value| value.abs_diff(38) <= 1), "{decoded:?}");
}

#[test]
fn exif_orientation_is_applied() {
    // Four quadrants, distinguished by their bright channels.
    let quadrants = [[250, 0, 0], [0, 250, 0], [0, 0, 250], [250, 250, 250]];
    let stored = RgbImage::from_fn(64, 32, |x, y| Rgb(quadrants[(x / 32 + 2 * (y / 16)) as usize]));
    let jpeg = encode(stored, ImageFormat::Jpeg);
    // The quadrants shown at the top left, top right, bottom left and bottom right (EXIF 2.32, tag
    // 0x0112).
    let shown = [
        [0, 1, 2, 3],
        [1, 0, 3, 2],
        [3, 2, 1, 0],
        [2, 3, 0, 1],
        [0, 2, 1, 3],
        [2, 0, 3, 1],
        [3, 1, 2, 0],
        [1, 3, 0, 2],
    ];
    for (orientation, shown) in (1..=8).zip(shown) {
        let decoded = decode(&jpeg::with_orientation(&jpeg, orientation), "x").unwrap();
        let size = if orientation < 5 { (64, 32) } else { (32, 64) };
        assert_eq!((decoded.width(), decoded.height()), size, "orientation {orientation}");
        for (at, quadrant) in shown.into_iter().enumerate() {
            let (x, y) = ((1 + 2 * (at % 2)) * size.0 / 4, (1 + 2 * (at / 2)) * size.1 / 4);
            let pixel = &decoded.pixels()[3 * (y * size.0 + x)..][..3];
            for (value, expected) in pixel.iter().zip(quadrants[quadrant]) {
                assert!(value.abs_diff(expected) < 30, "orientation {orientation}, corner {at}");
            }
        }
    }
    let invalid = decode(&jpeg::with_orientation(&jpeg, 99), "x").unwrap();
    assert_eq!((invalid.width(), invalid.height()), (64, 32));
}

#[test]
fn extreme_sizes_are_decoded() {
    for format in [ImageFormat::Png, ImageFormat::Jpeg] {
        for (width, height) in [(1, 1), (10_000, 10), (10, 10_000)] {
            let decoded = decode(&encode(smooth(width, height), format), "x").unwrap();
            assert_eq!((decoded.width(), decoded.height()), (width as usize, height as usize));
        }
    }
}

#[test]
fn an_empty_file_is_reported_as_empty() {
    assert_eq!(reason(b""), "the file is empty");
}

#[test]
fn a_text_file_is_not_a_picture() {
    assert!(reason(b"left,right,class").contains("it begins with \"left,rig\""));
}

#[test]
fn a_truncated_file_is_never_decoded_in_part() {
    let picture = varied(40, 24);
    for format in [
        ImageFormat::Jpeg,
        ImageFormat::Png,
        ImageFormat::Gif,
        ImageFormat::Bmp,
        ImageFormat::WebP,
        ImageFormat::Tiff,
    ] {
        let bytes = encode(DynamicImage::from(picture.clone()), format);
        let whole = decode(&bytes, "x").unwrap();
        for length in 0..bytes.len() {
            // A file may end with bytes that do not affect the pixels.
            if let Ok(cut) = decode(&bytes[..length], "x") {
                assert_eq!(cut, whole, "{format:?} cut to {length} of {} bytes", bytes.len());
                assert!(format != ImageFormat::Jpeg, "{length} of {} bytes", bytes.len());
            }
        }
        assert!(decode(&bytes[..bytes.len() * 3 / 4], "x").is_err());
    }
    let jpeg = encode(picture, ImageFormat::Jpeg);
    assert!(reason(&jpeg[..jpeg.len() - 40]).contains("truncated"));
}

#[test]
fn a_damaged_file_never_causes_a_panic() {
    let picture = varied(33, 20);
    for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::Gif, ImageFormat::WebP] {
        let bytes = encode(DynamicImage::from(picture.clone()), format);
        for at in 0..bytes.len() {
            for flip in [0x01, 0x80, 0xFF] {
                let mut damaged = bytes.clone();
                damaged[at] ^= flip;
                let _ = decode(&damaged, "x");
            }
        }
    }
}

#[test]
fn a_gif_with_an_empty_canvas_is_an_error() {
    assert_eq!(reason(&support::gif_with_empty_canvas()), "its size is 0x0, so it has no pixels");
}

#[test]
fn a_tiff_whose_tiles_exceed_its_size_is_an_error() {
    let reason = reason(include_bytes!("files/too_many_samples.tif"));
    assert!(reason.contains("but its sides need"), "{reason}");
}

#[test]
fn a_size_of_zero_never_causes_a_panic() {
    for format in [
        ImageFormat::Jpeg,
        ImageFormat::Png,
        ImageFormat::Gif,
        ImageFormat::Bmp,
        ImageFormat::WebP,
        ImageFormat::Tiff,
    ] {
        let bytes = encode(DynamicImage::from(varied(9, 5)), format);
        // Every position is tried, since the sides may be stored anywhere, in 16 or 32 bits.
        for width in [2, 4] {
            for at in 0..=bytes.len() - width {
                let mut zeroed = bytes.clone();
                zeroed[at..at + width].fill(0);
                let _ = decode(&zeroed, "x");
            }
        }
    }
    // The sides of a PNG are protected by a checksum.
    for side in [16..20, 20..24, 16..24] {
        let mut png = encode(varied(8, 8), ImageFormat::Png);
        png[side].fill(0);
        let crc = crc32fast::hash(&png[12..29]).to_be_bytes();
        png[29..33].copy_from_slice(&crc);
        reason(&png);
    }
}

#[test]
fn a_decompression_bomb_is_rejected_before_decompression() {
    let mut png = encode(varied(8, 8), ImageFormat::Png);
    png[16..24].copy_from_slice(&[0, 0, 0xEA, 0x60, 0, 0, 0xEA, 0x60]); // 60,000 x 60,000
    let crc = crc32fast::hash(&png[12..29]).to_be_bytes();
    png[29..33].copy_from_slice(&crc);
    assert!(reason(&png).contains("limit"), "{}", reason(&png));

    let mut jpeg = encode(varied(8, 8), ImageFormat::Jpeg);
    let frame = jpeg.windows(2).position(|pair| pair == [0xFF, 0xC0]).unwrap();
    jpeg[frame + 5..frame + 9].copy_from_slice(&[0xFF, 0xF0, 0xFF, 0xF0]);
    assert!(reason(&jpeg).contains("65520x65520 is more than the limit"), "{}", reason(&jpeg));
}

#[test]
fn stray_bytes_between_segments_are_ignored() {
    let jpeg = encode(smooth(16, 16), ImageFormat::Jpeg);
    let mut stray = jpeg.clone();
    let table = jpeg.windows(2).position(|pair| pair == [0xFF, 0xDB]).unwrap();
    stray.splice(table..table, [0; 9]);
    assert_eq!(decode(&stray, "x").unwrap(), decode(&jpeg, "x").unwrap());
}

/// Files written by Pillow 13.0, each with a PNG of the pixels that Pillow decodes from it.
const FROM_PILLOW: [(&str, &[u8], &[u8]); 3] = [
    (
        "progressive",
        include_bytes!("files/progressive.jpg"),
        include_bytes!("files/progressive.png"),
    ),
    ("cmyk", include_bytes!("files/cmyk.jpg"), include_bytes!("files/cmyk.png")),
    ("restarts", include_bytes!("files/restarts.jpg"), include_bytes!("files/restarts.png")),
];

#[test]
fn jpegs_are_decoded_as_by_pillow() {
    for (name, jpeg, png) in FROM_PILLOW {
        let (ours, pillows) = (decode(jpeg, name).unwrap(), decode(png, name).unwrap());
        assert_eq!((ours.width(), ours.height()), (pillows.width(), pillows.height()));
        let differences = ours.pixels().iter().zip(pillows.pixels()).map(|(a, b)| a.abs_diff(*b));
        let (most, sum) =
            differences.fold((0, 0), |(most, sum), it| (most.max(it), sum + it as usize));
        let mean = sum as f64 / ours.pixels().len() as f64;
        assert!(most <= 4 && mean < 0.6, "{name}: {most} at most, {mean} on average");
    }
}

#[test]
fn a_truncated_jpeg_of_any_kind_is_an_error() {
    for (name, jpeg, _) in FROM_PILLOW {
        for length in 0..jpeg.len() {
            assert!(decode(&jpeg[..length], name).is_err(), "{name}: {length} of {}", jpeg.len());
        }
    }
}
