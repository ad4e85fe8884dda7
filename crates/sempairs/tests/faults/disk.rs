//! A small comparison whose process is killed, or whose disk fails, at each operation that changes
//! a file, and which is then resumed.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use sempairs::eval::read_scores;
use sempairs::train::MetricLog;

use crate::worker::memory_disk;

/// Experiment of the run. The path of the picture folder is absolute; all other paths are relative
/// to the working directory.
const EXPERIMENT: &str = r#"
name = "tiny"
seeds = [5]
arms = [{ name = "sp", pairing = { kind = "random_in_class" } }]

[pictures]
kind = "folder"
path = "PICTURES"
cache = { path = "pictures.cache", short_side = 16 }

[views]
size = 16
preset = "simclr_cifar"

[backbone]
name = "resnet10_narrow"
widths = [4, 4, 4, 4]

[method]
name = "simclr"
temperature = 0.5
projector = { hidden = [4], output = 4, norm = "hidden" }

[training]
batch = 6
steps = 6
optimizer = { name = "sgd" }
learning_rate = { base = 0.05 }
checkpoint_every = 2
log_every = 1

[evaluation]
dataset = "drawn"
train = { kind = "folder", path = "PICTURES" }
test = { kind = "folder", path = "PICTURES" }
every = 3
protocols = [{ kind = "knn", k = 3 }]
"#;

/// Folder that the run writes to.
const RUN: &str = "tiny/sp-seed5";

/// Fault modes, each with a stride `n`: the short check tests every `n`-th operation.
const MODES: [(&str, usize); 6] =
    [("kill", 2), ("half", 8), ("short", 12), ("eintr", 12), ("eio", 5), ("enospc", 5)];

#[derive(Default)]
pub struct Counts {
    pub operations: usize,
    pub faults: BTreeMap<&'static str, usize>,
    pub failures: Vec<String>,
}

/// Fault to inject into a process.
struct Fault<'a> {
    library: &'a Path,
    mode: &'a str,
    at: usize,
}

/// How a process ended.
struct Ended {
    status: ExitStatus,
    stderr: String,
    /// Logged operations.
    log: String,
}

/// Compiles the library that injects file errors; prints a note and returns `None` if there is no C
/// compiler.
pub fn library(folder: &Path) -> Option<PathBuf> {
    let library = folder.join("inject.so");
    let compiled = Command::new("cc")
        .args(["-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o"])
        .arg(&library)
        .arg("tests/faults/inject.c")
        .status();
    match compiled {
        Ok(status) => {
            assert!(status.success(), "inject.c does not compile");
            Some(library)
        }
        Err(error) => {
            println!("disk: skipped, because there is no C compiler: cc: {error}");
            None
        }
    }
}

fn compare(folder: &Path, fault: Option<Fault>) -> Ended {
    let log = folder.join("../log").with_extension(folder.file_name().unwrap());
    let mut command = Command::new(env!("CARGO_BIN_EXE_sempairs"));
    command.args(["compare", "--plain", "--device", "flex", "--runs", ".", "experiment.toml"]);
    command.current_dir(folder).env("RAYON_NUM_THREADS", "1").stdout(Stdio::null());
    if let Some(Fault { library, mode, at }) = fault {
        let _ = fs::remove_file(&log);
        let folder = folder.canonicalize().unwrap();
        command.env("LD_PRELOAD", library).env("FAULT_ROOT", folder);
        command.env("FAULT_MODE", mode).env("FAULT_AT", at.to_string()).env("FAULT_LOG", &log);
    }
    let out = command.stderr(Stdio::piped()).output().unwrap();
    Ended {
        status: out.status,
        stderr: String::from_utf8_lossy(&out.stderr).into_owned(),
        log: fs::read_to_string(&log).unwrap_or_default(),
    }
}

fn fresh(root: &Path, name: &str) -> PathBuf {
    let folder = root.join(name);
    fs::create_dir_all(&folder).unwrap();
    let pictures = Path::new("tests/fixtures/pictures").canonicalize().unwrap();
    let text = EXPERIMENT.replace("PICTURES", pictures.to_str().unwrap());
    fs::write(folder.join("experiment.toml"), text).unwrap();
    folder
}

/// Results of a finished comparison, without measured times.
fn result(folder: &Path) -> Result<Vec<Vec<u8>>, String> {
    let run = folder.join(RUN);
    let read = |path: PathBuf| fs::read(&path).map_err(|e| format!("{}: {e}", path.display()));
    let files = ["backbone.safetensors", "scores.jsonl", "experiment.toml"];
    let mut all =
        files.map(|name| read(run.join(name))).into_iter().collect::<Result<Vec<_>, _>>()?;
    all.push(read(folder.join("tiny/table.txt"))?);
    all.push(read(folder.join("pictures.cache"))?);
    let mut lines = MetricLog::read(&run.join("metrics.jsonl")).map_err(|e| e.to_string())?;
    lines.iter_mut().for_each(|line| (line.pairs_per_second, line.waiting) = (0.0, 0.0));
    all.push(format!("{lines:?}").into_bytes());
    for name in ["comparison.json", "report.html"] {
        let bytes = read(folder.join("tiny").join(name))?;
        if bytes.is_empty() {
            return Err(format!("{name} is empty"));
        }
    }
    serde_json::from_slice::<serde_json::Value>(&read(folder.join("tiny/comparison.json"))?)
        .map_err(|e| format!("comparison.json: {e}"))?;
    Ok(all)
}

