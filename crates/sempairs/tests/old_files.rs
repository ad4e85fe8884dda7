//! Files of an earlier version of this program are read bit for bit, or rejected with an error that
//! names the file.
//!
//! `fixtures/moco` and `fixtures/dino` are runs of eight steps with checkpoints after four; the
//! folder also contains pictures, a manifest, a decoded cache of the pictures with a short side of
//! 8, features, and scores of every protocol.
#![cfg(feature = "flex")]

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use burn::tensor::Device;
use sempairs::Error;
use sempairs::backbone::AnyBackbone;
use sempairs::backbone::weights::{self, LoadOptions, Prefix};
use sempairs::data::{CachedSource, FolderSource, Manifest, OnBadPicture, PictureSource};
use sempairs::eval::{Features, append_scores, features_identity, read_scores, weights_identity};
use sempairs::experiment::{self, Experiment};
use sempairs::run::{Finished, Runner};
use sempairs::train::{MetricLine, MetricLog, Progress};

fn fixture(name: &str) -> PathBuf {
    Path::new("tests/fixtures").join(name)
}

fn device() -> Device {
    sempairs::device::open("flex").unwrap()
}

fn experiment(run: &str) -> Experiment {
    experiment::read(&fixture(run).join("experiment.toml"), &[]).unwrap().remove(0)
}

/// Copies a stored run to `root` and makes the checkpoint with this name the newest.
fn copied(run: &str, checkpoint: &str, root: &Path) -> (Runner, PathBuf) {
    let (experiment, mut runner) = (experiment(run), Runner::new(root, device(), "flex"));
    runner.progress = Progress::Quiet;
    let folder = runner.run_folder(&experiment, &experiment.arms[0], experiment.seeds[0]);
    fs::create_dir_all(folder.join("checkpoint")).unwrap();
    for name in ["experiment.toml", "metrics.jsonl", "scores.jsonl"] {
        fs::copy(fixture(run).join(name), folder.join(name)).unwrap();
    }
    fs::copy(fixture(run).join(checkpoint), folder.join("checkpoint/latest.ckpt")).unwrap();
    (runner, folder)
}

/// Resumes a copy of a stored run from the checkpoint with this name.
fn resumed(run: &str, checkpoint: &str) -> (tempfile::TempDir, PathBuf, Result<Finished, Error>) {
    let root = tempfile::tempdir().unwrap();
    let (runner, folder) = copied(run, checkpoint, root.path());
    let experiment = experiment(run);
    let arm = &experiment.arms[0];
    let downstream = runner.downstream(&experiment).unwrap();
    let ended = runner.pretrain(&experiment, arm, experiment.seeds[0], &downstream);
    (root, folder, ended)
}

fn load(run: &str, name: &str) -> AnyBackbone {
    let backbone = experiment(run).backbone.init_seeded(&device(), 0);
    let options = LoadOptions { prefix: Prefix::None };
    weights::load(backbone, &fixture(run).join(name), &options).unwrap()
}

/// Lines of metrics without measured times.
fn metrics(path: &Path) -> Vec<MetricLine> {
    let mut lines = MetricLog::read(path).unwrap();
    lines.iter_mut().for_each(|line| (line.pairs_per_second, line.waiting) = (0.0, 0.0));
    lines
}

#[test]
fn a_finished_run_is_not_changed() {
    let (_root, folder, ended) = resumed("dino", "step8.ckpt");
    let curve = ended.unwrap_or_else(|error| panic!("{error}")).result.curve;
    assert_eq!(curve.iter().map(|point| point.step).collect::<Vec<_>>(), [0, 4, 8]);
    for name in ["experiment.toml", "scores.jsonl", "metrics.jsonl", "backbone.safetensors"] {
        let [old, new] = [&fixture("dino"), &folder].map(|it| fs::read(it.join(name)).unwrap());
        assert!(old == new, "{name} has changed");
    }
}

/// On the machine that wrote the fixtures the last four steps are bit-identical; on others they
/// differ by rounding errors, which stay small over four steps.
#[test]
fn a_run_resumes_from_a_checkpoint() {
    for run in ["moco", "dino"] {
        let (_root, folder, ended) = resumed(run, "step4.ckpt");
        let finished = ended.unwrap_or_else(|error| panic!("{run}: {error}"));
        assert_eq!(finished.result.curve.last().unwrap().step, 8, "{run}");
        let [old, new] =
            [fixture(run), folder].map(|folder| metrics(&folder.join("metrics.jsonl")));
        assert_eq!(old.len(), new.len(), "{run}");
        for (old, new) in old.iter().zip(&new) {
            assert_eq!((old.step, old.negatives), (new.step, new.negatives), "{run}");
            let apart = (old.loss - new.loss).abs();
            assert!(apart <= 1e-3 * old.loss.abs(), "{run}, step {}: {apart}", old.step);
        }
    }
}

#[test]
fn a_checkpoint_of_other_settings_or_of_another_version_is_refused() {
    let Err(error) = resumed("moco", "../dino/step4.ckpt").2 else { panic!("it was accepted") };
    assert!(error.to_string().contains("latest.ckpt"), "{error}");

    let root = tempfile::tempdir().unwrap();
    let latest = root.path().join("latest.ckpt");
    let mut bytes = fs::read(fixture("dino/step4.ckpt")).unwrap();
    for version in [b'1', b'3'] {
        bytes[7] = version;
        fs::write(&latest, &bytes).unwrap();
        let error = sempairs::train::Checkpoints::new(root.path(), "").load().err().unwrap();
        let (error, version) = (error.to_string(), version as char);
        assert!(error.contains("latest.ckpt"), "{error}");
        assert!(error.contains(&format!("version {version}")), "{error}");
        assert!(error.contains("reads version 2"), "{error}");
    }
}

