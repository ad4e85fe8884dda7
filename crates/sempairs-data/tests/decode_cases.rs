//! Files that some decoders decode wrongly, with the expected result of each.
//!
//! The environment variable `SEMPAIRS_DECODE_CASES` names a folder to use instead of `tests/cases`.
//! Its `expected.csv` has one row per file, `file,verdict,mean_r,mean_g,mean_b,tolerance`: with the
//! verdict `decode`, the channel means as decoded by libjpeg; with the verdict `refuse`, the file
//! is incomplete or malformed and must be rejected.

#[path = "support/reference_decoder.rs"]
mod reference_decoder;

use std::path::PathBuf;

use sempairs_data::{Picture, decode};

/// Allowed mean and maximum differences from the reference decoder, whose chroma upsampling and
/// colour conversion round differently.
const MEAN: f64 = 1.0;
const MOST: u8 = 12;

#[test]
fn decode_cases() {
    let ours = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases");
    let folder = std::env::var_os("SEMPAIRS_DECODE_CASES").unwrap_or_else(|| ours.into());
    let folder = PathBuf::from(folder);
    let table = folder.join("expected.csv");
    let mut rows = csv::Reader::from_path(&table).unwrap_or_else(|e| panic!("{table:?}: {e}"));
    let (mut faults, mut count, mut compared) = (Vec::new(), 0, 0);
    for row in rows.records() {
        let row = row.unwrap_or_else(|e| panic!("{table:?}: {e}"));
        let (file, verdict) = (&row[0], &row[1]);
        let path = folder.join(file);
        let bytes = std::fs::read(&path).unwrap_or_else(|e| panic!("{path:?}: {e}"));
        let result = decode(&bytes, &path.display().to_string());
        count += 1;
        match (verdict, result) {
            ("refuse", Ok(_)) => faults.push(format!("{file}: was decoded")),
            ("refuse", Err(error)) => {
                if !error.to_string().contains(file) {
                    faults.push(format!("{file}: not named in \"{error}\""));
                }
            }
            ("decode", Err(error)) => faults.push(error.to_string()),
            ("decode", Ok(picture)) => {
                let number = |at: usize| row[at].parse::<f64>().expect("a number");
                let means = means(&picture);
                for (channel, mean) in means.into_iter().enumerate() {
                    let (expected, tolerance) = (number(2 + channel), number(5));
                    if (mean - expected).abs() > tolerance {
                        faults.push(format!("{file}: channel {channel}: {mean}, not {expected}"));
                    }
                }
                if !bytes.starts_with(&[0xFF, 0xD8]) {
                    continue;
                }
                let other = reference_decoder::decode(&bytes);
                compared += usize::from(other.is_some());
                if let Some(other) = other {
                    let (most, mean) = reference_decoder::distance(&picture, &other);
                    if most > MOST || mean > MEAN {
                        faults.push(format!(
                            "{file}: differs from the reference decoder by {mean} on average, \
                             {most} at most"
                        ));
                    }
                }
            }
            (other, _) => panic!("{table:?}: unknown verdict \"{other}\""),
        }
    }
    assert!(count > 0, "{table:?} has no rows");
    println!("{count} files, {compared} of them compared with the reference decoder");
    if folder == std::path::Path::new(ours) {
        assert_eq!(compared, 5, "all valid files of the repository");
    }
    assert!(faults.is_empty(), "{} of {count} files:\n{}", faults.len(), faults.join("\n"));
}

/// Mean of each channel over all pixels, from 0 to 255.
fn means(picture: &Picture) -> [f64; 3] {
    let pixels = picture.pixels().as_chunks::<3>().0;
    let sum = |channel: usize| pixels.iter().map(|it| f64::from(it[channel])).sum::<f64>();
    std::array::from_fn(|channel| sum(channel) / pixels.len() as f64)
}
