//! Signals end a run after its current step, with a checkpoint, even if its output cannot be
//! written; a closed pipe or a full disk behind the output does not end a run.
#![cfg(unix)]

mod process;

use std::fs::{self, File};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use process::{Running, Small, names, read_to_progress, wait_until};

const PRETRAIN: &str = "pretrain small.toml --plain";

fn full() -> File {
    File::options().write(true).open("/dev/full").unwrap()
}

#[test]
fn ctrl_c_writes_a_checkpoint_even_if_the_log_is_a_closed_pipe() {
    let small = Small::new();
    // Like `2>&1 | tee log`, where Ctrl-C also ends `tee`.
    let mut child =
        Running::start(small.call(PRETRAIN).stdout(Stdio::null()).stderr(Stdio::piped()));
    read_to_progress(child.0.stderr.take().unwrap());
    child.send("INT");
    assert_eq!(child.end().code(), Some(130));
    assert!(small.has_checkpoint());
}

#[test]
fn repeated_sigterm_and_sighup_write_a_checkpoint() {
    for (signal, code) in [("TERM", 143), ("HUP", 129)] {
        if signal == "HUP" && sempairs_train::terminal::hang_up_is_ignored() {
            eprintln!(
                "SIGHUP is not tested: it is ignored, as under nohup, and children inherit that"
            );
            continue;
        }
        let small = Small::new();
        let mut child =
            Running::start(small.call(PRETRAIN).stdout(Stdio::null()).stderr(small.messages()));
        small.wait_for(&mut child, "pairs/s");
        // A closing terminal causes two hang-up signals: from the shell and from the system.
        child.send(signal);
        child.send(signal);
        assert_eq!(child.end().code(), Some(code), "{}", small.stderr());
        assert!(small.has_checkpoint(), "{signal}");
        let stderr = small.stderr();
        assert_eq!(stderr.matches("stopping; Ctrl-C again").count(), 1, "{stderr}");
        assert!(stderr.contains("run the same command again"), "{stderr}");
    }
}

