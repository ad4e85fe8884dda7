//! Grids: what `sempairs study` runs, keeps, divides among processes and resumes.
#![cfg(feature = "flex")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use sempairs::experiment::Grid;
use sempairs::grid::{GridRuns, Shard};
use sempairs::run::Runner;
use sempairs::train::Progress;

/// Twelve runs: two temperatures, two arms, three seeds.
const GRID: &str = r#"
name = "tiny"
seeds = [3, 4, 5]

[study]
title = "Tiny"
needs = ["the pictures of a test, from nowhere, in the folder pictures"]

[[vary]]
key = "method.temperature"
values = [0.2, 0.5]
labels = ["cold", "warm"]

[pictures]
kind = "scenes"
split = "pretrain"
per_class = 3
size = 20

[[arms]]
name = "ap"
pairing = { kind = "same" }

[[arms]]
name = "sp"
pairing = { kind = "random_in_class" }

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
steps = 4
optimizer = { name = "adamw" }
learning_rate = { base = 1e-3 }
checkpoint_every = 2
log_every = 1

[evaluation]
dataset = "unseen scenes"
train = { kind = "scenes", split = "downstream_train", per_class = 4, size = 20 }
test = { kind = "scenes", split = "downstream_test", per_class = 2, size = 20 }
every = 2
protocols = [{ kind = "knn", k = 3 }]
"#;

const RUNS: usize = 12;

/// Variables of SLURM that would select a shard.
const SLURM: [&str; 4] = ["ID", "MIN", "MAX", "COUNT"];

fn file(folder: &Path) -> PathBuf {
    let file = folder.join("tiny.toml");
    fs::write(&file, GRID).unwrap();
    file
}

/// `sempairs study` on the grid with its runs in this folder.
fn study(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sempairs"));
    command.arg("study").arg(file(folder)).arg("--runs").arg(folder.join("runs"));
    command.args(["--device", "flex", "--plain"]).args(args).stdin(Stdio::null());
    for name in SLURM {
        command.env_remove(format!("SLURM_ARRAY_TASK_{name}"));
    }
    command
}

/// Standard output and standard error of a command, with its exit code.
fn said(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

fn run(folder: &Path, args: &[&str]) -> (Option<i32>, String, String) {
    said(&study(folder, args).output().unwrap())
}

/// Runs the grid to its end.
fn finish(folder: &Path) -> String {
    let (code, out, err) = run(folder, &[]);
    assert_eq!(code, Some(0), "{err}");
    assert!(out.contains("12 of 12 runs are finished, 0 failed"), "{out}");
    err
}

/// A folder with the finished grid, which tests only read.
fn whole() -> &'static Path {
    static WHOLE: OnceLock<tempfile::TempDir> = OnceLock::new();
    WHOLE
        .get_or_init(|| {
            // It is never dropped, so it is among the files of the build.
            let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
            assert_eq!(run_here(&finish(folder.path())), RUNS);
            folder
        })
        .path()
}

/// The folders of all runs, relative to that of the runs.
fn run_folders() -> Vec<PathBuf> {
    let mut folders = Vec::new();
    for point in ["tiny-temperature=cold", "tiny-temperature=warm"] {
        for arm in ["ap", "sp"] {
            folders.extend((3..=5).map(|seed| Path::new(point).join(format!("{arm}-seed{seed}"))));
        }
    }
    folders
}

/// A file of every run.
fn files(folder: &Path, name: &str) -> BTreeMap<PathBuf, String> {
    let read = |run: PathBuf| {
        let path = folder.join("runs").join(&run).join(name);
        let text = fs::read_to_string(&path);
        (run, text.unwrap_or_else(|error| panic!("{}: {error}", path.display())))
    };
    run_folders().into_iter().map(read).collect()
}

/// The number of runs that a process says it has run.
fn run_here(stderr: &str) -> usize {
    let before = stderr.split(" run here in ").next().unwrap();
    let number = before.rsplit(' ').next().unwrap();
    number.parse().unwrap_or_else(|_| panic!("{stderr}"))
}

