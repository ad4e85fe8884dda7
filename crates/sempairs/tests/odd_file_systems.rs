//! Runs on file systems without locks, and runs whose files were modified by others.
#![cfg(unix)]

mod process;

use std::fs;
use std::process::{Command, Stdio};

use process::Small;

const PRETRAIN: &str =
    "pretrain small.toml --plain --set training.steps=6 --set training.checkpoint_every=3";

/// Preloaded library in which locking always fails, as on network file systems without locks.
const NO_LOCKS: &str =
    "#include <errno.h>\nint flock(int file, int how) { errno = ENOSYS; return -1; }\n";

#[test]
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn a_run_continues_with_a_warning_if_locks_are_not_supported() {
    let small = Small::new();
    fs::write(small.path().join("locks.c"), NO_LOCKS).unwrap();
    let compiled = Command::new("cc")
        .args(["-shared", "-fPIC", "-o", "locks.so", "locks.c"])
        .current_dir(small.path())
        .status()
        .expect("the compiler that linked this test");
    assert!(compiled.success());
    let call = || {
        let mut call = small.call(PRETRAIN);
        call.env("LD_PRELOAD", small.path().join("locks.so"));
        call.stdout(Stdio::null()).stderr(small.messages()).status().unwrap()
    };
    assert!(call().success(), "{}", small.stderr());
    assert!(small.stderr().contains(".lock: this file system has no locks"), "{}", small.stderr());
    assert!(small.run().join("backbone.safetensors").exists());
    assert!(call().success(), "second call: {}", small.stderr());
}

#[test]
fn a_run_continues_with_a_warning_if_metrics_are_lost() {
    for lost in ["missing", "empty"] {
        let small = Small::new();
        let run = || {
            let status =
                small.call(PRETRAIN).stdout(Stdio::null()).stderr(small.messages()).status();
            assert!(status.unwrap().success(), "{}", small.stderr());
        };
        run();
        assert!(!small.stderr().contains("warning"), "{}", small.stderr());
        let metrics = small.run().join("metrics.jsonl");
        match lost {
            "missing" => fs::remove_file(&metrics).unwrap(),
            _ => fs::write(&metrics, "").unwrap(),
        }
        run();
        let stderr = small.stderr();
        let file = "runs/small/sp-seed3/metrics.jsonl";
        assert!(stderr.contains(&format!("warning: {file}")), "{stderr}");
        assert!(stderr.contains("steps 1 to 6 are lost"), "{stderr}");
    }
}
