//! What the fuzz targets share: a file in memory for readers that take a path, and checksums put
//! right.

use std::path::PathBuf;
use std::sync::{Once, OnceLock};

#[path = "../../crates/sempairs/tests/faults/repair.rs"]
pub mod repair;

/// A folder of this process, in memory where there is such a place.
pub fn folder() -> &'static PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let memory = PathBuf::from("/dev/shm");
        let root = if memory.is_dir() { memory } else { std::env::temp_dir() };
        let folder = root.join(format!("sempairs-fuzz-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder for files");
        folder
    })
}

/// Writes a file there.
pub fn put(name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder().join(name);
    std::fs::write(&path, bytes).expect("a file in the folder");
    path
}

/// A folder of this project, by its path from the root.
pub fn project(path: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "..", path].iter().collect()
}

/// Lets a reader catch panics of what it is made of: libFuzzer's hook would end the process at
/// once. A panic that nobody catches still ends it.
pub fn may_catch_panics() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| std::panic::set_hook(Box::new(|info| eprintln!("{info}"))));
}

/// Decodes a picture, if it begins as its format does.
pub fn picture(bytes: &[u8], start: &[u8]) -> libfuzzer_sys::Corpus {
    if !bytes.starts_with(start) {
        return libfuzzer_sys::Corpus::Reject;
    }
    may_catch_panics();
    let _ = sempairs_data::decode(bytes, "picture");
    libfuzzer_sys::Corpus::Keep
}
