//! Bit-for-bit reproducibility between versions of this program, checked with hashes of small runs.
//!
//! The bits depend on the instruction set and the C library, so there is a list of hashes for each
//! tested combination. On any other machine the test passes without comparing anything and prints
//! the list to add, since a new machine must not make it fail. A list is changed only together with
//! a deliberate change of the results, which must be described in CHANGELOG.md.
#![cfg(feature = "flex")]

mod fnv;
mod hashes;
mod machine;
mod small_runs;

use std::path::Path;

use fnv::Fnv;
use safetensors::SafeTensors;
use sempairs::data::{FolderSource, PictureSource};
use sempairs::eval::read_scores;
use sempairs::experiment::Experiment;
use sempairs::run::Runner;
use sempairs::train::{MetricLog, Progress, RunDirectory};
use small_runs::SMALL_RUNS;

/// Hash of the pixels of the JPEG fixtures, which are baseline and progressive and have all usual
/// chroma subsamplings, restart markers, and greyscale.
fn pixels() -> u64 {
    let mut hash = Fnv::new();
    let source = FolderSource::open("tests/fixtures/pictures").unwrap();
    for index in 0..source.len() {
        let picture = source.read(index).unwrap();
        hash.bytes(source.name(index).as_bytes());
        hash.number(picture.width() as u64);
        hash.bytes(picture.pixels());
    }
    hash.value()
}

/// Hash of the names, shapes and values of all tensors.
fn weights(file: &Path) -> u64 {
    let bytes = std::fs::read(file).unwrap();
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let mut names = tensors.names();
    names.sort_unstable();
    let mut hash = Fnv::new();
    for name in names {
        let tensor = tensors.tensor(name).unwrap();
        hash.bytes(name.as_bytes());
        tensor.shape().iter().for_each(|&side| hash.number(side as u64));
        hash.bytes(tensor.data());
    }
    hash.value()
}

/// Hash of `metrics.jsonl` without measured times.
fn losses(file: &Path) -> u64 {
    let mut hash = Fnv::new();
    for line in MetricLog::read(file).unwrap() {
        hash.number(line.step as u64);
        for value in [line.epoch, line.loss, line.learning_rate] {
            hash.number(value.to_bits());
        }
        for (name, value) in line.scalars {
            hash.bytes(name.as_bytes());
            hash.number(value.to_bits());
        }
        if let Some(collapse) = line.collapse {
            hash.number(collapse.deviation.to_bits());
            hash.number(collapse.rank.to_bits());
        }
    }
    hash.value()
}

/// Hash of the numbers in `scores.jsonl`, without the names of protocols.
fn scores(file: &Path) -> u64 {
    let mut hash = Fnv::new();
    for line in read_scores(file).unwrap() {
        hash.number(line.step.unwrap() as u64);
        let score = line.score;
        hash.number(score.top1.to_bits());
        hash.number(score.top5.to_bits());
        for (class, value) in score.per_class.into_iter().chain(score.extra) {
            hash.bytes(class.as_bytes());
            hash.number(value.to_bits());
        }
    }
    hash.value()
}

/// Hashes of the weights, losses and scores at the end of each run.
fn run_all() -> Vec<(&'static str, [u64; 3])> {
    let run = |small: &small_runs::SmallRun| {
        let folder = tempfile::tempdir().unwrap();
        let cache = folder.path().join("pictures.cache");
        let experiment = Experiment::parse(&small.toml(cache.to_str().unwrap()), small.name);
        let experiment = experiment.unwrap();
        let device = sempairs::device::open("flex").unwrap();
        let mut runner = Runner::new(folder.path(), device, "flex");
        runner.progress = Progress::Quiet;
        let downstream = runner.downstream(&experiment).unwrap();
        let arm = &experiment.arms[0];
        let finished = runner.pretrain(&experiment, arm, 3, &downstream).unwrap();
        drop(finished);
        let directory = RunDirectory::create(runner.run_folder(&experiment, arm, 3)).unwrap();
        let hashes = [
            weights(&directory.backbone()),
            losses(&directory.metrics()),
            scores(&directory.scores()),
        ];
        (small.name, hashes)
    };
    SMALL_RUNS.iter().map(run).collect()
}

#[test]
fn small_runs_are_bit_identical_to_earlier_versions() {
    let plain = std::env::var_os("SEMPAIRS_PLAIN").is_some();
    assert!(!plain, "unset SEMPAIRS_PLAIN: the hashes are of the fused kernels");
    let library = machine::math_library();
    let set = machine::instruction_set();
    let known = set.as_ref().ok().and_then(|set| hashes::of(set, library));
    let found = run_all();
    let list = || {
        let row = |(name, [weights, losses, scores]): &(&str, [u64; 3])| {
            format!("(\"{name}\", [{weights:#018x}, {losses:#018x}, {scores:#018x}]),\n")
        };
        found.iter().map(row).collect::<String>()
    };
    let Some(known) = known else {
        let set = set.map_or_else(|reason| reason, str::to_owned);
        return println!(
            "skipped: there are no hashes for {set} with a C library of {library:#018x}; \
             they are\n{}",
            list()
        );
    };
    assert!(known == found, "the hashes on {set:?} have changed to\n{}", list());
}

#[test]
fn decoded_jpeg_files_are_bit_identical_to_earlier_versions() {
    assert_eq!(pixels(), hashes::PIXELS, "{:#018x}", pixels());
}
