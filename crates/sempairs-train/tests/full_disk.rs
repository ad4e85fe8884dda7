//! Behaviour when the disk fills up while a checkpoint is written, simulated by a limit on the file
//! size: the system rejects a write beyond the limit as it does on a full disk. The limit applies
//! to a whole process, so the checkpoint is written in a child process that runs this test binary.
#![cfg(unix)]

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use sempairs_train::{Checkpoint, Checkpoints, OptimizerConfig, TrainError};

const FOLDER: &str = "SEMPAIRS_TEST_FULL_DISK";

#[derive(Module, Debug)]
struct Weights {
    w: Param<Tensor<1>>,
}

fn save(checkpoints: &Checkpoints, step: usize, weights: usize) -> Result<PathBuf, TrainError> {
    let w = Tensor::zeros([weights], &Device::flex().autodiff());
    let optimizer = OptimizerConfig::adamw(0.01).init();
    let weights = Weights { w: Param::from_tensor(w) };
    checkpoints.save(&Checkpoint::take(step, &weights, &optimizer))
}

#[test]
fn a_full_disk_is_an_error_and_both_old_checkpoints_stay() {
    let folder = tempfile::tempdir().unwrap();
    let checkpoints = Checkpoints::new(folder.path(), "id");
    save(&checkpoints, 1, 10).unwrap();
    save(&checkpoints, 2, 10).unwrap();
    let files = [checkpoints.latest(), checkpoints.previous()];
    let before = files.clone().map(|file| fs::read(file).unwrap());

    // The block size is 512 or 1,024 bytes, depending on the shell; 200 blocks of either size are
    // less than the checkpoint. SIGXFSZ would kill the process and is ignored, since a full disk
    // sends no signal.
    let script = r#"trap '' XFSZ; ulimit -f 200; exec "$0" "$@""#;
    let output = Command::new("sh")
        .args(["-c", script])
        .arg(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "inside_a_process_with_the_limit"])
        .env(FOLDER, folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{output:?}");

    let mut left: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["latest.ckpt", "previous.ckpt", "was_refused"], "no part of the new one");
    assert_eq!(files.map(|file| fs::read(file).unwrap()), before);
    assert_eq!(checkpoints.load().unwrap().unwrap().step, 2);
}

#[test]
#[ignore = "run as a child process by `a_full_disk_is_an_error_and_both_old_checkpoints_stay`"]
fn inside_a_process_with_the_limit() {
    let folder = PathBuf::from(std::env::var_os(FOLDER).expect("the parent sets the folder"));
    // 400 kB.
    let error = save(&Checkpoints::new(&folder, "id"), 3, 100_000).unwrap_err();
    let TrainError::Io { path, error } = &error else { panic!("{error:?}") };
    assert_eq!(*path, folder.join("next.ckpt"));
    fs::write(folder.join("was_refused"), error.to_string()).unwrap();
}
