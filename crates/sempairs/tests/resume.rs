//! A run that is killed, or stopped with Ctrl-C, and then resumed ends with exactly the weights of
//! an uninterrupted run.

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

BACKBONE

METHOD

TRAINING

[evaluation]
dataset = "unseen scenes"
train = { kind = "scenes", split = "downstream_train", per_class = 4, size = 20 }
test = { kind = "scenes", split = "downstream_test", per_class = 2, size = 20 }
every = 9
protocols = [{ kind = "knn", k = 3 }]
"#;

/// Starts the run, which aborts at the failpoint.
fn pretrain(experiment: &Path, runs: &Path, failpoint: Option<&str>) -> Child {
    Command::new(env!("CARGO_BIN_EXE_sempairs"))
        .envs(failpoint.map(|failpoint| ("SEMPAIRS_FAILPOINT", failpoint)))
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

/// Lines of `metrics.jsonl` without measured times.
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

/// Compares a run that is killed at each of these failpoints in turn with an uninterrupted run.
fn killed_run_equals_whole_run(backbone: &str, method: &str, training: &str, failpoints: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let experiment: PathBuf = folder.path().join("resume.toml");
    let text = EXPERIMENT.replace("BACKBONE", backbone).replace("METHOD", method);
    fs::write(&experiment, text.replace("TRAINING", training)).unwrap();
    let [whole, killed] = ["whole", "killed"].map(|name| folder.path().join(name));
    finish(pretrain(&experiment, &whole, None));

    let run = killed.join("resume/sp-seed3");
    for failpoint in failpoints {
        let status = pretrain(&experiment, &killed, Some(failpoint)).wait().unwrap();
        assert_eq!(status.code(), None, "{failpoint} was not reached: {method}");
    }
    finish(pretrain(&experiment, &killed, None));

    let whole = whole.join("resume/sp-seed3");
    let weights = |folder: &Path| fs::read(folder.join("backbone.safetensors")).unwrap();
    assert!(weights(&whole) == weights(&run), "the weights differ: {method}");
    assert_eq!(metrics(&whole), metrics(&run), "{method}");
    let scores = |folder: &Path| fs::read_to_string(folder.join("scores.jsonl")).unwrap();
    assert_eq!(scores(&whole), scores(&run), "{method}");
    let mut left: Vec<_> = fs::read_dir(run.join("checkpoint"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    left.sort();
    assert_eq!(left, ["latest.ckpt", "previous.ckpt"]);
}

const SMALL: &str = "[backbone]\nname = \"resnet10_narrow\"";
const SIMCLR: &str = "[method]\nname = \"simclr\"\ntemperature = 0.5\n\
    reduction = \"sum_of_directions\"\n\
    projector = { hidden = [32], output = 16, norm = \"all\" }";

fn with_simclr(optimizer: &str) {
    let training = format!(
        "[training]\nbatch = 16\nsteps = 40\n{optimizer}\ncheckpoint_every = 4\nlog_every = 3"
    );
    // The run is killed directly after a checkpoint, between checkpoints, while a checkpoint is
    // being replaced, and between computing a score and writing its line.
    let failpoints =
        ["checkpoint=4", "step=10", "checkpoint_written=16", "checkpoint_moved=20", "scored=27"];
    killed_run_equals_whole_run(SMALL, SIMCLR, &training, &failpoints);
}

#[test]
fn a_killed_run_with_adamw_ends_with_the_same_weights() {
    with_simclr(
        "optimizer = { name = \"adamw\", weight_decay = 1e-4 }\n\
         learning_rate = { base = 1e-3, warmup_steps = 5 }",
    );
}

#[test]
fn a_killed_run_with_lars_ends_with_the_same_weights() {
    with_simclr(
        "optimizer = { name = \"lars\", weight_decay = 1e-4, trust = 0.02, variant = \"fair\" }\n\
         learning_rate = { base = 0.3, scaling = \"square_root\", warmup_epochs = 1.5 }",
    );
}

/// Ctrl-C is the signal SIGINT: the run ends after its current step, with a checkpoint of that
/// step.
#[cfg(unix)]
#[test]
fn a_run_stopped_by_ctrl_c_and_resumed_ends_with_the_same_weights() {
    let folder = tempfile::tempdir().unwrap();
    let experiment: PathBuf = folder.path().join("resume.toml");
    // No regular checkpoints are written, so the one that is found was written because of the
    // signal.
    let training = "[training]\nbatch = 16\nsteps = 120\noptimizer = { name = \"adamw\" }\n\
        learning_rate = { base = 1e-3 }\ncheckpoint_every = 1000\nlog_every = 7";
    let text = EXPERIMENT.replace("BACKBONE", SMALL).replace("METHOD", SIMCLR);
    let text = text.replace("TRAINING", training).replace("every = 9", "every = 60");
    fs::write(&experiment, text).unwrap();
    let [whole, stopped] = ["whole", "stopped"].map(|name| folder.path().join(name));
    finish(pretrain(&experiment, &whole, None));

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
    // The first line of progress shows that training has started.
    while !fs::read_to_string(&messages).unwrap().contains("pairs/s") {
        assert!(child.try_wait().unwrap().is_none(), "the run ended before it was stopped");
        assert!(Instant::now() < deadline, "no step within five minutes");
        std::thread::sleep(Duration::from_millis(3));
    }
    let interrupt = format!("kill -INT {}", child.id());
    assert!(Command::new("sh").args(["-c", &interrupt]).status().unwrap().success());
    let status = child.wait().unwrap();
    let stderr = fs::read_to_string(&messages).unwrap();
    assert_eq!(status.code(), Some(130), "{stderr}");
    assert!(stderr.contains("stopping; Ctrl-C again"), "{stderr}");
    let step = stderr.split("error: stopped at step ").nth(1).and_then(|it| it.split(';').next());
    let step: usize = step.unwrap_or_else(|| panic!("{stderr}")).parse().unwrap();
    assert!((1..120).contains(&step), "{stderr}");
    assert!(run.join("checkpoint/latest.ckpt").exists(), "no checkpoint was written");
    assert!(!run.join("backbone.safetensors").exists());

    finish(pretrain(&experiment, &stopped, None));
    let whole = whole.join("resume/sp-seed3");
    let weights = |folder: &Path| fs::read(folder.join("backbone.safetensors")).unwrap();
    assert!(weights(&whole) == weights(&run), "the weights differ");
    assert_eq!(metrics(&whole), metrics(&run));
}

const RESIDUAL: &str = "[backbone]\nname = \"resnet10_narrow\"\nwidths = [8, 8, 8, 8]";
const TRANSFORMER: &str =
    "[backbone]\nname = \"vit_tiny\"\npatch = 4\nsize = 16\ndim = 12\ndepth = 2\nheads = 3";
const LOCALS: &str = "[views.locals]\ncount = 3\nsize = 8\narea = [0.05, 0.4]\n";
const HEAD: &str = "projector = { hidden = [16], output = 8, norm = \"hidden\" }";
const PREDICTOR: &str = "predictor = { hidden = [16], output = 8, norm = \"hidden\" }";
const MOMENTUM: &str = "momentum = { kind = \"cosine\", start = 0.9, end = 1.0 }";

/// Tests a method with all the state that it keeps between steps: queues, centres, momentum
/// encoders, prototypes, and heads that are frozen at first or have their own learning rate. Every
/// step is logged, so that a difference of a single bit is detected.
fn method(name: &str, backbone: &str, views: &str, settings: &[&str], optimizer: &str) {
    let method = format!("{views}\n[method]\nname = \"{name}\"\n{}", settings.join("\n"));
    // Seven steps per epoch; the third epoch is incomplete.
    let training = format!(
        "[training]\nbatch = 8\nsteps = 18\n{optimizer}\ncheckpoint_every = 4\nlog_every = 1"
    );
    // The run is killed while heads are frozen and queues are partly empty, and after that.
    killed_run_equals_whole_run(
        backbone,
        &method,
        &training,
        &["checkpoint=4", "step=10", "checkpoint=12"],
    );
}

const ADAMW: &str = "optimizer = { name = \"adamw\", weight_decay = 1e-4 }\n\
    learning_rate = { base = 1e-3, warmup_steps = 5 }";
const SGD: &str =
    "optimizer = { name = \"sgd\", weight_decay = 1e-4 }\nlearning_rate = { base = 0.05 }";
const LARS: &str = "optimizer = { name = \"lars\", variant = \"fair\" }\n\
    learning_rate = { base = 0.2, vectors = 0.0048, warmup_steps = 5 }";
const LARC: &str = "optimizer = { name = \"lars\", variant = \"lightly\", weight_decay = 1e-4, \
    exclude_vectors = false }\nlearning_rate = { base = 0.6, end_factor = 1e-3 }";
const DINO: &str = "optimizer = { name = \"adamw\", weight_decay = 0.04, \
    final_weight_decay = 0.4, exclude_vectors = true }\n\
    learning_rate = { base = 1e-3, warmup_steps = 5 }\nclip = 3.0";

#[test]
fn killed_runs_with_a_queue_end_with_the_same_weights() {
    let split = "batch_norm = { kind = \"shuffled\", groups = 2 }";
    let moco = ["temperature = 0.2", "queue = 24", MOMENTUM, split, HEAD];
    method("moco", RESIDUAL, "", &moco, SGD);
    let nnclr = ["temperature = 0.2", "support = 24", HEAD, PREDICTOR];
    method("nnclr", RESIDUAL, "", &nnclr, ADAMW);
    let queue = "queue = { size = 16, from_epoch = 1 }";
    let swav = ["temperature = 0.1", "epsilon = 0.05", "iterations = 3", "prototypes = 12"];
    let swav = [&swav[..], &["freeze_steps = 6", queue, HEAD]].concat();
    method("swav", RESIDUAL, LOCALS, &swav, LARC);
}

#[test]
fn killed_runs_with_a_momentum_encoder_end_with_the_same_weights() {
    method("byol", RESIDUAL, "", &[MOMENTUM, HEAD, PREDICTOR], ADAMW);
    let dino = [
        "prototypes = 20",
        "student_temperature = 0.1",
        "teacher_temperature = { start = 0.04, end = 0.07, warmup_epochs = 2 }",
        "centre_momentum = 0.9",
        "freeze_epochs = 1",
        MOMENTUM,
        "projector = { hidden = [16], output = 8, norm = \"none\", activation = \"gelu\" }",
    ];
    method("dino", TRANSFORMER, LOCALS, &dino, DINO);
    method("dino", RESIDUAL, "", &dino, DINO);
}

#[test]
fn killed_runs_without_negatives_end_with_the_same_weights() {
    let plain = "projector = { hidden = [16], output = 8, norm = \"plain_last\" }";
    method("simsiam", RESIDUAL, "", &[plain, PREDICTOR], SGD);
    method("barlow_twins", RESIDUAL, "", &["lambda = 0.0051", HEAD], LARS);
    let weights = "weights = { invariance = 25.0, variance = 25.0, covariance = 1.0 }";
    method("vicreg", RESIDUAL, "", &[weights, HEAD], LARS);
}

#[test]
fn killed_runs_of_the_controls_end_with_the_same_weights() {
    method("supcon", RESIDUAL, "", &["temperature = 0.2", HEAD], ADAMW);
    method("dcl", RESIDUAL, "", &["temperature = 0.2", HEAD], ADAMW);
}