/// The checksum is valid, but an optimiser tensor has no parameter id, on which Burn panics.
#[test]
fn a_checkpoint_with_a_damaged_record_is_refused() {
    let root = tempfile::tempdir().unwrap();
    let mut bytes = fs::read(fixture("dino/step4.ckpt")).unwrap();
    let field = b"hparam_id";
    let at = bytes.windows(field.len()).rposition(|part| part == field).unwrap();
    bytes[at + field.len() - 1] = b'x';
    let (body, crc) = bytes.split_last_chunk_mut::<4>().unwrap();
    *crc = crc32fast::hash(body).to_le_bytes();
    let damaged = root.path().join("damaged.ckpt");
    fs::write(&damaged, bytes).unwrap();
    let damaged = damaged.to_str().unwrap();
    let Err(error) = resumed("dino", damaged).2 else { panic!("it was accepted") };
    assert!(error.to_string().contains("latest.ckpt"), "{error}");

    // The command reports one error message, without that of the caught panic.
    let runs = root.path().join("runs");
    copied("dino", damaged, &runs);
    let output = Command::new(env!("CARGO_BIN_EXE_sempairs"))
        .arg("pretrain")
        .arg(fixture("dino/experiment.toml"))
        .args(["--device", "flex", "--plain", "--runs"])
        .arg(&runs)
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    let message = "latest.ckpt: damaged checkpoint: its records cannot be decoded";
    assert!(stderr.contains(message) && !stderr.contains("panicked"), "{stderr}");
}

#[test]
fn weights_are_read_bit_for_bit() {
    for run in ["moco", "dino"] {
        let identity = weights_identity(&load(run, "backbone.safetensors")).to_string();
        let scores = read_scores(&fixture(run).join("scores.jsonl")).unwrap();
        let last = scores.iter().rfind(|line| line.step == Some(8)).unwrap();
        assert_eq!(last.weights.as_ref(), Some(&identity), "{run}");
        assert_eq!(weights_identity(&load(run, "backbone.pth")).to_string(), identity, "{run}");
    }
}

#[test]
fn scores_and_metrics_are_read_and_rewritten_unchanged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("scores.jsonl");
    for name in ["scores.jsonl", "moco/scores.jsonl", "dino/scores.jsonl"] {
        fs::copy(fixture(name), &path).unwrap();
        assert!(!read_scores(&path).unwrap().is_empty());
        // Writing without additions reproduces the file.
        append_scores(&path, Vec::new()).unwrap();
        assert!(fs::read(&path).unwrap() == fs::read(fixture(name)).unwrap(), "{name}");
    }
    for run in ["moco", "dino"] {
        let [from, to] = [fixture(run), folder.path().to_path_buf()];
        let lines = MetricLog::read(&from.join("metrics.jsonl")).unwrap();
        let mut log = MetricLog::open(to.join("metrics.jsonl"), 0).unwrap();
        lines.into_iter().for_each(|line| log.push(line));
        log.write().unwrap();
        let [old, new] = [from, to].map(|it| fs::read(it.join("metrics.jsonl")).unwrap());
        assert!(old == new, "{run}");
    }
}

/// Pictures of the fixtures, with the modification times from when the cache was built.
fn dated_pictures() -> (tempfile::TempDir, FolderSource) {
    let root = tempfile::tempdir().unwrap();
    let source = FolderSource::open(fixture("pictures")).unwrap();
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    for index in 0..source.len() {
        let path = root.path().join(source.name(index));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, fs::read(fixture("pictures").join(source.name(index))).unwrap()).unwrap();
        File::options().append(true).open(&path).unwrap().set_modified(time).unwrap();
    }
    let source = FolderSource::open(root.path()).unwrap();
    (root, source)
}

#[test]
fn a_decoded_cache_is_used_and_rebuilding_it_gives_the_same_bytes() {
    let (root, source) = dated_pictures();
    let old = fixture("pictures.cache");
    let cache = CachedSource::open_for(&source, 8, &old).unwrap();
    assert_eq!(cache.len(), 18);
    let new = root.path().join("new.cache");
    CachedSource::build(&source, 8, &new, OnBadPicture::Error).unwrap();
    assert!(fs::read(old).unwrap() == fs::read(new).unwrap(), "the bytes differ");
}

#[test]
fn a_cache_of_another_version_is_refused() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("pictures.cache");
    let mut bytes = fs::read(fixture("pictures.cache")).unwrap();
    bytes[8] = 1;
    fs::write(&path, &bytes).unwrap();
    let error = CachedSource::open(&path).err().unwrap().to_string();
    assert!(error.contains("pictures.cache") && error.contains("version 1"), "{error}");
}

#[test]
fn features_are_read() {
    let (_root, source) = dated_pictures();
    let experiment = experiment("dino");
    let pipeline = experiment.views.evaluation().unwrap();
    let network = load("dino", "backbone.safetensors");
    let identity = features_identity(&network, &source, &pipeline);
    let features = Features::load(&fixture("features/test.safetensors"), identity).unwrap();
    let features = features.expect("features of these weights, views and pictures");
    assert_eq!((features.len(), features.dim, features.classes.len()), (18, 4, 3));
}

#[test]
fn a_manifest_is_read() {
    let source = FolderSource::open(fixture("pictures")).unwrap();
    let manifest = Manifest::read(&fixture("pairs.csv"), &source).unwrap();
    assert_eq!(manifest.rows().len(), 18);
    let root = tempfile::tempdir().unwrap();
    let again = root.path().join("pairs.csv");
    manifest.write(&again, &source).unwrap();
    assert_eq!(fs::read(fixture("pairs.csv")).unwrap(), fs::read(again).unwrap());
}