#[test]
fn a_finished_grid_is_reported_and_not_run_again() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    copy(&whole().join("runs"), &folder.join("runs"), |_| true);
    let (before, metrics) = (files(folder, "result.json"), files(folder, "metrics.jsonl"));
    let err = finish(folder);
    assert_eq!(run_here(&err), 0, "{err}");
    // The lines have the throughput, so they differ whenever a run is trained again.
    assert_eq!(files(folder, "metrics.jsonl"), metrics);
    assert_eq!(files(folder, "result.json"), before);
    assert!(before.values().all(|text| text.contains("\"identity\": ")));

    let grid = folder.join("runs/tiny");
    let record: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(grid.join("grid.json")).unwrap()).unwrap();
    assert_eq!(record["axes"][0]["labels"], serde_json::json!(["cold", "warm"]));
    assert_eq!(record["points"][1]["folder"], "tiny-temperature=warm");
    assert!(folder.join("runs/tiny-temperature=warm/table.txt").exists());
    let page = grid.join("report.html");
    let written = fs::read(&page).unwrap();
    fs::remove_file(&page).unwrap();
    let report = Command::new(env!("CARGO_BIN_EXE_sempairs")).arg("report").arg(&grid).output();
    let (code, out, err) = said(&report.unwrap());
    assert_eq!(code, Some(0), "{err}");
    assert!(out.contains("tiny-temperature=cold\n"), "{out}");
    assert!(fs::read(&page).unwrap() == written, "the report has changed");

    let (code, out, err) = run(folder, &["--dry-run"]);
    assert_eq!(code, Some(0), "{err}");
    assert!(
        out.contains("total: 12 finished, 0 begun, 0 in progress, 0 to do; about 0.0 s"),
        "{out}"
    );
}

/// Copies the files of a folder for which `is_copied` is true of their name.
fn copy(from: &Path, to: &Path, is_copied: fn(&str) -> bool) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        match entry.file_type().unwrap().is_dir() {
            true if name == "checkpoint" && !is_copied("latest.ckpt") => {}
            true => copy(&entry.path(), &to.join(&name), is_copied),
            false if is_copied(&name) => {
                fs::copy(entry.path(), to.join(&name)).unwrap();
            }
            false => {}
        }
    }
}

#[test]
fn the_small_files_of_finished_runs_are_enough() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let is_small = |name: &str| {
        ["experiment.toml", "result.json", "scores.jsonl", "metrics.jsonl", "map.json"]
            .contains(&name)
    };
    copy(&whole().join("runs"), &folder.join("runs"), is_small);
    let err = finish(folder);
    assert_eq!(run_here(&err), 0, "{err}");
    for run in run_folders() {
        let run = folder.join("runs").join(run);
        for name in ["checkpoint", "backbone.safetensors", ".lock"] {
            assert!(!run.join(name).exists(), "{} has {name}", run.display());
        }
    }
    // A run whose result is missing is run.
    let gone = folder.join("runs").join(&run_folders()[4]);
    fs::remove_dir_all(&gone).unwrap();
    assert_eq!(run_here(&finish(folder)), 1);
    assert!(gone.join("backbone.safetensors").exists());

    let results = files(folder, "result.json");
    let (code, _, err) = run(folder, &["--set", "training.learning_rate.base=0.002"]);
    assert_eq!(code, Some(1));
    assert!(err.contains("this result was written by a run with other settings"), "{err}");
    assert!(err.contains("`training.learning_rate.base` was 0.001 and is 0.002"), "{err}");
    assert_eq!(files(folder, "result.json"), results, "nothing is overwritten");

    // Scores that would need the weights are no reason to train a run again unasked.
    for args in [&["--set", TWO][..], &["--set", TWO, "--dry-run", "--no-timing"]] {
        let (code, _, err) = run(folder, args);
        assert_eq!(code, Some(1), "{err}");
        assert!(
            err.contains("result.json: this run is finished, but scores.jsonl has no"),
            "{err}"
        );
        assert!(err.contains("step 4 under all protocols on `unseen scenes`"), "{err}");
        assert!(err.contains("to train the run again"), "{err}");
    }
    assert_eq!(files(folder, "result.json"), results);
}

