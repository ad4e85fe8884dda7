#![no_main]
//! Decoded caches, as they are and with their checksums put right.

use libfuzzer_sys::fuzz_target;
use sempairs_data::{CachedSource, PictureSource};

fuzz_target!(|bytes: &[u8]| {
    let mut repaired = bytes.to_vec();
    sempairs_fuzz::repair::cache(&mut repaired);
    for bytes in [bytes, &repaired] {
        let Ok(cache) = CachedSource::open(sempairs_fuzz::put("pictures.cache", bytes)) else {
            continue;
        };
        for index in 0..cache.len() {
            let _ = cache.read(index).map(|picture| picture.pixels().len());
        }
    }
});
