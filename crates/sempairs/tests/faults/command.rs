//! Runs the command on mutated files. It must exit with 0, or with 1 and a message, within limits
//! of memory and time.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::random::Random;
use crate::readers::READERS;
use crate::worker::memory_disk;
use crate::{mutate::mutate, repair};

/// Time limit: ten seconds for the command itself, doubled for a busy machine.
const TIME: Duration = Duration::from_secs(20);

/// Limit of the address space in KiB; threads and memory maps use part of it.
const SPACE: &str = "6000000";

/// Reader whose mutations are used, file that is damaged, and arguments of the command.
const CASES: [(&str, &str, &[&str]); 9] = [
    (
        "png",
        "pictures/disc/0.jpg",
        &["cache", "pictures", "--out", "a", "--on-bad-picture", "skip"],
    ),
    ("tiff", "pictures/disc/0.jpg", &["pretrain", "--plain", "experiment.toml"]),
    ("manifest", "pairs.csv", &["pairs", "check", "pairs.csv", "pictures"]),
    ("cache", "pictures.cache", &["pretrain", "--plain", "experiment.toml"]),
    (
        "checkpoint",
        "dino/sp-seed5/checkpoint/latest.ckpt",
        &["pretrain", "--plain", "experiment.toml"],
    ),
    ("scores", "dino/sp-seed5/scores.jsonl", &["pretrain", "--plain", "experiment.toml"]),
    ("metrics", "dino/sp-seed5/metrics.jsonl", &["pretrain", "--plain", "experiment.toml"]),
    ("safetensors", "w", &["evaluate", "--weights", "w", "experiment.toml"]),
    ("pth", "w", &["evaluate", "--weights", "w", "experiment.toml"]),
];

#[derive(Default)]
pub struct Counts {
    pub ended: usize,
    pub refused: usize,
    pub failures: Vec<String>,
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, target).unwrap();
        }
    }
}

/// Prepares a folder with a run that has completed half of its steps.
fn prepare(folder: &Path) {
    let fixture = Path::new("tests/fixtures");
    copy(&fixture.join("pictures"), &folder.join("pictures"));
    let text = fs::read_to_string(fixture.join("dino/experiment.toml")).unwrap();
    fs::write(folder.join("experiment.toml"), text.replace("tests/fixtures/", "")).unwrap();
    fs::copy(fixture.join("pairs.csv"), folder.join("pairs.csv")).unwrap();
    let run = folder.join("dino/sp-seed5");
    fs::create_dir_all(run.join("checkpoint")).unwrap();
    for name in ["metrics.jsonl", "scores.jsonl"] {
        fs::copy(fixture.join("dino").join(name), run.join(name)).unwrap();
    }
}

fn call(folder: &Path, arguments: &[&str]) -> Result<bool, String> {
    let run = matches!(arguments[0], "pretrain").then_some(["--runs", "."]);
    let mut child = Command::new("sh")
        .args(["-c", &format!("ulimit -v {SPACE}; exec \"$@\""), "sh"])
        .arg(env!("CARGO_BIN_EXE_sempairs"))
        .args(arguments)
        .args(run.into_iter().flatten())
        .current_dir(folder)
        .env("RAYON_NUM_THREADS", "1")
        .stdout(Stdio::null())
        .stderr(fs::File::create(folder.join("stderr")).unwrap())
        .spawn()
        .unwrap();
    let started = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if started.elapsed() > TIME {
            let _ = child.kill();
            let _ = child.wait();
            return Err(format!("it takes longer than {} seconds", TIME.as_secs()));
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    let stderr = fs::read(folder.join("stderr")).unwrap();
    let stderr = String::from_utf8_lossy(&stderr);
    match status.code() {
        Some(0) => Ok(true),
        Some(1) if stderr.lines().any(|line| line.starts_with("error: ") && line.len() > 12) => {
            Ok(false)
        }
        _ => Err(format!("{status}: {}", stderr.trim().replace('\n', " "))),
    }
}

/// Tests `count` mutated files of each kind.
pub fn run(seed: u64, count: u64) -> Counts {
    let mut counts = Counts::default();
    for (name, place, arguments) in CASES {
        let reader = READERS.iter().find(|reader| reader.name == name).unwrap();
        let seeds = reader.seeds();
        for number in 0..count {
            let folder = tempfile::tempdir_in(memory_disk()).unwrap();
            prepare(folder.path());
            let mut random = Random::new(seed ^ 0xc0de, number);
            let mut bytes = mutate(&seeds, reader.is_text, &mut random);
            if name == "checkpoint" && random.below(2) == 0 {
                repair::checkpoint(&mut bytes);
            }
            let path = folder.path().join(place);
            fs::write(&path, bytes).unwrap();
            match call(folder.path(), arguments) {
                Ok(true) => counts.ended += 1,
                Ok(false) => counts.refused += 1,
                Err(what) => counts.failures.push(format!("{name} {number}: {what}")),
            }
        }
    }
    counts
}
