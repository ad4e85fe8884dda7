//! `sempairs pairs build`, and experiments with disjoint, contrasting and mixed pairs.

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

const EXPERIMENT: &str = include_str!("../experiments/simclr_semantic.toml");

fn sempairs(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_sempairs")).args(args).output().expect("the command starts")
}

/// Standard output and standard error of a command that must succeed.
fn said(args: &[&str]) -> [String; 2] {
    let output = sempairs(args);
    let texts = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    assert!(output.status.success(), "{args:?}: {}", texts[1]);
    texts
}

/// Standard error of a command that must fail.
fn refusal(args: &[&str]) -> String {
    let output = sempairs(args);
    assert!(!output.status.success(), "{args:?} succeeded");
    String::from_utf8(output.stderr).unwrap()
}

/// A folder with seven scenes of each of twenty classes.
fn scenes(folder: &Path) -> String {
    let scenes = folder.join("scenes").display().to_string();
    said(&["scenes", "--out", &scenes, "--per-class", "7", "--size", "16"]);
    scenes
}

/// The left and right pictures of the rows of a manifest.
fn rows(file: &str) -> Vec<(String, String)> {
    let text = fs::read_to_string(file).unwrap();
    let row = |line: &str| {
        let mut fields = line.split(',').map(str::to_owned);
        (fields.next().unwrap(), fields.next().unwrap())
    };
    text.lines().skip(1).map(row).collect()
}

#[test]
fn build_draws_nested_disjoint_pairs_and_names_their_counterpart() {
    let folder = tempfile::tempdir().unwrap();
    let scenes = scenes(folder.path());
    let built = |count: &str| {
        let file = folder.path().join(format!("{count}.csv")).display().to_string();
        let texts = said(&["pairs", "build", &scenes, "--out", &file, "--per-class", count]);
        (rows(&file), file, texts)
    };
    let (three, file, [text, missing]) = built("3");
    let pictures: HashSet<&String> = three.iter().flat_map(|(a, b)| [a, b]).collect();
    assert_eq!((three.len(), pictures.len()), (60, 120), "{text}");
    assert!(text.contains("kind = \"same\", file = ") && text.contains("3.csv"), "{text}");
    assert!(!missing.contains("missing"), "{missing}");
    assert_eq!(built("2").0, three[..40]);
    let [summary, _] = said(&["pairs", "check", &file, &scenes]);
    let classes = |line: &str| line.starts_with("classes ") && line.ends_with(" 20");
    assert!(summary.lines().any(classes), "{summary}");

    // Seven pictures make three pairs, and four are asked for.
    let (most, _, [_, missing]) = built("4");
    assert_eq!(most, three);
    assert!(missing.contains("60 of 80 pairs can be made"), "{missing}");
    assert!(missing.contains("car: 7 pictures of 8, 3 pairs"), "{missing}");
}

#[test]
fn build_takes_classes_from_a_file_and_lists_those_without_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let scenes = scenes(folder.path());
    let at = |name: &str| folder.path().join(name).display().to_string();
    let build = |classes: &str, out: &str| {
        let (classes, out) = (classes.to_owned(), at(out));
        ["pairs", "build", &scenes, "--out", &out, "--per-class", "3", "--classes", &classes]
            .map(str::to_owned)
    };
    let call = |args: [String; 9]| said(&args.each_ref().map(String::as_str));
    fs::write(at("classes.txt"), "bird\ncar\nfihs\n").unwrap();
    let [_, missing] = call(build(&at("classes.txt"), "some.csv"));
    assert!(missing.contains("6 of 9 pairs can be made"), "{missing}");
    assert!(missing.contains("fihs: no such class folder; did you mean `fish`?"), "{missing}");
    let some = rows(&at("some.csv"));
    assert!(some.iter().all(|(left, _)| left.starts_with("bird/") || left.starts_with("car/")));

    // The pairs of a class are the same without the other classes.
    said(&["pairs", "build", &scenes, "--out", &at("all.csv"), "--per-class", "3"]);
    let all: HashSet<_> = rows(&at("all.csv")).into_iter().collect();
    assert!(some.iter().all(|pair| all.contains(pair)));

    let paper = build("paper", "paper.csv");
    let message = refusal(&paper.each_ref().map(String::as_str));
    assert!(message.contains("none of the 175 classes"), "{message}");
    assert!(!folder.path().join("paper.csv").exists());
}

