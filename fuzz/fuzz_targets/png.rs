#![no_main]
//! PNG pictures, the checksums of their chunks put right.

use libfuzzer_sys::{Corpus, fuzz_target};

fuzz_target!(|bytes: &[u8]| -> Corpus {
    let mut bytes = bytes.to_vec();
    sempairs_fuzz::repair::png(&mut bytes);
    sempairs_fuzz::picture(&bytes, b"\x89PNG\r\n\x1a\n")
});
