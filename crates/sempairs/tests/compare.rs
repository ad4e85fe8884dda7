//! A complete comparison of small runs: what its arms share, the files it writes, and the commands
//! that read these files.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use sempairs::comparison::{Comparison, RunResult};
use sempairs::experiment::{Arm, Experiment};
use sempairs::objective::Clock;
use sempairs::run::{Runner, summarise};
use sempairs::train::{Batch, LoaderConfig, PairLoader, Progress};

const EXPERIMENT: &str = r#"
name = "small"
seeds = [3, 4]

[pictures]
kind = "scenes"
split = "pretrain"
per_class = 4
size = 20

[[arms]]
name = "same_picture"
pairing = { kind = "same" }
per_class = 2

[[arms]]
name = "same_class"
pairing = { kind = "random_in_class" }
per_class = 2

[[arms]]
name = "same_picture_all"
pairing = { kind = "same" }

[views]
size = 16
preset = "simclr_cifar"

[backbone]
name = "resnet10_narrow"
widths = [8, 8, 16, 16]

[method]
name = "simclr"
temperature = 0.5
projector = { hidden = [16], output = 8, norm = "hidden" }

[training]
batch = 8
steps = 4
optimizer = { name = "adamw", weight_decay = 1e-4 }
learning_rate = { base = 1e-3, warmup_steps = 1 }
log_every = 2

[evaluation]
dataset = "unseen scenes"
train = { kind = "scenes", split = "downstream_train", per_class = 4, size = 20 }
test = { kind = "scenes", split = "downstream_test", per_class = 3, size = 20 }
every = 2
protocols = [{ kind = "knn", k = 3 }, { kind = "probe", values = 3, iterations = 30 }]
"#;

fn experiment() -> Experiment {
    Experiment::parse(EXPERIMENT, "small.toml").unwrap()
}

fn runner(root: &Path) -> Runner {
    let mut runner = Runner::new(root, sempairs::device::open("flex").unwrap(), "flex");
    runner.progress = Progress::Quiet;
    runner
}

