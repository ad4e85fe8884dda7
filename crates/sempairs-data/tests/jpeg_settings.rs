//! JPEGs of many encoder settings (sampling, scans, restart markers, progressive scripts), compared
//! with other decoders.

#[path = "support/reference_decoder.rs"]
mod reference_decoder;

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use sempairs_data::{Picture, decode};
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

/// Sizes in pixels: single blocks and parts of them, and whole and partial MCUs of every sampling.
const SIZES: [(u16, u16); 7] = [(1, 1), (3, 2), (8, 8), (17, 9), (32, 48), (45, 31), (70, 66)];

/// A picture that is hardly changed by subsampling: waves of a hundred pixels.
fn drawn(width: u16, height: u16) -> Vec<u8> {
    let wave =
        |at: u16| (127.5 + 100.0 * (f64::from(at) / 100.0 * std::f64::consts::TAU).sin()) as u8;
    let pixels = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
    pixels.flat_map(|(x, y)| [wave(x), wave(y + 20), wave(x + y + 50)]).collect()
}

/// The pixels as decoded by zune-jpeg; for common files those of this crate are bit-identical.
fn zune(bytes: &[u8]) -> Vec<u8> {
    let options = DecoderOptions::default().jpeg_set_out_colorspace(ColorSpace::RGB);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode().expect("an ordinary file")
}

/// Compares a file with the reference decoder.
fn check(what: &str, bytes: &[u8], most: u8) {
    let ours = decode(bytes, what).unwrap_or_else(|e| panic!("{e}"));
    let other = reference_decoder::decode(bytes).expect("the reference decoder reads it");
    let (far, mean) = reference_decoder::distance(&ours, &other);
    assert!(far <= most && mean < 1.0, "{what}: {mean} on average, {far} at most");
}

#[test]
fn files_of_the_rust_encoder_are_decoded() {
    use SamplingFactor::{F_1_1, F_1_2, F_1_4, F_2_1, F_2_2, F_2_4, F_4_1, F_4_2};
    for (width, height) in SIZES {
        let pixels = drawn(width, height);
        for sampling in [F_1_1, F_2_1, F_1_2, F_2_2, F_4_1, F_4_2, F_1_4, F_2_4] {
            for scans in [0, 2, 5, 10] {
                for restart in [0, 1, 5] {
                    // With restart markers this encoder codes other differences than it counts, so
                    // its optimised tables lack some codes and the files are malformed.
                    for optimised in [false, true].into_iter().take(if restart > 0 { 1 } else { 2 })
                    {
                        let mut bytes = Vec::new();
                        let mut encoder = Encoder::new(&mut bytes, 92);
                        encoder.set_sampling_factor(sampling);
                        if scans > 0 {
                            encoder.set_progressive_scans(scans);
                        }
                        encoder.set_restart_interval(restart);
                        encoder.set_optimized_huffman_tables(optimised);
                        encoder.encode(&pixels, width, height, ColorType::Rgb).unwrap();
                        let what = format!(
                            "{width}x{height} {sampling:?}, {scans} scans, restart {restart}, \
                             optimised {optimised}"
                        );
                        check(&what, &bytes, 12);
                        let interleaved = scans > 0 || !optimised;
                        let ordinary = matches!(sampling, F_1_1 | F_2_1 | F_1_2 | F_2_2);
                        if ordinary && interleaved {
                            let ours = decode(&bytes, &what).expect("checked above");
                            assert!(ours.pixels() == zune(&bytes), "{what}");
                        }
                    }
                }
            }
        }
    }
}

/// The output of a program that reads `input` from a pipe; `None` if it is not installed.
fn piped(program: &str, arguments: &[&str], input: &[u8]) -> Option<Vec<u8>> {
    let child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = child.ok()?;
    child.stdin.take().expect("piped").write_all(input).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {errors}");
    Some(output.stdout)
}

/// A PPM file with these pixels.
fn ppm(width: u16, height: u16, pixels: &[u8]) -> Vec<u8> {
    let mut file = format!("P6\n{width} {height}\n255\n").into_bytes();
    file.extend(pixels);
    file
}

/// The picture as decoded by libjpeg's program `djpeg`.
fn libjpeg(bytes: &[u8]) -> Picture<'static> {
    let ppm = piped("djpeg", &["-rgb", "-ppm"], bytes).expect("djpeg comes with cjpeg");
    let image = image_of(&ppm);
    Picture::new(image.0, image.1, image.2)
}

