#![no_main]
//! Weights in `.pth`, with and without a prefix.

use libfuzzer_sys::fuzz_target;
use sempairs::backbone::AnyBackbone;
use sempairs::backbone::weights::{LoadOptions, Prefix, load};
use std::sync::OnceLock;

static NETWORK: OnceLock<AnyBackbone> = OnceLock::new();

fuzz_target!(|bytes: &[u8]| {
    let network = NETWORK.get_or_init(|| {
        let file = "crates/sempairs/tests/fixtures/dino/experiment.toml";
        let file = sempairs_fuzz::project(file);
        let experiment = sempairs::experiment::read(&file, &[]).expect("a fixture").remove(0);
        let device = sempairs::device::open("flex").expect("the CPU");
        experiment.backbone.init_seeded(&device, 0)
    });
    let file = sempairs_fuzz::put("weights.pth", bytes);
    for prefix in [Prefix::None, Prefix::Common] {
        let _ = load(network.clone(), &file, &LoadOptions { prefix });
    }
});
