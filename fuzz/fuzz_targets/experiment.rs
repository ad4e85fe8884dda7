#![no_main]
//! Experiments: parsed, their grids spanned, their values checked.

use libfuzzer_sys::fuzz_target;
use sempairs::experiment::read_grid;

fuzz_target!(|text: &str| {
    let _ = read_grid(text, "experiment.toml", &[]);
});