fn image_of(ppm: &[u8]) -> (usize, usize, Vec<u8>) {
    let mut parts = ppm.splitn(4, |&byte| byte.is_ascii_whitespace());
    let mut word = || std::str::from_utf8(parts.next().expect("a word")).expect("a word");
    assert_eq!(word(), "P6");
    let (width, height) = (word().parse().unwrap(), word().parse().unwrap());
    let rest = parts.next().expect("the rest");
    (width, height, rest.strip_prefix(b"255\n").expect("8 bits").to_vec())
}

fn script(folder: &Path, name: &str, lines: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, lines).unwrap();
    path.to_str().expect("a path of letters").to_string()
}

#[test]
#[ignore = "needs cjpeg and djpeg (Debian package libjpeg-turbo-progs)"]
fn files_of_libjpeg_are_decoded() {
    let folder = tempfile::tempdir().unwrap();
    let script = |name: &str, lines: &str| script(folder.path(), name, lines);
    let three = script("three", "0;\n1;\n2;\n");
    let luma_apart = script("luma_apart", "0;\n1 2;\n");
    let backwards = script("backwards", "2;\n1;\n0;\n");
    let chroma_first = script("chroma_first", "1 2;\n0;\n");
    let spectral =
        script("spectral", "0 1 2: 0-0, 0, 0;\n0: 1-63, 0, 0;\n2: 1-63, 0, 0;\n1: 1-63, 0, 0;\n");
    let mut deep = String::from("0: 0-0, 0, 3;\n1 2: 0-0, 0, 2;\n");
    for component in 0..3 {
        write!(deep, "{component}: 1-5, 0, 4;\n{component}: 6-63, 0, 4;\n").unwrap();
        for low in (0..4).rev() {
            writeln!(deep, "{component}: 1-63, {}, {low};", low + 1).unwrap();
        }
    }
    deep += "0: 0-0, 3, 2;\n0 1 2: 0-0, 2, 1;\n0 1 2: 0-0, 1, 0;\n";
    let deep = script("deep", &deep);
    let scans: [&[&str]; 10] = [
        &[],
        &["-optimize"],
        &["-progressive"],
        &["-scans", &three],
        &["-scans", &luma_apart],
        &["-scans", &backwards],
        &["-scans", &chroma_first],
        &["-progressive", "-scans", &spectral],
        &["-progressive", "-scans", &deep],
        &["-rgb"],
    ];
    let samplings =
        ["1x1", "2x1", "1x2", "2x2", "4x1", "4x2", "1x1,2x2,2x2", "2x2,1x2,2x1", "2x2,2x1,2x1"];
    let mut count = 0;
    for (width, height) in SIZES {
        let picture = ppm(width, height, &drawn(width, height));
        for sampling in samplings {
            for scans in scans {
                for restart in [&[][..], &["-restart", "1"], &["-restart", "3B"]] {
                    let mut arguments = vec!["-quality", "92", "-sample", sampling];
                    arguments.extend(scans);
                    arguments.extend(restart);
                    let bytes = piped("cjpeg", &arguments, &picture).expect("it is there");
                    let what = format!("{width}x{height} {arguments:?}");
                    let ours = decode(&bytes, &what).unwrap_or_else(|e| panic!("{e}"));
                    let (most, mean) = reference_decoder::distance(&ours, &libjpeg(&bytes));
                    assert!(most <= 10 && mean < 1.0, "{what}: {mean} on average, {most} at most");
                    check(&what, &bytes, 14);
                    count += 1;
                }
            }
        }
        // A picture with one channel may have any sampling factors.
        for arguments in [&["-grayscale"][..], &["-grayscale", "-sample", "2x2", "-progressive"]] {
            let bytes = piped("cjpeg", arguments, &picture).expect("it is there");
            check(&format!("{width}x{height} {arguments:?}"), &bytes, 2);
        }
        let bytes = piped("cjpeg", &["-arithmetic"], &picture).expect("it is there");
        let error = decode(&bytes, "x.jpg").unwrap_err().to_string();
        assert!(error.contains("arithmetic-coded JPEG, which is not supported"), "{error}");
    }
    assert_eq!(count, SIZES.len() * samplings.len() * scans.len() * 3);
}
