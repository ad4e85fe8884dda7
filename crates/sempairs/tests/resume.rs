//! A run that is killed with SIGKILL and resumed ends with exactly the weights of one that was not.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const EXPERIMENT: &str = r#"
name = "resume"
seeds = [3]

[pictures]
kind = "scenes"
split = "pretrain"
per_class = 3
size = 20

[[arms]]
name = "sp"
pairing = { kind = "random_in_class" }

[views]
size = 16
preset = "simclr_cifar"

[backbone]
name = "resnet10_narrow"

[method]
name = "simclr"
temperature = 0.5
reduction = "sum_of_directions"
projector = { hidden = [32], output = 16, norm = "all" }

[training]
batch = 16
steps = 40
OPTIMIZER
checkpoint_every = 4
log_every = 3

[evaluation]
dataset = "unseen scenes"
train = { kind = "scenes", split = "downstream_train", per_class = 4, size = 20 }
test = { kind = "scenes", split = "downstream_test", per_class = 2, size = 20 }
every = 10
protocols = [{ kind = "knn", k = 3 }]
"#;

fn pretrain(experiment: &Path, runs: &Path) -> Child {
    Command::new(env!("CARGO_BIN_EXE_sempairs"))
        .args(["pretrain", "--device", "flex", "--runs"])
        .args([runs, experiment])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the command starts")
}

fn finish(mut child: Child) {
    let status = child.wait().unwrap();
    assert!(status.success(), "{status}");
}

/// Waits until the run has written another checkpoint than `before`, or has ended.
fn wait_for_checkpoint(child: &mut Child, file: &Path, before: Option<Vec<u8>>) -> bool {
    let deadline = Instant::now() + Duration::from_secs(300);
    while Instant::now() < deadline {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        if fs::read(file).ok().is_some_and(|now| Some(now) != before) {
            return true;
        }
        std::thread::sleep(Duration::from_millis(3));
    }
    panic!("no checkpoint within five minutes");
}

/// The lines of `metrics.jsonl` without what depends on the clock on the wall.
fn metrics(folder: &Path) -> Vec<serde_json::Value> {
    let text = fs::read_to_string(folder.join("metrics.jsonl")).unwrap();
    text.lines()
        .map(|line| {
            let mut value: serde_json::Value = serde_json::from_str(line).unwrap();
            let fields = value.as_object_mut().unwrap();
            fields.remove("pairs_per_second");
            fields.remove("waiting");
            value
        })
        .collect()
}

fn killed_run_equals_whole_run(optimizer: &str) {
    let folder = tempfile::tempdir().unwrap();
    let experiment: PathBuf = folder.path().join("resume.toml");
    fs::write(&experiment, EXPERIMENT.replace("OPTIMIZER", optimizer)).unwrap();
    let [whole, killed] = ["whole", "killed"].map(|name| folder.path().join(name));
    finish(pretrain(&experiment, &whole));

    let run = killed.join("resume/sp-seed3");
    let checkpoint = run.join("checkpoint/latest.ckpt");
    let mut kills = 0;
    // Killed right after a checkpoint, in the middle of steps, and while a checkpoint may be half-written.
    for delay in [0, 40, 7, 90, 1] {
        let before = fs::read(&checkpoint).ok();
        let mut child = pretrain(&experiment, &killed);
        if !wait_for_checkpoint(&mut child, &checkpoint, before) {
            break;
        }
        std::thread::sleep(Duration::from_millis(delay));
        child.kill().unwrap();
        child.wait().unwrap();
        kills += 1;
    }
    assert!(kills >= 2, "the run was too short to be killed twice");
    finish(pretrain(&experiment, &killed));

    let whole = whole.join("resume/sp-seed3");
    let weights = |folder: &Path| fs::read(folder.join("backbone.safetensors")).unwrap();
    assert!(weights(&whole) == weights(&run), "the weights differ");
    assert_eq!(metrics(&whole), metrics(&run));
    let scores = |folder: &Path| fs::read_to_string(folder.join("scores.jsonl")).unwrap();
    assert_eq!(scores(&whole), scores(&run));
    let mut left: Vec<_> = fs::read_dir(run.join("checkpoint"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    left.sort();
    assert_eq!(left, ["latest.ckpt", "previous.ckpt"]);
}

#[test]
fn a_killed_run_with_adamw_ends_with_the_same_weights() {
    killed_run_equals_whole_run(
        "optimizer = { name = \"adamw\", weight_decay = 1e-4 }\nlearning_rate = { base = 1e-3, warmup_steps = 5 }",
    );
}

#[test]
fn a_killed_run_with_lars_ends_with_the_same_weights() {
    killed_run_equals_whole_run(
        "optimizer = { name = \"lars\", weight_decay = 1e-4, trust = 0.02, variant = \"fair\" }\nlearning_rate = { base = 0.3, scaling = \"square_root\", warmup_epochs = 1.5 }",
    );
}
