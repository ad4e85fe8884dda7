//! Damaged weight files: each gives an error with the file's name or is a valid file of other
//! weights. None causes a panic, and no number in a file causes an allocation larger than the file
//! justifies.

mod support;

use std::alloc::{GlobalAlloc, Layout, System};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use sempairs_backbone::weights::{LoadOptions, Prefix, WeightsError, load_with_report, save};
use sempairs_backbone::{ResNet, ResNetConfig, Stem};
use support::checkpoint::{Named, read, write};
use support::device;
use tempfile::TempDir;

/// Allocator that records the largest allocation.
struct Watched;

static LARGEST: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is forwarded to the system's allocator.
unsafe impl GlobalAlloc for Watched {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LARGEST.fetch_max(layout.size(), Ordering::Relaxed);
        // SAFETY: guaranteed by the caller.
        unsafe { System.alloc(layout) }
    }
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        LARGEST.fetch_max(layout.size(), Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }
    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        LARGEST.fetch_max(size, Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.realloc(pointer, layout, size) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Watched = Watched;

/// Upper bound of an allocation, far more than needed for these files of some tens of kilobytes.
const MOST: usize = 16 << 20;

fn tiny(seed: u64) -> ResNet {
    let config =
        ResNetConfig { widths: [2, 3, 4, 5], stem: Stem::Small, ..ResNetConfig::resnet10_narrow() };
    config.init_seeded(&device(), seed)
}

/// Tries to load a file; checks only the error and the size of allocations.
fn survives(path: &Path, content: &[u8], what: &str) {
    fs::write(path, content).unwrap();
    let options = LoadOptions { prefix: Prefix::Common };
    LARGEST.store(0, Ordering::Relaxed);
    if let Err(error) = load_with_report(tiny(2), path, &options) {
        assert!(error.to_string().contains(path.to_str().unwrap()), "{what}: {error}");
        let caught = matches!(
            &error,
            WeightsError::Format { reason, .. } if reason.contains("the reader failed")
        );
        assert!(!caught, "{what}: a panic was caught: {error}");
    }
    let largest = LARGEST.load(Ordering::Relaxed);
    assert!(largest < MOST, "{what}: an allocation of {largest} bytes");
}

/// Files of every supported format.
fn files(folder: &Path) -> Vec<PathBuf> {
    let own = ["own.safetensors", "own.pth"].map(|name| folder.join(name));
    own.iter().for_each(|path| save(&tiny(1), path).unwrap());
    let nested = folder.join("nested.pth");
    let mut all = read(&own[0]);
    all.iter_mut().for_each(|tensor| tensor.name.insert_str(0, "state_dict.module.encoder_q."));
    all.push(Named::made_up("state_dict.module.queue", &[4, 32]));
    write(&nested, &all);
    let torch = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/torch_save");
    let torch = ["legacy.pth", "checkpoint.pth", "dino.pth"].map(|name| torch.join(name));
    own.into_iter().chain([nested]).chain(torch).collect()
}

/// A single test, since all tests of a process share the allocator.
#[test]
fn damaged_files_are_errors_without_large_allocations() {
    let folder = TempDir::new().unwrap();
    for file in files(folder.path()) {
        let whole = fs::read(&file).unwrap();
        let name = file.file_name().unwrap().to_str().unwrap();
        let path = folder.path().join(format!("damaged-{name}"));
        survives(&path, &whole, name);
        for cut in (0..64).map(|part| part * whole.len() / 64) {
            survives(&path, &whole[..cut], &format!("{name}, cut at {cut}"));
            let doubled = [&whole[..cut], &whole[cut / 2..]].concat();
            survives(&path, &doubled, &format!("{name}, twice from {} to {cut}", cut / 2));
        }
        // Bytes of all kinds, and the largest lengths of four and eight bytes.
        let step = (whole.len() / 150).max(1);
        for position in (0..whole.len()).step_by(step).chain(0..64) {
            for (width, byte) in [(1, whole[position] ^ 0x41), (4, 0x7f), (4, 0xff), (8, 0x3f)] {
                let mut damaged = whole.clone();
                let end = (position + width).min(whole.len());
                damaged[position..end].fill(byte);
                survives(&path, &damaged, &format!("{name}, {width} of {byte:#x} at {position}"));
            }
        }
    }
    headers_of_great_numbers(folder.path());
    pickles_of_great_numbers(folder.path());
}

/// Replaces the numbers in the header of a safetensors file, one by one.
fn headers_of_great_numbers(folder: &Path) {
    let path = folder.join("great.safetensors");
    save(&tiny(1), &path).unwrap();
    let whole = fs::read(&path).unwrap();
    let end = 8 + u64::from_le_bytes(whole[..8].try_into().unwrap()) as usize;
    let header = String::from_utf8(whole[8..end].to_vec()).unwrap();
    let places: Vec<usize> = header.match_indices("\"shape\":[").map(|(at, _)| at + 9).collect();
    assert!(places.len() > 50);
    for (place, great) in
        places.iter().zip(["1e99", "4611686018427387904,", "9999999999,", "-1,"].iter().cycle())
    {
        let header = format!("{}{great}{}", &header[..*place], &header[*place..]);
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend(header.as_bytes());
        bytes.extend(&whole[end..]);
        survives(&path, &bytes, &format!("{great} at {place}"));
    }
    for length in [1 << 20, 1 << 30, 1 << 40, 1 << 62, u64::MAX, u64::MAX - 7] {
        let bytes = [&length.to_le_bytes()[..], &whole[8..]].concat();
        survives(&path, &bytes, &format!("a header of {length} bytes"));
    }
    // A file that contains only a length.
    survives(&path, &[&(1u64 << 26).to_le_bytes()[..], b"{"].concat(), "a length alone");
}

/// Replaces the integers of the pickle, one by one; its checksum is zero, as `torch.save` allows.
fn pickles_of_great_numbers(folder: &Path) {
    let path = folder.join("great.pth");
    write(&path, &read(&folder.join("own.safetensors")));
    let mut whole = fs::read(&path).unwrap();
    let headers = [(&b"PK\x03\x04"[..], 14, 30), (b"PK\x01\x02", 16, 46)];
    for (magic, checksum, name) in headers {
        let found = (0..whole.len() - 60).filter(|at| {
            whole[*at..].starts_with(magic) && whole[at + name..].starts_with(b"archive/data.pkl")
        });
        let found: Vec<usize> = found.collect();
        assert_eq!(found.len(), 1);
        whole[found[0] + checksum..][..4].fill(0);
    }
    let integers: Vec<usize> = (0..whole.len() - 5)
        .filter(|at| whole[*at] == b'J' && whole[at + 3..][..2] == [0; 2])
        .collect();
    assert!(integers.len() > 200, "{}", integers.len());
    for (place, great) in integers.iter().zip([i32::MAX, 1 << 28, -1, 0].iter().cycle()) {
        let mut damaged = whole.clone();
        damaged[place + 1..][..4].copy_from_slice(&great.to_le_bytes());
        survives(&path, &damaged, &format!("{great} at {place}"));
    }
}
