//! JPEGs that are incomplete or overwritten: an error, or the picture itself, and never another
//! one.

use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use sempairs_data::{Picture, decode};

/// JPEGs of every kind: sequential and progressive, in one scan and several, with restart markers.
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

/// Where the data of the first scan begin.
fn first_scan(file: &[u8]) -> usize {
    let header = file.windows(2).position(|pair| pair == [0xFF, 0xDA]).expect("a scan") + 2;
    header + usize::from(u16::from_be_bytes([file[header], file[header + 1]]))
}

fn decoded(bytes: &[u8]) -> Option<Picture<'static>> {
    decode(bytes, "x").ok()
}

#[test]
fn a_cut_file_with_an_end_marker_is_an_error() {
    for (what, file) in files() {
        assert!(decoded(&file).is_some(), "{what}");
        for length in 2..file.len() - 2 {
            let cut = [&file[..length], &[0xFF, 0xD9]].concat();
            assert!(decoded(&cut).is_none(), "{what}: cut to {length} of {}", file.len());
        }
    }
}

#[test]
fn holes_of_ff_are_errors() {
    for (what, file) in files() {
        for length in [2, 3, 16, 100, 600] {
            for at in first_scan(&file)..file.len() - 2 - length {
                // Before the byte of a restart marker, FF fills up and nobody sees the difference.
                if matches!(file[at + length], 0xD0..=0xD7) {
                    continue;
                }
                let mut torn = file.clone();
                torn[at..at + length].fill(0xFF);
                // The last bytes of a scan may be padding that nobody misses.
                let same = decoded(&torn).is_none_or(|picture| Some(picture) == decoded(&file));
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
                // Beside a marker, this may be that marker with a byte to fill up.
                if file[at - 1..at + 3].contains(&0xFF) {
                    continue;
                }
                let mut torn = file.clone();
                torn[at..at + 2].copy_from_slice(&[0xFF, code]);
                let same = decoded(&torn).is_none_or(|picture| Some(picture) == decoded(&file));
                assert!(same, "{what}: FF {code:02X} at {at} of {}", file.len());
            }
        }
    }
}

#[test]
fn a_progressive_file_that_lacks_its_last_scans_is_an_error() {
    for (what, file) in files().iter().filter(|(what, _)| what.contains("4 scans")) {
        let headers = file.windows(2).enumerate().filter(|(_, pair)| *pair == [0xFF, 0xDA]);
        let headers: Vec<usize> = headers.map(|(at, _)| at).collect();
        assert!(headers.len() > 3, "{what}");
        for &at in &headers[1..] {
            let cut = [&file[..at], &[0xFF, 0xD9]].concat();
            let error = decode(&cut, "x").unwrap_err().to_string();
            assert!(error.contains("cut short: no scan completes coefficient"), "{error}");
        }
    }
}

#[test]
fn memory_is_not_taken_for_pixels_that_the_file_cannot_hold() {
    let (_, mut file) = files().swap_remove(0);
    let frame = file.windows(2).position(|pair| pair == [0xFF, 0xC0]).unwrap();
    // 13,000 x 13,000 is below the limit of pixels.
    file[frame + 5..frame + 9].copy_from_slice(&[0x32, 0xC8, 0x32, 0xC8]);
    let error = decode(&file, "x").unwrap_err().to_string();
    assert!(error.contains("bytes cannot hold 13000x13000 pixels"), "{error}");
}

#[test]
fn memory_has_a_bound_however_long_the_file_is() {
    let (_, mut file) = files().into_iter().find(|(what, _)| what.contains("4 scans")).unwrap();
    let frame = file.windows(2).position(|pair| pair == [0xFF, 0xC2]).unwrap();
    file[frame + 5..frame + 9].copy_from_slice(&[0x32, 0xC8, 0x32, 0xC8]);
    file.resize(2_000_000, 0);
    let error = decode(&file, "x").unwrap_err().to_string();
    assert!(error.contains("MiB of memory, over the limit of 1024"), "{error}");
}

#[test]
fn what_lies_behind_the_end_marker_does_no_harm() {
    for (what, file) in files() {
        let longer = [&file[..], &file[..]].concat();
        assert_eq!(decoded(&longer), decoded(&file), "{what}");
    }
}

#[test]
fn bytes_that_fill_up_before_markers_do_no_harm() {
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