/// The protocol of the file, after another one.
const TWO: &str = r#"evaluation.protocols=[{ kind = "knn", k = 5 }, { kind = "knn", k = 3 }]"#;

/// Step and names of the protocols of every point of a stored curve.
fn curve(folder: &Path, run: &Path) -> Vec<(u64, Vec<String>)> {
    let path = folder.join("runs").join(run).join("result.json");
    let result: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let name = |score: &serde_json::Value| score["protocol"].as_str().unwrap().to_owned();
    let point = |point: &serde_json::Value| {
        let scores = point["scores"].as_array().unwrap().iter().map(name).collect();
        (point["step"].as_u64().unwrap(), scores)
    };
    result["curve"].as_array().unwrap().iter().map(point).collect()
}

#[test]
fn results_of_finished_runs_follow_the_protocols_of_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    copy(&whole().join("runs"), &folder.join("runs"), |_| true);
    let [five, three] = ["knn-k5-t0.07", "knn-k3-t0.07"].map(str::to_owned);
    let again = |set: Option<&str>| {
        let mut args = vec!["--set", "seeds=[3]"];
        args.extend(set.into_iter().flat_map(|set| ["--set", set]));
        let (code, _, err) = run(folder, &args);
        assert_eq!(code, Some(0), "{err}");
        let tables = fs::read_to_string(folder.join("runs/tiny/tables.csv")).unwrap();
        (run_here(&err), curve(folder, &run_folders()[0]), tables.contains(&five))
    };
    // Only the untrained and the last network can be scored under a further protocol.
    let both =
        |names: [&String; 2]| [0, 4].map(|step| (step, names.map(String::clone).to_vec())).to_vec();
    assert_eq!(again(Some(TWO)), (4, both([&five, &three]), true));
    // Then nothing is left to do, although the step between stays without a score.
    assert_eq!(again(Some(TWO)), (0, both([&five, &three]), true));
    let other = r#"evaluation.protocols=[{ kind = "knn", k = 3 }, { kind = "knn", k = 5 }]"#;
    assert_eq!(again(Some(other)), (0, both([&three, &five]), true));
    let alone: Vec<_> = [0, 2, 4].map(|step| (step, vec![three.clone()])).to_vec();
    assert_eq!(again(None), (0, alone, false));
}

#[test]
fn baselines_that_another_process_has_added_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    copy(&whole().join("runs"), &folder.join("runs"), |_| true);
    let path = folder.join("runs/tiny-temperature=cold/study.json");
    let read = || -> serde_json::Value {
        serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap()
    };
    let mut added = read();
    let mut before = added.clone();
    before["baselines"] = serde_json::json!([]);
    fs::write(&path, before.to_string()).unwrap();
    let device = sempairs::device::open("flex").unwrap();
    let mut runner = Runner::new(folder.join("runs"), device, "flex");
    runner.progress = Progress::Quiet;
    let grid = Grid::parse(GRID, "tiny.toml", &[]).unwrap();
    let runs = GridRuns::open(&runner, grid, "tiny.toml", Shard::default()).unwrap();
    // A value that a computation would not give.
    added["baselines"][0]["top1"] = serde_json::json!(0.123);
    fs::write(&path, added.to_string()).unwrap();
    let outcome = runs.execute(true).unwrap();
    assert_eq!((outcome.kept, outcome.run), (RUNS, 0));
    assert_eq!(read()["baselines"], added["baselines"]);
}

#[test]
fn a_shard_leaves_the_experiments_of_others_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (code, _, err) = run(folder.path(), &["--set", "seeds=[3]", "--shard", "1/4"]);
    assert_eq!((code, run_here(&err)), (Some(0), 1), "{err}");
    let study = folder.path().join("runs/tiny-temperature=cold/study.json");
    let study: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(study).unwrap()).unwrap();
    assert_eq!(study["baselines"].as_array().unwrap().len(), 2);
    assert!(!folder.path().join("runs/tiny-temperature=warm").exists());
    // The folder of another backend is another one.
    let grid = folder.path().join("runs/tiny");
    fs::rename(&grid, folder.path().join("runs/tiny-cuda")).unwrap();
    let report = Command::new(env!("CARGO_BIN_EXE_sempairs")).arg("report").arg(&grid).output();
    let (code, _, err) = said(&report.unwrap());
    assert_eq!(code, Some(1));
    assert!(err.contains("there is no such folder; there is "), "{err}");
    assert!(err.contains("tiny-cuda"), "{err}");
}

