#![no_main]
//! TIFF pictures of either order of bytes.

use libfuzzer_sys::{Corpus, fuzz_target};

fuzz_target!(|bytes: &[u8]| -> Corpus {
    let start: &[u8] = if bytes.first() == Some(&b'M') { b"MM\0*" } else { b"II*\0" };
    sempairs_fuzz::picture(bytes, start)
});
