#![no_main]
//! Files of scores.

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = sempairs::eval::read_scores(&sempairs_fuzz::put("scores.jsonl", bytes));
});
