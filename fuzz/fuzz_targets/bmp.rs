#![no_main]
//! BMP pictures.

use libfuzzer_sys::{Corpus, fuzz_target};

fuzz_target!(|bytes: &[u8]| -> Corpus { sempairs_fuzz::picture(bytes, b"BM") });
