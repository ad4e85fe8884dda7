#![no_main]
//! Files of features.

use libfuzzer_sys::fuzz_target;
use sempairs::eval::{Features, Identity};

fuzz_target!(|bytes: &[u8]| {
    let file = sempairs_fuzz::put("features.safetensors", bytes);
    let _ = Features::load(&file, Identity::new());
});