/// The example experiment with a small network and the pairing of its second arm.
fn experiment(folder: &Path, name: &str, pairing: &str) -> String {
    let text = EXPERIMENT
        .replace("name = \"simclr_semantic\"", &format!("name = \"{name}\""))
        .replace("{ kind = \"random_in_class\" }", pairing)
        .replace("per_class = 400", "per_class = 4")
        .replace("batch = 64", "batch = 8")
        .replace("\nsteps = 700", "\nsteps = 12")
        .replace("widths = [16, 32, 64, 128]", "widths = [8, 8, 8, 8]")
        .replace("per_class = 100", "per_class = 3")
        .replace("[{ kind = \"probe\" }, { kind = \"knn\" }]", "[{ kind = \"knn\", k = 3 }]")
        .replace("invariance_scenes = 20", "");
    let path = folder.join(format!("{name}.toml"));
    fs::write(&path, text).unwrap();
    path.display().to_string()
}

#[test]
fn runs_with_a_share_of_0_or_1_have_the_weights_of_the_other_arms() {
    let folder = tempfile::tempdir().unwrap();
    let runs = folder.path().join("runs");
    let weights = |name: &str, pairing: &str| {
        let file = experiment(folder.path(), name, pairing);
        let runs = runs.display().to_string();
        said(&["pretrain", &file, "--arm", "sp", "--device", "flex", "--runs", &runs]);
        let run = folder.path().join(format!("runs/{name}/sp-seed0"));
        let metrics = fs::read_to_string(run.join("metrics.jsonl")).unwrap();
        let last = metrics.lines().last().unwrap().to_owned();
        (fs::read(run.join("backbone.safetensors")).unwrap(), last)
    };
    let same = weights("same", "{ kind = \"same\" }").0;
    let semantic = weights("semantic", "{ kind = \"random_in_class\" }").0;
    let (none, line) = weights("none", "{ kind = \"mixed\", share = 0 }");
    assert!(none == same, "the weights differ");
    assert!(line.contains("\"semantic_share\":0.0"), "{line}");
    let (all, line) = weights("all", "{ kind = \"mixed\", share = 1.0 }");
    assert!(all == semantic, "the weights differ");
    assert!(line.contains("\"semantic_share\":1.0"), "{line}");
    let rising = "{ kind = \"mixed\", share = { from = 0.0, to = 1.0, begin = 0.3, end = 0.6 } }";
    let (rising, line) = weights("rising", rising);
    assert!(rising != same && rising != semantic);
    assert!(line.contains("\"semantic_share\":1.0"), "{line}");
}

#[test]
fn a_pairing_that_cannot_be_made_is_refused_with_its_key() {
    let folder = tempfile::tempdir().unwrap();
    for (pairing, parts) in [
        (
            "{ kind = \"disjoint\", per_class = 3 }",
            ["`arms[1].pairing.per_class`", "6 pictures of a class, but the arm uses 4"],
        ),
        (
            "{ kind = \"same\", of = { kind = \"disjoint\", per_class = 3 } }",
            ["`arms[1].pairing.of.per_class`", "the arm uses 4"],
        ),
        ("{ kind = \"mixed\", share = 1.5 }", ["`arms[1].pairing.share`", "1.5"]),
        (
            "{ kind = \"mixed\", share = { from = 0, to = 1, begin = 0.9, end = 0.1 } }",
            ["`arms[1].pairing.share.end`", "must not be before `begin`"],
        ),
        (
            "{ kind = \"mixed\", share = { form = 0, to = 1 } }",
            ["there is no key `form`", "did you mean `from`"],
        ),
        (
            "{ kind = \"mixed\", share = 0.5, with = { kind = \"same\" } }",
            ["`arms[1].pairing.with.kind`", "has partners"],
        ),
    ] {
        let file = experiment(folder.path(), "refused", pairing);
        let message = refusal(&["compare", &file, "--device", "flex"]);
        for part in parts {
            assert!(message.contains(part), "{pairing}: {message}");
        }
        assert!(message.contains("refused.toml: line "), "{pairing}: {message}");
    }
    let file = experiment(folder.path(), "folder", "{ kind = \"curated\" }");
    let text = fs::read_to_string(&file).unwrap();
    let scenes = "kind = \"scenes\"\nsplit = \"pretrain\"\nper_class = 800\nsize = 32";
    fs::write(&file, text.replace(scenes, "kind = \"folder\"\npath = \"nowhere\"")).unwrap();
    let message = refusal(&["compare", &file, "--device", "flex"]);
    assert!(message.contains("`arms[1].pairing`") && message.contains("`file`"), "{message}");
}
