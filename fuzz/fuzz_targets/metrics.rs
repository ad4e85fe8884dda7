#![no_main]
//! Files of metrics.

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = sempairs::train::MetricLog::open(sempairs_fuzz::put("metrics.jsonl", bytes), 4);
});