/// Standard output of `sempairs` with these arguments.
fn printed(args: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_sempairs")).args(args).output().unwrap();
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// `metrics.jsonl` of every run. Its lines contain the throughput, so they differ whenever a run is
/// trained again.
fn metrics(runner: &Runner, experiment: &Experiment) -> BTreeMap<String, String> {
    let runs =
        experiment.arms.iter().flat_map(|arm| experiment.seeds.iter().map(move |s| (arm, s)));
    runs.map(|(arm, seed)| {
        let file = runner.run_folder(experiment, arm, *seed).join("metrics.jsonl");
        (file.display().to_string(), fs::read_to_string(&file).unwrap())
    })
    .collect()
}

fn run_of(comparison: &Comparison, arm: usize, seed: u64) -> &RunResult {
    comparison.arms[arm].runs.iter().find(|run| run.seed == seed).expect("a run of that seed")
}

#[test]
fn arms_start_from_equal_weights_and_finished_runs_are_not_repeated() {
    let folder = tempfile::tempdir().unwrap();
    let experiment = experiment();
    let first = runner(folder.path());
    let comparison = first.compare(&experiment).unwrap();

    assert_eq!(comparison.arms.iter().map(|arm| arm.pairs).collect::<Vec<_>>(), [40, 40, 80]);
    for seed in [3, 4] {
        for arm in 0..3 {
            let run = run_of(&comparison, arm, seed);
            let steps: Vec<usize> = run.curve.iter().map(|point| point.step).collect();
            assert_eq!(steps, [0, 2, 4]);
            assert_eq!(run.loss.iter().map(|(step, _)| *step).next_back(), Some(4));
            assert_eq!(run.curve[0], run_of(&comparison, 0, seed).curve[0], "initial scores");
            // SimCLR with 8 pairs in a batch: the 15 other views are the candidates.
            let chance = 15f64.ln();
            assert_eq!(run.chance, Some(chance));
            let bounds: Vec<_> =
                run.loss.iter().map(|(step, loss)| (*step, chance - loss)).collect();
            assert_eq!(run.information, bounds);
            for score in run.curve.iter().flat_map(|point| &point.scores) {
                let correct = score.correct.as_ref().expect("which pictures are correct");
                assert_eq!((correct.len(), correct.accuracy()), (score.n_test, score.top1));
            }
        }
    }
    // The loss of the probe differs for different weights, even if the accuracy on so few pictures
    // does not.
    assert_ne!(
        run_of(&comparison, 0, 3).curve[0].scores[1],
        run_of(&comparison, 0, 4).curve[0].scores[1]
    );
    assert_ne!(run_of(&comparison, 0, 3).loss, run_of(&comparison, 1, 3).loss);

    // The untrained network is scored once per seed. A run without the other arms shows that every
    // arm would have the same initial score, and that runs do not depend on each other.
    let alone = tempfile::tempdir().unwrap();
    let single =
        Experiment { arms: vec![experiment.arms[1].clone()], seeds: vec![4], ..experiment.clone() };
    let single = runner(alone.path()).compare(&single).unwrap();
    assert_eq!(run_of(&single, 0, 4).curve, run_of(&comparison, 1, 4).curve);
    assert_eq!(run_of(&single, 0, 4).loss, run_of(&comparison, 1, 4).loss);

    let files = first.write_comparison(&experiment, &comparison).unwrap();
    let json = fs::read_to_string(&files.json).unwrap();
    assert_eq!(files.json, folder.path().join("small/comparison.json"));
    assert_eq!(serde_json::from_str::<Comparison>(&json).unwrap(), comparison);
    let page = fs::read_to_string(&files.report).unwrap();
    assert_eq!(files.report, folder.path().join("small/report.html"));
    let table = fs::read_to_string(&files.table).unwrap();
    for text in [&table, &page, &json] {
        assert!(!text.contains("missing:") && !text.contains("\"missing\""), "it is finished");
    }
    for arm in &experiment.arms {
        assert!(page.contains(&arm.name), "{} is not on the page", arm.name);
    }
    // The colon is included because base64 data of pictures may contain the letters.
    assert!(!page.contains("http:") && !page.contains("https:"), "the page needs a network");

    let trained = metrics(&first, &experiment);
    assert_eq!(trained.len(), 6);
    let second = runner(folder.path());
    assert_eq!(second.compare(&experiment).unwrap(), comparison);
    assert_eq!(metrics(&second, &experiment), trained, "a run was trained again");

    // The report can be recreated from the stored scores, without checkpoints and weights.
    let stored = [files.table, files.json, files.report].map(|path| {
        let content = fs::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        (path, content)
    });
    for (arm, seed) in experiment.arms.iter().flat_map(|arm| [(arm, 3), (arm, 4)]) {
        let run = first.run_folder(&experiment, arm, seed);
        fs::rename(run.join("checkpoint"), run.join("elsewhere")).unwrap();
    }
    printed(&["report", &folder.path().join("small").display().to_string()]);
    for (path, content) in stored {
        assert!(fs::read(&path).unwrap() == content, "{} has changed", path.display());
    }

    // The stored weights must be those that were evaluated.
    let file = folder.path().join("small.toml");
    fs::write(&file, EXPERIMENT).unwrap();
    let weights =
        second.run_folder(&experiment, &experiment.arms[1], 4).join("backbone.safetensors");
    let [file, weights] = [file, weights].map(|path| path.display().to_string());
    let lines = printed(&["evaluate", &file, "--weights", &weights, "--device", "flex"]);
    let last = run_of(&comparison, 1, 4).curve.last().unwrap();
    let scores: Vec<String> = last.scores.iter().map(ToString::to_string).collect();
    assert_eq!(lines.lines().collect::<Vec<_>>(), scores);

    // A report of an unfinished study: the first arm has seed 3 only, the second seed 4 only.
    for (arm, seed) in [(0, 4), (1, 3)] {
        let run = second.run_folder(&experiment, &experiment.arms[arm], seed);
        fs::remove_file(run.join("result.json")).unwrap();
    }
    let summary = summarise(&folder.path().join("small")).unwrap();
    let compared: Vec<_> = summary.comparison.differences.iter().map(|d| &d.arm).collect();
    let third = &experiment.arms[2].name;
    assert_eq!(compared, [third, third], "arms without a common seed are not compared");
    for difference in &summary.comparison.differences {
        assert_eq!(difference.top1.n, 1);
    }
    assert_eq!(summary.comparison.dataset(), "unseen scenes");
    printed(&["report", &folder.path().join("small").display().to_string()]);
    let table = fs::read_to_string(folder.path().join("small/table.txt")).unwrap();
    assert!(table.contains(" - "), "{table}");
    let unfinished = "Unfinished: 4 of 6 runs have scores; missing: same_picture (seed 4), \
                      same_class (seed 3)";
    assert_eq!(table.lines().next(), Some(unfinished));
    let page = fs::read_to_string(folder.path().join("small/report.html")).unwrap();
    assert!(page.contains(&format!("</h1>\n<p class=\"also\"><b>{unfinished}</b></p>\n")));
}

#[test]
fn an_arm_with_too_few_pairs_is_refused_before_any_run() {
    let folder = tempfile::tempdir().unwrap();
    let mut experiment = experiment();
    experiment.arms.reverse();
    experiment.training.batch = 64;
    let error = runner(folder.path()).compare(&experiment).unwrap_err().to_string();
    let expected = "experiment `small`: `training.batch`: is 64, but arm `same_class` has 40 pairs";
    assert_eq!(error, expected);
    assert!(!folder.path().join("small").exists(), "a run was started");
}

#[test]
fn arms_that_differ_in_their_partners_have_equal_left_views() {
    let folder = tempfile::tempdir().unwrap();
    let (experiment, runner) = (experiment(), runner(folder.path()));
    let first = |arm: &Arm| -> Batch {
        let dataset = runner.pairs(&experiment, arm, 3).unwrap();
        let clock = Clock::new(dataset.len() / 8, 4);
        let pipelines = experiment.views.pipelines().unwrap();
        let config = LoaderConfig::default();
        let mut loader = PairLoader::start(dataset, pipelines, 8, 3, clock, &config).unwrap();
        loader.next().unwrap().unwrap()
    };
    let [augmented, semantic] = [0, 1].map(|arm| first(&experiment.arms[arm]));
    let bits = |view: &[f32]| view.iter().map(|value| value.to_bits()).collect::<Vec<u32>>();
    assert_eq!(augmented.pairs, semantic.pairs);
    assert!(bits(&augmented.left) == bits(&semantic.left), "the left views differ");
    assert!(bits(&augmented.right) != bits(&semantic.right), "the partners are the same");
    assert!(augmented.left != augmented.right, "both views of a picture are the same");
}

#[test]
fn bench_step_prints_one_line_of_json() {
    let call = "bench step --device flex --threads 1 --backbone resnet10_narrow --batch 4 \
                --size 32 --steps 2 --warmup 1";
    let output = printed(&call.split(' ').collect::<Vec<_>>());
    assert_eq!(output.lines().count(), 1, "{output}");
    let line: serde_json::Value = serde_json::from_str(&output).unwrap();
    for (key, value) in [("batch", 4), ("size", 32), ("steps", 2), ("warmup", 1), ("threads", 1)] {
        assert_eq!(line[key], value, "{key}");
    }
    for (key, value) in [("backbone", "resnet10_narrow"), ("device", "flex"), ("stem", "strided")] {
        assert_eq!(line[key], value, "{key}");
    }
    let [median, speed] = ["median_s", "pairs_per_s"].map(|key| line[key].as_f64().unwrap());
    assert!(median > 0.0 && (speed * median - 4.0).abs() < 1e-9, "{line}");
    let peak = line.get("peak_bytes").expect("the key is present even without a value");
    assert!(peak.as_u64().is_some_and(|bytes| bytes > 0) || !cfg!(target_os = "linux"), "{line}");
    assert_eq!(line["peak_bytes_note"], "the largest resident size of the process");
}
