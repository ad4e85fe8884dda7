//! Memory use of decoding: of files that state far more pixels than they contain, and of regions.

mod support;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use image::ImageFormat;
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use sempairs_data::{Region, decode, decode_region};
use support::bytes::{bmp, gif, png, stored};
use support::{encode, smooth};

/// Allocator that counts the allocated bytes and their maximum.
struct Counting;

static USED: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

// SAFETY: all calls are forwarded to the system's allocator; `realloc` is the trait's default,
// which uses these two.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        MOST.fetch_max(USED.fetch_add(layout.size(), Relaxed) + layout.size(), Relaxed);
        // SAFETY: guaranteed by the caller.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        USED.fetch_sub(layout.size(), Relaxed);
        // SAFETY: guaranteed by the caller.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Upper bound of the memory for each of these small files: the number of pixels that is always
/// allowed, in the largest format.
const BOUND: usize = 24 << 20;

/// Maximum memory in use while a file is decoded.
fn taken(bytes: &[u8]) -> usize {
    taken_by(|| drop(decode(bytes, "x")))
}

fn taken_by(work: impl FnOnce()) -> usize {
    MOST.store(USED.load(Relaxed), Relaxed);
    let before = USED.load(Relaxed);
    work();
    MOST.load(Relaxed) - before
}

// A single test, since the counters belong to the whole process.
#[test]
fn memory_is_bounded_for_a_short_file_with_a_large_stated_size() {
    // Checks the counter itself: 1000 x 1000 pixels.
    let honest = encode(smooth(1000, 1000), ImageFormat::Png);
    assert!(taken(&honest) >= 3_000_000);

    regions_take_less();

    let side = 13_000u32; // 169 million pixels, within the limit
    let (wide, signed) = (side as u16, side as i32);
    assert!(gif(wide, wide, 0, 1).len() < 50);
    check("gif screen", &gif(wide, wide, 0, 1));
    let mut frame = gif(wide, wide, 0, 1);
    frame[24..28].copy_from_slice(&[wide.to_le_bytes(), wide.to_le_bytes()].concat());
    check("gif frame", &frame);
    let pixels = stored(&[0; 100]);
    for (bits, colour) in [(16, 6), (8, 2), (1, 0), (8, 3)] {
        let palette: (&[u8; 4], &[u8]) = (b"PLTE", &[1, 2, 3]);
        let file = png((side, side), bits, colour, &[palette, (b"IDAT", &pixels)]);
        check("png", &file);
    }
    // This file is long enough for that many pixels, but has 64 bits per pixel.
    let long = vec![0; 1_400_000];
    check("long png", &png((side, side), 16, 6, &[(b"IDAT", &long)]));
    for (bits, compression) in [(24, 0), (8, 0), (8, 1), (4, 2), (32, 0)] {
        check("bmp", &bmp((signed, signed), bits, compression, &[[0; 3]; 16], &[9, 1, 0, 1]));
    }
    for (at, bytes) in [("webp", plain_webp(side)), ("webp canvas", extended_webp(side))] {
        check(at, &bytes);
    }

    // Large values at every position of a small file, where a length or a side may be stored.
    let formats = [
        ImageFormat::Png,
        ImageFormat::Gif,
        ImageFormat::Bmp,
        ImageFormat::WebP,
        ImageFormat::Tiff,
    ];
    let tiff = include_bytes!("files/tiff/palette-lzw.tif").to_vec();
    let tiles = include_bytes!("files/tiff/rgb-tiles.tif").to_vec();
    let encoded = formats.map(|format| encode(smooth(9, 5), format));
    for file in encoded.into_iter().chain([tiff, tiles]) {
        for width in [2, 3, 4, 8] {
            for at in 0..=file.len() - width {
                for byte in [0x7F, 0xFF, 0x30] {
                    let mut stated = file.clone();
                    stated[at..at + width].fill(byte);
                    if file.starts_with(b"\x89PNG") && at < 29 {
                        let crc = crc32fast::hash(&stated[12..29]).to_be_bytes();
                        stated[29..33].copy_from_slice(&crc);
                    }
                    check(&format!("{byte:x} at {at}"), &stated);
                }
            }
        }
    }
}

/// Compares the memory for a region of a JPEG with that for the whole picture, and both with the
/// pixels, coefficients and data that have to be in memory at once.
fn regions_take_less() {
    let (width, height) = (1600, 1200);
    let pixels = smooth(width, height).into_raw();
    for (scans, bytes_per_pixel) in [(0, 3.2), (4, 6.5)] {
        let mut file = Vec::new();
        let mut encoder = Encoder::new(&mut file, 90);
        encoder.set_sampling_factor(SamplingFactor::F_2_2);
        if scans > 0 {
            encoder.set_progressive_scans(scans);
        }
        encoder.encode(&pixels, width as u16, height as u16, ColorType::Rgb).unwrap();
        let all = (width * height) as f64;
        let whole = taken(&file) as f64;
        assert!(whole < bytes_per_pixel * all, "{scans} scans: {} a pixel", whole / all);
        let region = Region { left: 700, top: 300, width: 400, height: 300 };
        let part = taken_by(|| drop(decode_region(&file, "x", region))) as f64;
        assert!(part < 0.2 * whole, "{scans} scans: {part} of {whole} bytes");
    }
}

fn check(what: &str, bytes: &[u8]) {
    let taken = taken(bytes);
    // A byte of WebP can stand for many more pixels than a byte of any other format.
    let bound = if bytes.starts_with(b"RIFF") { 4 * BOUND } else { BOUND };
    let start = bytes[..4].escape_ascii();
    assert!(taken < bound, "{what} ({start}): {taken} bytes for {} of the file", bytes.len());
}

/// A lossless WebP whose header states these sides, without image data.
fn plain_webp(side: u32) -> Vec<u8> {
    let mut picture = vec![0x2F];
    picture.extend(((side - 1) | ((side - 1) << 14)).to_le_bytes());
    picture.extend([0; 16]);
    riff(&[(b"VP8L", &picture)])
}

/// A WebP with a canvas of these sides around a picture of a few pixels.
fn extended_webp(side: u32) -> Vec<u8> {
    let small = encode(smooth(3, 3), ImageFormat::WebP);
    let mut header = vec![0; 4];
    for _ in 0..2 {
        header.extend(&(side - 1).to_le_bytes()[..3]);
    }
    riff(&[(b"VP8X", &header), (b"VP8L", &small[20..])])
}

fn riff(chunks: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
    let mut body = b"WEBP".to_vec();
    for (name, content) in chunks {
        body.extend(*name);
        body.extend((content.len() as u32).to_le_bytes());
        body.extend(*content);
        body.resize(body.len().next_multiple_of(2), 0);
    }
    let length = (body.len() as u32).to_le_bytes();
    [&b"RIFF"[..], &length, &body].concat()
}
