//! A run that is killed with SIGKILL, or stopped with Ctrl-C, and resumed ends with exactly the weights of one that
//! was not.

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

/// Ctrl-C is the signal SIGINT: the run ends after its current step, with a checkpoint of that step.
#[cfg(unix)]
#[test]
fn a_run_that_ctrl_c_has_stopped_goes_on_to_the_same_weights() {
    let folder = tempfile::tempdir().unwrap();
    let experiment: PathBuf = folder.path().join("resume.toml");
    // Without a checkpoint on the way, so that the one that is found was written because of the signal.
    let text = EXPERIMENT
        .replace("OPTIMIZER", "optimizer = { name = \"adamw\" }\nlearning_rate = { base = 1e-3 }")
        .replace("checkpoint_every = 4", "checkpoint_every = 1000")
        .replace("steps = 40", "steps = 120")
        .replace("every = 10", "every = 60");
    fs::write(&experiment, text).unwrap();
    let [whole, stopped] = ["whole", "stopped"].map(|name| folder.path().join(name));
    finish(pretrain(&experiment, &whole));

    let run = stopped.join("resume/sp-seed3");
    let messages = folder.path().join("messages");
    let mut child = Command::new(env!("CARGO_BIN_EXE_sempairs"))
        .args(["pretrain", "--device", "flex", "--plain", "--runs"])
        .args([&stopped, &experiment])
        .stdout(Stdio::null())
        .stderr(fs::File::create(&messages).unwrap())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + Duration::from_secs(300);
    // The first line of progress: it trains.
    while !fs::read_to_string(&messages).unwrap().contains("pairs/s") {
        assert!(child.try_wait().unwrap().is_none(), "it has ended before it was stopped");
        assert!(Instant::now() < deadline, "no step within five minutes");
        std::thread::sleep(Duration::from_millis(3));
    }
    let interrupt = format!("kill -INT {}", child.id());
    assert!(Command::new("sh").args(["-c", &interrupt]).status().unwrap().success());
    let status = child.wait().unwrap();
    let said = fs::read_to_string(&messages).unwrap();
    assert_eq!(status.code(), Some(1), "{said}");
    assert!(said.contains("stopping after this step"), "{said}");
    let step = said.split("error: stopped at step ").nth(1).and_then(|it| it.split(';').next());
    let step: usize = step.unwrap_or_else(|| panic!("{said}")).parse().unwrap();
    assert!((1..120).contains(&step), "{said}");
    assert!(run.join("checkpoint/latest.ckpt").exists(), "no checkpoint was written");
    assert!(!run.join("backbone.safetensors").exists());

    finish(pretrain(&experiment, &stopped));
    let whole = whole.join("resume/sp-seed3");
    let weights = |folder: &Path| fs::read(folder.join("backbone.safetensors")).unwrap();
    assert!(weights(&whole) == weights(&run), "the weights differ");
    assert_eq!(metrics(&whole), metrics(&run));
}