#[test]
fn a_dry_run_lists_the_runs_and_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (code, out, err) = run(folder.path(), &["--dry-run"]);
    assert_eq!(code, Some(0), "{err}");
    let lines: Vec<&str> = out.lines().filter(|line| line.contains(" to do ")).collect();
    assert_eq!(lines.len(), RUNS, "{out}");
    assert!(lines[0].ends_with("tiny-temperature=cold ap seed 3"), "{out}");
    assert!(lines[3].ends_with("tiny-temperature=warm sp seed 3"), "{out}");
    assert!(lines.iter().all(|line| line.contains(" 4 ") && line.contains(" s ")), "{out}");
    assert!(out.contains(" of training in one process on flex"), "{out}");
    for arm in ["cold ap", "cold sp", "warm ap", "warm sp"] {
        let timed = format!("tiny-temperature={arm}: timing a few steps\n");
        assert_eq!(err.matches(&timed).count(), 1, "{err}");
    }
    let (_, out, _) = run(folder.path(), &["--dry-run", "--no-timing", "--shard", "2/5"]);
    assert_eq!(out.lines().filter(|line| line.contains(" to do ")).count(), 3, "{out}");
    assert!(!out.contains("in one process"), "{out}");
    assert!(!folder.path().join("runs").exists());
}

#[test]
fn absent_data_are_listed_with_what_the_study_needs() {
    let folder = tempfile::tempdir().unwrap();
    let absent = folder.path().join("absent");
    let kind = "pictures={ kind = \"folder\", path = \"PATH\" }";
    let set = kind.replace("PATH", absent.to_str().unwrap());
    let set = set.as_str();
    for args in [&["--set", set, "--dry-run"][..], &["--set", set]] {
        let (code, _, err) = run(folder.path(), args);
        assert_eq!(code, Some(1), "{err}");
        assert!(err.contains(&format!("{} (`pictures.path`)", absent.display())), "{err}");
        assert!(err.contains("the pictures of a test, from nowhere, in the folder pictures"));
        assert!(!err.contains("panicked"), "{err}");
    }
    assert!(!folder.path().join("runs").exists());

    // Folders that are there but empty, each of which is listed once.
    let [empty, test] = ["empty", "test"].map(|name| folder.path().join(name));
    for folder in [&empty, &test] {
        fs::create_dir(folder).unwrap();
    }
    let pictures = kind.replace("PATH", empty.to_str().unwrap());
    let kind = kind.replace("pictures", "evaluation.test");
    let test_set = kind.replace("PATH", test.to_str().unwrap());
    let set = ["--set", pictures.as_str(), "--set", test_set.as_str()];
    for args in [&set[..], &[&set[..], &["--dry-run"]].concat()] {
        let (code, _, err) = run(folder.path(), args);
        assert_eq!(code, Some(1), "{err}");
        for folder in [&empty, &test] {
            let reason = format!("{}: this folder contains no class folders", folder.display());
            assert_eq!(err.matches(&reason).count(), 1, "{err}");
        }
        let needs = "the study needs:\n  the pictures of a test, from nowhere, in the folder";
        assert_eq!(err.matches(needs).count(), 1, "{err}");
    }
    assert!(!folder.path().join("runs").exists());
}

#[test]
fn a_run_that_fails_does_not_stop_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let broken = folder.path().join("runs").join(&run_folders()[0]).join("checkpoint");
    fs::create_dir_all(&broken).unwrap();
    fs::write(broken.join("latest.ckpt"), "no checkpoint").unwrap();
    let (code, out, err) = run(folder.path(), &["--set", "seeds=[3]"]);
    assert_eq!(code, Some(1), "{err}");
    assert!(out.contains("3 of 4 runs are finished, 1 failed"), "{out}");
    assert!(err.contains("failed: tiny-temperature=cold ap seed 3: "), "{err}");
    assert!(err.contains("damaged checkpoint"), "{err}");
    assert!(err.contains("error: 1 of 4 runs failed: tiny-temperature=cold ap seed 3"), "{err}");
    let page = fs::read_to_string(folder.path().join("runs/tiny/report.html")).unwrap();
    assert!(page.contains("Tiny"));
    fs::remove_dir_all(&broken).unwrap();
    let (code, _, err) = run(folder.path(), &["--set", "seeds=[3]"]);
    assert_eq!((code, run_here(&err)), (Some(0), 1), "{err}");
}

