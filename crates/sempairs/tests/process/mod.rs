//! A small experiment, and child processes to send signals to.
#![allow(dead_code, reason = "every test file is a separate crate and uses only a part")]

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

/// Timeout; longer than any operation here takes on a slow machine.
const PATIENCE: Duration = Duration::from_secs(120);

const EXPERIMENT: &str = r#"
name = "small"
seeds = [3, 4]

[pictures]
kind = "scenes"
split = "pretrain"
per_class = 3
size = 20

[[arms]]
name = "sp"
pairing = { kind = "random_in_class" }

[[arms]]
name = "ap"
pairing = { kind = "same" }

[views]
size = 16
preset = "simclr_cifar"

[backbone]
name = "resnet10_narrow"
widths = [8, 8, 8, 8]

[method]
name = "simclr"
temperature = 0.5
projector = { hidden = [16], output = 8, norm = "hidden" }

[training]
batch = 16
steps = 1000000
optimizer = { name = "adamw" }
learning_rate = { base = 1e-3 }
checkpoint_every = 1000000
log_every = 2

[evaluation]
dataset = "unseen scenes"
train = { kind = "scenes", split = "downstream_train", per_class = 4, size = 20 }
test = { kind = "scenes", split = "downstream_test", per_class = 2, size = 20 }
protocols = [{ kind = "knn", k = 3 }]
"#;

/// Folder with an experiment that would train for hours.
pub struct Small {
    folder: tempfile::TempDir,
}

impl Small {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("small.toml"), EXPERIMENT).unwrap();
        Self { folder }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Folder of the first arm's run with the first seed.
    pub fn run(&self) -> PathBuf {
        self.path().join("runs/small/sp-seed3")
    }

    pub fn has_checkpoint(&self) -> bool {
        self.run().join("checkpoint/latest.ckpt").exists()
    }

    /// Command to be run in the folder, with the arguments in `line` separated by spaces.
    pub fn call(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sempairs"));
        command.args(line.split(' ')).current_dir(self.path());
        command.env("SEMPAIRS_DEVICE", "flex");
        command
    }

    /// Creates a file for standard error.
    pub fn messages(&self) -> File {
        File::create(self.path().join("messages")).unwrap()
    }

    pub fn stderr(&self) -> String {
        fs::read_to_string(self.path().join("messages")).unwrap()
    }

    /// Waits until the process has written this text to standard error.
    pub fn wait_for(&self, running: &mut Running, words: &str) {
        wait_until(running, words, || self.stderr().contains(words));
    }
}

/// Child process that is killed when dropped before its end.
pub struct Running(pub Child);

impl Running {
    pub fn start(command: &mut Command) -> Self {
        Self(command.spawn().expect("the command starts"))
    }

    pub fn send(&self, signal: &str) {
        let kill = format!("kill -{signal} {}", self.0.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    }

    pub fn has_ended(&mut self) -> bool {
        self.0.try_wait().unwrap().is_some()
    }

    /// Waits for the process to exit.
    pub fn end(mut self) -> ExitStatus {
        let begun = Instant::now();
        while !self.has_ended() {
            assert!(begun.elapsed() < PATIENCE, "the process has not exited in time");
            std::thread::sleep(Duration::from_millis(3));
        }
        self.0.wait().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Waits for a condition that a process brings about.
pub fn wait_until(running: &mut Running, what: &str, is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(!running.has_ended(), "the process exited before this: {what}");
        assert!(begun.elapsed() < PATIENCE, "timeout while waiting for: {what}");
        std::thread::sleep(Duration::from_millis(3));
    }
}

/// Reads a pipe up to the first line of progress and closes it, as `head` does.
pub fn read_to_progress(mut pipe: impl Read) {
    let (mut text, mut byte) = (Vec::new(), [0]);
    while !text.ends_with(b"pairs/s") {
        assert_eq!(pipe.read(&mut byte).unwrap(), 1, "{}", String::from_utf8_lossy(&text));
        text.push(byte[0]);
    }
}

/// Sorted names of the entries of a folder, including hidden ones.
pub fn names(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().map(|it| it.unwrap().file_name());
    let mut names: Vec<String> = names.map(|it| it.into_string().unwrap()).collect();
    names.sort();
    names
}