#[test]
fn a_run_under_nohup_continues_after_its_terminal_is_closed() {
    let small = Small::new();
    let mut child = Running::start(
        Command::new("sh")
            .args(["-c", r#"trap "" HUP; exec "$@""#, "sh", env!("CARGO_BIN_EXE_sempairs")])
            .args(PRETRAIN.split(' '))
            .current_dir(small.path())
            .stdout(Stdio::null())
            .stderr(small.messages()),
    );
    small.wait_for(&mut child, "pairs/s");
    child.send("HUP");
    std::thread::sleep(Duration::from_millis(500));
    assert!(!child.has_ended(), "{}", small.stderr());
    child.send("TERM");
    assert_eq!(child.end().code(), Some(143));
}

#[test]
fn a_second_ctrl_c_ends_the_process_immediately() {
    let small = Small::new();
    // A step takes several seconds.
    let slow = "--set pictures.size=64 --set views.size=64 --set pictures.per_class=40 \
                --set backbone.widths=[64,64,128,128] --set training.batch=512 \
                --set training.log_every=1";
    let mut child = Running::start(
        small.call(&format!("{PRETRAIN} {slow}")).stdout(Stdio::null()).stderr(small.messages()),
    );
    small.wait_for(&mut child, "pairs/s");
    child.send("INT");
    small.wait_for(&mut child, "stopping; Ctrl-C again");
    let begun = Instant::now();
    child.send("INT");
    assert_eq!(child.end().code(), Some(130));
    assert!(begun.elapsed() < Duration::from_secs(1), "it took {:?}", begun.elapsed());
    assert!(!small.has_checkpoint(), "the process must not wait for the end of the first step");
}

#[test]
fn scoring_stopped_by_ctrl_c_is_repeated() {
    let small = Small::new();
    let slow = "evaluation.protocols=[{kind=\"fine_tune\",epochs=1000000}]";
    let call = format!("{PRETRAIN} --set training.steps=6");
    let mut child = Running::start(
        small.call(&call).args(["--set", slow]).stdout(Stdio::null()).stderr(small.messages()),
    );
    small.wait_for(&mut child, "scoring at step 0");
    std::thread::sleep(Duration::from_millis(200));
    child.send("INT");
    assert_eq!(child.end().code(), Some(130), "{}", small.stderr());
    assert!(small.stderr().contains("stopped at step 0"), "{}", small.stderr());
    let output = small.call(&call).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let scores = String::from_utf8(output.stdout).unwrap();
    assert!(scores.contains("step      0") && scores.contains("step      6"), "{scores}");
}

#[test]
fn a_signal_stops_the_whole_comparison() {
    let small = Small::new();
    let mut child = Running::start(
        small.call("compare small.toml --plain").stdout(Stdio::null()).stderr(small.messages()),
    );
    small.wait_for(&mut child, "pairs/s");
    child.send("TERM");
    assert_eq!(child.end().code(), Some(143), "{}", small.stderr());
    assert!(small.has_checkpoint());
    let found = names(&small.path().join("runs/small"));
    assert_eq!(found, ["examples", "sp-seed3", "study.json"]);
}

#[test]
fn a_run_whose_log_is_on_a_full_disk_completes() {
    let small = Small::new();
    let call = format!("{PRETRAIN} --set training.steps=6");
    let status = small.call(&call).stdout(Stdio::null()).stderr(full()).status().unwrap();
    assert_eq!(status.code(), Some(0));
    // For a finished run the command only prints the result; a failed write is an error.
    let status = small.call(&call).stdout(full()).stderr(small.messages()).status().unwrap();
    assert_eq!(status.code(), Some(1));
    assert!(small.stderr().contains("standard output: No space left"), "{}", small.stderr());
    let status = small.call(&call).stdout(full()).stderr(full()).status().unwrap();
    assert_eq!(status.code(), Some(1));
    assert!(small.run().join("backbone.safetensors").exists());
}

#[test]
fn a_closed_pipe_ends_a_list_without_an_error() {
    let small = Small::new();
    for line in ["presets list", "presets show paper/byol", "devices"] {
        let mut child =
            Running::start(small.call(line).stdout(Stdio::piped()).stderr(small.messages()));
        drop(child.0.stdout.take());
        assert_eq!(child.end().code(), Some(0), "{line}");
        assert_eq!(small.stderr(), "", "{line}");
        let status = small.call(line).stdout(full()).stderr(small.messages()).status().unwrap();
        assert_eq!(status.code(), Some(1), "{line}");
        assert!(small.stderr().contains("standard output"), "{line}: {}", small.stderr());
    }
}

#[test]
fn ctrl_c_stops_building_a_cache_and_no_partial_file_remains() {
    let (small, child) = long_cache();
    child.send("INT");
    assert_eq!(child.end().code(), Some(130), "{}", small.stderr());
    assert_eq!(names(&small.path().join("caches")), [""; 0]);
}

#[test]
fn part_files_of_killed_processes_are_removed_and_those_of_running_ones_kept() {
    let (small, child) = long_cache();
    let caches = small.path().join("caches");
    let part = names(&caches);
    let other = |name: &str| {
        let call = format!("cache few --out caches/{name}");
        assert!(small.call(&call).stdout(Stdio::null()).status().unwrap().success());
    };
    other("one.cache");
    assert_eq!(names(&caches), [&part[..], &["one.cache".into()]].concat());
    fs::write(caches.join(".mine.part"), "a file of somebody else").unwrap();
    child.send("KILL");
    assert_eq!(child.end().signal(), Some(9));
    other("two.cache");
    assert_eq!(names(&caches), [".mine.part", "one.cache", "two.cache"]);
}

/// Starts a process that decodes pictures for longer than any test waits, and waits until it has
/// created its file in `caches`.
fn long_cache() -> (Small, Running) {
    let small = Small::new();
    let scenes = "scenes --out few --per-class 1 --size 600";
    assert!(small.call(scenes).stdout(Stdio::null()).status().unwrap().success());
    let [few, many, caches] = ["few/car", "many/car", "caches"].map(|it| small.path().join(it));
    fs::create_dir_all(&many).unwrap();
    fs::create_dir(&caches).unwrap();
    for number in 0..3000 {
        fs::hard_link(few.join("000000.png"), many.join(format!("{number}.png"))).unwrap();
    }
    let mut child = Running::start(
        small
            .call("cache many --out caches/many.cache")
            .stdout(Stdio::null())
            .stderr(small.messages()),
    );
    wait_until(&mut child, "the file is created", || !names(&caches).is_empty());
    (small, child)
}