fn spawn(command: &mut Command) -> Child {
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn end(child: Child) -> String {
    let (code, _, err) = said(&child.wait_with_output().unwrap());
    assert_eq!(code, Some(0), "{err}");
    err
}

#[test]
fn processes_that_share_a_folder_do_every_run_once() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let both = [(); 2].map(|()| spawn(&mut study(folder, &[])));
    let run = both.map(|child| run_here(&end(child)));
    assert_eq!(run.iter().sum::<usize>(), RUNS, "{run:?}");
    assert_eq!(files(folder, "scores.jsonl"), files(whole(), "scores.jsonl"));
}

#[test]
fn shards_do_every_run_once() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let first = spawn(&mut study(folder, &["--shard", "1/2"]));
    let mut second = study(folder, &[]);
    for (name, value) in SLURM.into_iter().zip(["7", "6", "7", "2"]) {
        second.env(format!("SLURM_ARRAY_TASK_{name}"), value);
    }
    let second = spawn(&mut second);
    let [first, second] = [first, second].map(end);
    assert!(second.contains("shard 2/2"), "{second}");
    assert_eq!([run_here(&first), run_here(&second)], [RUNS / 2; 2]);
    assert_eq!(run_here(&finish(folder)), 0);
    assert_eq!(files(folder, "scores.jsonl"), files(whole(), "scores.jsonl"));
}

/// The moments are those of a fixed sequence, so that a failure can be repeated.
#[test]
fn a_grid_killed_at_any_moment_and_resumed_has_the_same_scores() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut random: u64 = 7;
    let mut kills = 0;
    for _ in 0..4 {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let mut child = spawn(&mut study(folder, &[]));
        std::thread::sleep(Duration::from_millis(200 + (random >> 33) % 1500));
        if child.try_wait().unwrap().is_none() {
            kills += 1;
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
    assert!(kills > 0, "every process had ended before it was killed");
    finish(folder);
    assert_eq!(files(folder, "scores.jsonl"), files(whole(), "scores.jsonl"));
}

/// The lock of a killed process is gone, and the process that waited for its run takes it over.
#[test]
fn the_run_of_a_dead_process_is_taken_over() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    // A run that takes long enough to be waited for, and a single one.
    let long = [
        "--shard",
        "1/4",
        "--set",
        "seeds=[3]",
        "--set",
        "training.steps=100000",
        "--set",
        "training.checkpoint_every=20",
        "--set",
        "evaluation.every=100000",
    ];
    let mut first = spawn(&mut study(folder, &long));
    let begun = folder.join("runs").join(&run_folders()[0]).join("metrics.jsonl");
    for _ in 0..6000 {
        if begun.exists() {
            break;
        }
        assert!(first.try_wait().unwrap().is_none(), "the first process has ended");
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(begun.exists());
    let messages = folder.join("messages");
    let mut second = study(folder, &long);
    let mut second =
        second.stdout(Stdio::null()).stderr(fs::File::create(&messages).unwrap()).spawn().unwrap();
    let wait_for = |words: &str, child: &mut Child| {
        for _ in 0..6000 {
            if fs::read_to_string(&messages).unwrap().contains(words) {
                return;
            }
            assert!(child.try_wait().unwrap().is_none(), "it has ended before `{words}`");
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("{}", fs::read_to_string(&messages).unwrap());
    };
    wait_for("waiting for 1 in progress elsewhere", &mut second);
    first.kill().unwrap();
    first.wait().unwrap();
    wait_for("now tiny-temperature=cold ap seed 3", &mut second);
    second.kill().unwrap();
    second.wait().unwrap();
}
