//! Sizes that once caused a panic (exit code 101) or an abort (signal) of the command.

use std::fs;
use std::process::{Command, Output};

use super::{EXPERIMENT, method};

fn sempairs(args: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_sempairs"));
    command.args(args).current_dir(folder.path()).output().expect("the command starts")
}

#[test]
fn excessive_sizes_are_errors_without_a_crash() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("experiment.toml");
    fs::write(&file, EXPERIMENT).unwrap();
    let file = file.display().to_string();
    let small = ["--set", "arms.0.per_class=8", "--set", "evaluation.train.per_class=2"];
    let moco = method("moco");
    let dino = method("dino");
    let swav = method("swav");
    let named = format!("arms.0.name={}", "a".repeat(300));
    for (sets, key) in [
        (vec!["training.steps=9223372036854775807"], "training.steps"),
        (vec!["training.steps=9223372036854775806", "evaluation.every=1"], "training.steps"),
        (vec![&moco, "method.queue=1000000000"], "method.queue"),
        // These are small enough for a tensor, but exceed the number of pairs.
        (vec![&moco, "method.queue=12800000"], "method.queue"),
        (vec![&swav, "method.queue.size=12800000"], "method.queue.size"),
        (
            vec!["evaluation.protocols=[{ kind = 'knn', k = 1000000000 }]"],
            "evaluation.protocols[0].k",
        ),
        (
            vec!["evaluation.protocols=[{ kind = 'knn', k = 9223372036854775807 }]"],
            "evaluation.protocols[0].k",
        ),
        (vec!["method.projector.hidden=[1000000000]"], "method.projector.hidden[0]"),
        (vec!["method.projector.output=100000000000"], "method.projector.output"),
        (vec![&swav, "method.prototypes=100000000"], "method.prototypes"),
        (vec![&dino, "method.prototypes=1"], "method.prototypes"),
        (vec!["arms.0.name=\"a\\nb\""], "arms[0].name"),
        (vec![&named], "arms[0].name"),
    ] {
        let flags = sets.iter().flat_map(|set| ["--set", *set]);
        let args: Vec<&str> = ["pretrain", &file].into_iter().chain(small).chain(flags).collect();
        let output = sempairs(&args);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{sets:?}: {stderr}");
        assert!(stderr.contains(&format!("`{key}`")) && !stderr.contains("panicked"), "{stderr}");
    }
    for (args, flag) in [
        (vec!["bench", "step", "--threads", "1000000"], "--threads"),
        (vec!["bench", "step", "--batch", "1000000000"], "--batch"),
        (vec!["bench", "step", "--batch", "65536", "--size", "4096"], "--batch"),
        (vec!["bench", "step", "--steps", "18446744073709551615"], "--steps"),
        (vec!["bench", "step", "--warmup", "18446744073709551615"], "--warmup"),
        (vec!["bench", "step", "--backbone", "vit_small_patch1", "--size", "4096"], "--backbone"),
        (vec!["bench", "loader", "x", "--batches", "18446744073709551615"], "--batches"),
        (vec!["bench", "loader", "x", "--workers", "1000000"], "--workers"),
        (vec!["bench", "loader", "x", "--batch", "1000000000"], "--batch"),
        (vec!["pretrain", &file, "--workers", "1000000"], "--workers"),
        (vec!["pairs", "make", "x", "--out", "y", "--per-class", "0"], "--per-class"),
        (vec!["cache", "x", "--out", "y", "--short-side", "0"], "--short-side"),
        (vec!["cache", "x", "--out", "y", "--short-side", "99999999999"], "--short-side"),
    ] {
        let output = sempairs(&args);
        let stderr = String::from_utf8_lossy(&output.stderr);
        let code = output.status.code();
        assert!(matches!(code, Some(1 | 2)), "{args:?}: {code:?} {stderr}");
        assert!(stderr.contains(flag) && !stderr.contains("panicked"), "{args:?}: {stderr}");
    }
}
