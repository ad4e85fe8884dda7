//! Incomplete or overwritten JPEGs: decoding gives an error or the correct picture, never a wrong
//! one.

use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use sempairs_data::{Picture, decode};

/// JPEGs of many kinds: sequential and progressive, with one or several scans and restart markers.
fn files() -> Vec<(String, Vec<u8>)> {
    let (width, height) = (75, 58);
    let pixels: Vec<u8> = (0..height * width)
        .flat_map(|at: u32| {
            let (x, y) = (at % width, at / width);
            [(x * 3 + y) as u8, (y * 4) as u8, (x * y / 9 + x % 7 * 9) as u8]
        })
        .collect();
    let mut files = Vec::new();
    for sampling in [SamplingFactor::F_1_1, SamplingFactor::F_2_2] {
        for (scans, restart, optimised) in
            [(0, 0, false), (0, 0, true), (0, 4, false), (4, 0, false), (4, 3, false)]
        {
            let mut bytes = Vec::new();
            let mut encoder = Encoder::new(&mut bytes, 80);
            encoder.set_sampling_factor(sampling);
            encoder.set_restart_interval(restart);
            encoder.set_optimized_huffman_tables(optimised);
            if scans > 0 {
                encoder.set_progressive_scans(scans);
            }
            let (width, height) = (width as u16, height as u16);
            encoder.encode(&pixels, width, height, ColorType::Rgb).unwrap();
            let what = format!("{sampling:?}, {scans} scans, restart {restart}, own {optimised}");
            files.push((what, bytes));
        }
    }
    files
}

/// Offset of the data of the first scan.
fn first_scan(file: &[u8]) -> usize {
    let header = file.windows(2).position(|pair| pair == [0xFF, 0xDA]).expect("a scan") + 2;
    header + usize::from(u16::from_be_bytes([file[header], file[header + 1]]))
}

fn decoded(bytes: &[u8]) -> Option<Picture<'static>> {
    decode(bytes, "x").ok()
}

#[test]
fn a_truncated_file_with_an_end_marker_is_an_error() {
    for (what, file) in files() {
        assert!(decoded(&file).is_some(), "{what}");
        for length in 2..file.len() - 2 {
            let cut = [&file[..length], &[0xFF, 0xD9]].concat();
            assert!(decoded(&cut).is_none(), "{what}: cut to {length} of {}", file.len());
        }
    }
}

#[test]
fn data_overwritten_with_ff_are_errors() {
    for (what, file) in files() {
        for length in [2, 3, 16, 100, 600] {
            for at in first_scan(&file)..file.len() - 2 - length {
                // Before the second byte of a restart marker, FF bytes are valid padding.
                if matches!(file[at + length], 0xD0..=0xD7) {
                    continue;
                }
                let mut damaged = file.clone();
                damaged[at..at + length].fill(0xFF);
                // The last bytes of a scan may be padding.
                let same = decoded(&damaged).is_none_or(|picture| Some(picture) == decoded(&file));
                assert!(same, "{what}: {length} bytes at {at} of {}", file.len());
            }
        }
    }
}

#[test]
fn a_marker_within_the_data_is_an_error() {
    for (what, file) in files() {
        for code in [0x01, 0x42, 0xC0, 0xD0, 0xD7, 0xD8, 0xD9, 0xDA, 0xE0, 0xFE] {
            for at in (first_scan(&file)..file.len() - 4).step_by(7) {
                // Next to a marker, the overwritten bytes may be the same marker with padding.
                if file[at - 1..at + 3].contains(&0xFF) {
                    continue;
                }
                let mut damaged = file.clone();
                damaged[at..at + 2].copy_from_slice(&[0xFF, code]);
                let same = decoded(&damaged).is_none_or(|picture| Some(picture) == decoded(&file));
                assert!(same, "{what}: FF {code:02X} at {at} of {}", file.len());
            }
        }
    }
}

#[test]
fn a_progressive_file_without_its_last_scans_is_an_error() {
    for (what, file) in files().iter().filter(|(what, _)| what.contains("4 scans")) {
        let headers = file.windows(2).enumerate().filter(|(_, pair)| *pair == [0xFF, 0xDA]);
        let headers: Vec<usize> = headers.map(|(at, _)| at).collect();
        assert!(headers.len() > 3, "{what}");
        for &at in &headers[1..] {
            let cut = [&file[..at], &[0xFF, 0xD9]].concat();
            let error = decode(&cut, "x").unwrap_err().to_string();
            assert!(error.contains("truncated: no scan completes coefficient"), "{error}");
        }
    }
}

#[test]
fn memory_is_not_allocated_for_pixels_that_the_file_cannot_hold() {
    let (_, mut file) = files().swap_remove(0);
    let frame = file.windows(2).position(|pair| pair == [0xFF, 0xC0]).unwrap();
    // 13,000 x 13,000 is below the limit of pixels.
    file[frame + 5..frame + 9].copy_from_slice(&[0x32, 0xC8, 0x32, 0xC8]);
    let error = decode(&file, "x").unwrap_err().to_string();
    assert!(error.contains("bytes are too few for 13000x13000 pixels"), "{error}");
}

#[test]
fn memory_is_bounded_whatever_the_length_of_the_file() {
    let (_, mut file) = files().into_iter().find(|(what, _)| what.contains("4 scans")).unwrap();
    let frame = file.windows(2).position(|pair| pair == [0xFF, 0xC2]).unwrap();
    file[frame + 5..frame + 9].copy_from_slice(&[0x32, 0xC8, 0x32, 0xC8]);
    file.resize(2_000_000, 0);
    let error = decode(&file, "x").unwrap_err().to_string();
    assert!(error.contains("MiB of memory, more than the limit of 1024"), "{error}");
}

#[test]
fn data_after_the_end_marker_are_ignored() {
    for (what, file) in files() {
        let longer = [&file[..], &file[..]].concat();
        assert_eq!(decoded(&longer), decoded(&file), "{what}");
    }
}

#[test]
fn padding_bytes_before_markers_are_ignored() {
    for (what, file) in files() {
        let (start, mut filled) = (first_scan(&file), Vec::new());
        for (at, &byte) in file.iter().enumerate() {
            let marker = byte == 0xFF && file.get(at + 1).is_some_and(|&next| next != 0);
            if at >= start && marker {
                filled.extend([0xFF; 3]);
            }
            filled.push(byte);
        }
        assert!(filled.len() > file.len());
        assert_eq!(decoded(&filled), decoded(&file), "{what}");
    }
}