/// Checks that all files that exist after a fault are valid.
fn whole(folder: &Path, weights: &[u8], had_checkpoint: bool) -> Result<(), String> {
    let run = folder.join(RUN);
    let there = |name: &str| Some(run.join(name)).filter(|path| path.exists());
    if let Some(path) = there("backbone.safetensors")
        && fs::read(path).unwrap() != weights
    {
        return Err("backbone.safetensors is incomplete".into());
    }
    if let Some(path) = there("scores.jsonl") {
        read_scores(&path).map_err(|e| e.to_string())?;
    }
    if let Some(path) = there("metrics.jsonl") {
        MetricLog::read(&path).map_err(|e| e.to_string())?;
    }
    let mut checkpoints = 0;
    for name in ["latest", "previous"] {
        let Some(path) = there(&format!("checkpoint/{name}.ckpt")) else { continue };
        let bytes = fs::read(path).unwrap();
        let (body, crc) = bytes.split_last_chunk::<4>().ok_or("an empty checkpoint")?;
        if crc32fast::hash(body) != u32::from_le_bytes(*crc) {
            return Err(format!("{name}.ckpt is incomplete"));
        }
        checkpoints += 1;
    }
    if had_checkpoint && checkpoints == 0 {
        return Err("the last checkpoint is lost".into());
    }
    Ok(())
}

/// Remaining hidden part files.
fn left_overs(folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            left_overs(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "part") {
            found.push(path.display().to_string());
        }
    }
}

/// Name of the file in a line of the log; for a part file, the name of the final file.
fn file_of(line: &str) -> &str {
    let path = line.splitn(3, ' ').last().unwrap_or_default();
    let name = path.rsplit('/').next().unwrap_or_default();
    let part = name.strip_prefix('.').and_then(|name| name.strip_suffix(".part"));
    let Some(part) = part else { return name };
    // The name is followed by numbers that make part files of different processes distinct.
    let ending = part.find('.').map_or(part.len(), |dot| dot + 1);
    let end = part[ending..].find('.').map_or(part.len(), |dot| ending + dot);
    &part[..end]
}

struct Check<'a> {
    root: &'a Path,
    library: &'a Path,
    expected: &'a [Vec<u8>],
    /// Index of the operation that first moved a checkpoint into place.
    first_checkpoint: usize,
}

impl Check<'_> {
    fn fault(&self, mode: &str, at: usize) -> Result<(), String> {
        let folder = fresh(self.root, &format!("{mode}{at}"));
        let ended = compare(&folder, Some(Fault { library: self.library, mode, at }));
        let stderr = ended.stderr.lines().last().unwrap_or_default();
        let survives = matches!(mode, "short" | "eintr");
        match ended.status.code() {
            Some(0) if mode != "kill" => self.same(&folder)?,
            None if matches!(mode, "kill" | "half") => {}
            Some(1) if !survives && mode != "kill" => {
                // On a full disk several operations fail; the report names the last relevant one.
                let mut names = ended.log.lines().map(file_of);
                if !stderr.starts_with("error: ") || !names.any(|name| stderr.contains(name)) {
                    return Err(format!("the message names no file that failed: {stderr}"));
                }
            }
            _ => return Err(format!("{}: {stderr}", ended.status)),
        }
        whole(&folder, &self.expected[0], at > self.first_checkpoint)?;
        let again = compare(&folder, None);
        if !again.status.success() {
            let stderr = again.stderr.lines().last().unwrap_or_default();
            return Err(format!("it does not resume: {}: {stderr}", again.status));
        }
        self.same(&folder)?;
        let mut parts = Vec::new();
        left_overs(&folder, &mut parts);
        if !parts.is_empty() {
            return Err(format!("left over: {}", parts.join(", ")));
        }
        fs::remove_dir_all(folder).map_err(|e| e.to_string())
    }

    fn same(&self, folder: &Path) -> Result<(), String> {
        let found = result(folder)?;
        let differs = found.iter().zip(self.expected).position(|(a, b)| a != b);
        differs.map_or(Ok(()), |at| Err(format!("part {at} of the result differs")))
    }
}

/// Tests every operation in every mode; the short check samples operations at regular intervals.
pub fn run(is_short: bool) -> Counts {
    let mut counts = Counts::default();
    let root = tempfile::tempdir_in(memory_disk()).unwrap();
    let Some(library) = library(root.path()) else { return counts };
    let folder = fresh(root.path(), "undisturbed");
    let ended = compare(&folder, Some(Fault { library: &library, mode: "count", at: 0 }));
    assert!(ended.status.success(), "{}", ended.stderr);
    let operations: Vec<&str> = ended.log.lines().collect();
    counts.operations = operations.len();
    let is_first = |line: &&str| line.contains(" rename ") && line.ends_with("latest.ckpt");
    let first_checkpoint = 1 + operations.iter().position(is_first).unwrap();
    let expected = result(&folder).unwrap();
    let check =
        Check { root: root.path(), library: &library, expected: &expected, first_checkpoint };

    let mut jobs = Vec::new();
    for (mode, every) in MODES {
        for (index, operation) in operations.iter().enumerate() {
            let applies = match mode {
                "half" | "short" => operation.contains(" write "),
                "eintr" => !operation.contains(" rename ") && !operation.contains(" mkdir "),
                _ => true,
            };
            if applies && (!is_short || index % every == 0) {
                jobs.push((mode, index + 1));
            }
        }
    }
    let (next, failures) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(&(mode, at)) = jobs.get(next.fetch_add(1, Relaxed)) {
                    if let Err(reason) = check.fault(mode, at) {
                        let what = operations[at - 1].split(' ').nth(1).unwrap_or_default();
                        let file = file_of(operations[at - 1]);
                        let text = format!("{mode} at {at}, {what} of {file}: {reason}");
                        failures.lock().unwrap().push(text);
                    }
                }
            });
        }
    });
    jobs.iter().for_each(|(mode, _)| *counts.faults.entry(mode).or_default() += 1);
    counts.failures = failures.into_inner().unwrap();
    counts
}
