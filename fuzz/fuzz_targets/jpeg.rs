#![no_main]
//! JPEG pictures.

use libfuzzer_sys::{Corpus, fuzz_target};

fuzz_target!(|bytes: &[u8]| -> Corpus { sempairs_fuzz::picture(bytes, b"\xff\xd8\xff") });
