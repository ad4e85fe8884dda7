#![no_main]
//! GIF pictures.

use libfuzzer_sys::{Corpus, fuzz_target};

fuzz_target!(|bytes: &[u8]| -> Corpus { sempairs_fuzz::picture(bytes, b"GIF8") });
