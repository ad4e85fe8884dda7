#![no_main]
//! Checkpoints with their checksum put right, read and restored.

use burn::module::Module;
use libfuzzer_sys::fuzz_target;
use sempairs::experiment::{Experiment, MethodConfig, read};
use sempairs::train::Checkpoints;
use std::sync::OnceLock;

static EXPERIMENT: OnceLock<Experiment> = OnceLock::new();

fuzz_target!(|bytes: &[u8]| {
    let experiment = EXPERIMENT.get_or_init(|| {
        let file = "crates/sempairs/tests/fixtures/dino/experiment.toml";
        read(&sempairs_fuzz::project(file), &[]).expect("a fixture").remove(0)
    });
    sempairs_fuzz::may_catch_panics();
    let mut bytes = bytes.to_vec();
    sempairs_fuzz::repair::checkpoint(&mut bytes);
    sempairs_fuzz::put("latest.ckpt", &bytes);
    let run = IDENTITY;
    let Ok(Some(checkpoint)) = Checkpoints::new(sempairs_fuzz::folder(), run).load() else {
        return;
    };
    let MethodConfig::Dino(config) = &experiment.method else { return };
    let device = sempairs::device::open("flex").expect("the CPU");
    let network = experiment.backbone.init_seeded(&device, 0);
    let method = config.init(network, 0, &device).train();
    let _ = checkpoint.restore(method, experiment.training.optimizer.init());
});

/// That of the fixture.
const IDENTITY: &str = "9741d8d45bde10d5";
