//! Studies that are scored on several data sets: `[[evaluation]]` in experiment files, and the
//! results on all data sets in scores, comparisons and reports.
#![cfg(feature = "flex")]

use std::fs;
use std::path::Path;
use std::process::Command;

use sempairs::comparison::RunResult;
use sempairs::eval::{ScoreLine, read_scores, update_scores};
use sempairs::experiment::{Experiment, Pictures, read_grid};
use sempairs::run::{Runner, summarise};
use sempairs::scenes::SceneSplit;
use sempairs::train::Progress;

const STUDY: &str = r#"
name = "several"
seeds = [0]

[pictures]
kind = "scenes"
split = "pretrain"
per_class = 2
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

[method]
name = "simclr"
temperature = 0.5
projector = { hidden = [16], output = 8, norm = "hidden" }

[training]
batch = 8
steps = 4
optimizer = { name = "adamw", weight_decay = 1e-4 }
learning_rate = { base = 1e-3, warmup_steps = 2 }
checkpoint_every = 1
"#;

const NEAR: &str = r#"
dataset = "near"
train = { kind = "scenes", split = "downstream_train", per_class = 3, size = 20 }
test = { kind = "scenes", split = "downstream_test", per_class = 2, size = 20 }
every = 2
protocols = [{ kind = "knn", k = 3 }]
"#;

const FAR: &str = r#"
dataset = "far"
train = { kind = "scenes", split = "downstream_train", per_class = 2, size = 20, seed = 1 }
test = { kind = "scenes", split = "downstream_test", per_class = 2, size = 20, seed = 1 }
protocols = [{ kind = "knn", k = 1 }, { kind = "knn", k = 2 }]
invariance_scenes = 2
"#;

/// An experiment file with a list of these evaluations.
fn listed(evaluations: &[&str]) -> String {
    let tables = evaluations.iter().map(|evaluation| format!("\n[[evaluation]]{evaluation}"));
    STUDY.to_owned() + &tables.collect::<String>()
}

fn parsed(text: &str) -> Experiment {
    Experiment::parse(text, "file.toml").unwrap_or_else(|error| panic!("{error}"))
}

fn refused(text: &str, overrides: &[&str]) -> String {
    let overrides: Vec<String> = overrides.iter().map(|&set| set.to_owned()).collect();
    read_grid(text, "file.toml", &overrides).unwrap_err().to_string()
}

#[test]
fn a_single_table_and_a_list_of_one_are_the_same_study() {
    let table = parsed(&format!("{STUDY}\n[evaluation]{NEAR}"));
    let list = parsed(&listed(&[NEAR]));
    assert_eq!(list, table);
    assert_eq!(list.identity(), table.identity());
    let text = table.to_toml();
    assert!(text.contains("[evaluation]\n") && !text.contains("[[evaluation]]"), "{text}");
    assert_eq!(parsed(&text), table);
}

#[test]
fn a_list_is_read_back_and_is_no_part_of_the_identity_of_a_run() {
    let (one, both) = (parsed(&listed(&[NEAR])), parsed(&listed(&[NEAR, FAR])));
    let text = both.to_toml();
    assert_eq!(text.matches("[[evaluation]]\n").count(), 2, "{text}");
    assert_eq!(parsed(&text), both);
    assert_eq!(both.evaluation.every(), Some(2));
    let names: Vec<&str> = both.evaluation.iter().map(|it| it.dataset.as_str()).collect();
    assert_eq!(names, ["near", "far"]);
    assert_ne!(both.identity(), one.identity());
    for arm in &both.arms {
        assert_eq!(both.run_identity(arm, 0), one.run_identity(arm, 0));
    }
    // The same study in Rust.
    let scenes = |split, seed| {
        let Pictures::Scenes { size, nuisances, .. } = Pictures::scenes(split, 2, 20) else {
            unreachable!("these are scenes")
        };
        Pictures::Scenes { split, per_class: 2, size, seed, nuisances }
    };
    let [train, test] = [SceneSplit::DownstreamTrain, SceneSplit::DownstreamTest];
    let mut built = one.also_evaluated_on("far", scenes(train, 1), scenes(test, 1));
    built.evaluation[1].protocols = both.evaluation[1].protocols.clone();
    built.evaluation[1].invariance_scenes = Some(2);
    assert_eq!(built, both);
    let again = built.evaluated_on("alone", scenes(train, 0), scenes(test, 0));
    assert_eq!(again.evaluation.len(), 1);
}

#[test]
fn errors_name_the_key_of_the_data_set_and_its_line() {
    // The index is also in the key of a list with one element if the element cannot be read.
    let (unread, invalid) = ("evaluation[0]", "evaluation");
    for (good, bad, only, key, reason) in [
        ("dataset = \"far\"", "dataset = \"  \"", invalid, ".dataset", "is empty"),
        ("dataset = ", "datset = ", unread, "", "there is no key `datset`"),
        ("k = 2 }", "k = 0 }", invalid, ".protocols[1].k", "must be from 1 to"),
        ("k = 2 }", "k = 1 }", invalid, ".protocols[1]", "is the same"),
        ("scenes = 2", "scenes = 1", invalid, ".invariance_scenes", "must be from 2"),
        ("invariance_scenes = 2", "every = \"often\"", unread, ".every", "is the string \"often\""),
    ] {
        let far = FAR.replacen(good, bad, 1);
        assert_ne!(far, FAR, "{good}");
        for (text, table) in [
            (listed(&[NEAR, &far]), "evaluation[1]"),
            (listed(&[&far]), only),
            (format!("{STUDY}\n[evaluation]{far}"), "evaluation"),
        ] {
            let line = 1 + text[..text.rfind(bad).unwrap()].matches('\n').count();
            let message = refused(&text, &[]);
            let expected = format!("file.toml: line {line}: `{table}{key}`: {reason}");
            assert!(message.starts_with(&expected), "{message}\nand not\n{expected}");
        }
    }
    let missing = refused(&listed(&[NEAR, &FAR.replace("dataset = \"far\"", "")]), &[]);
    assert!(missing.contains("`evaluation[1]`: the key `dataset` is missing"), "{missing}");
    assert!(missing.starts_with("file.toml: line "), "{missing}");
}

#[test]
fn data_sets_have_different_names_and_are_scored_at_the_same_steps() {
    let twice = refused(&listed(&[NEAR, &FAR.replace("\"far\"", "\"near\"")]), &[]);
    let expected = "`evaluation[1].dataset`: \"near\" is also the name of `evaluation[0]`";
    assert!(twice.contains(expected), "{twice}");
    let other = refused(&listed(&[NEAR, &format!("{FAR}every = 3\n")]), &[]);
    let expected = "`evaluation[1].every`: is 3, but `evaluation[0].every` is 2";
    assert!(other.contains(expected), "{other}");
    let same = parsed(&listed(&[FAR, NEAR]));
    assert_eq!(same.evaluation.every(), Some(2), "a data set inherits it from a later one");

    let both = listed(&[NEAR, FAR]);
    let set = |overrides: &[&str]| {
        let overrides: Vec<String> = overrides.iter().map(|&set| set.to_owned()).collect();
        read_grid(&both, "file.toml", &overrides).unwrap().remove(0)
    };
    assert_eq!(set(&["evaluation.0.every=4"]).evaluation.every(), Some(4));
    assert_eq!(set(&["evaluation[1].every=2"]).evaluation[1].every, Some(2));
    let message = refused(&both, &["evaluation.every=4"]);
    assert!(message.contains("`evaluation` is a list; give the index"), "{message}");
    let message = refused(&both, &["evaluation[1].test.size=0"]);
    let expected = "--set evaluation[1].test.size=0: `evaluation[1].test.size`: must be";
    assert!(message.starts_with(expected), "{message}");

    for (value, expected) in [
        ("3", "`evaluation`: is 3, but must be a table or a list of tables"),
        ("[]", "`evaluation`: must have at least one data set"),
    ] {
        let message = refused(&format!("evaluation = {value}\n{STUDY}"), &[]);
        assert!(message.starts_with(&format!("file.toml: line 1: {expected}")), "{message}");
    }
}

fn runner(root: &Path) -> Runner {
    let mut runner = Runner::new(root, sempairs::device::open("flex").unwrap(), "flex");
    runner.progress = Progress::Quiet;
    runner
}

/// Runs the arm `ap`, or continues it, and returns its result.
fn finished(root: &Path, experiment: &Experiment) -> RunResult {
    let runner = runner(root);
    let downstream = runner.downstream(experiment).unwrap();
    let run = runner.pretrain(experiment, &experiment.arms[0], 0, &downstream);
    run.unwrap_or_else(|error| panic!("{error}")).result
}

fn lines(root: &Path) -> Vec<ScoreLine> {
    read_scores(&root.join("several/ap-seed0/scores.jsonl")).unwrap()
}

#[test]
fn a_run_is_scored_on_every_data_set_but_nowhere_twice() {
    let root = tempfile::tempdir().unwrap();
    let [whole, later] = ["whole", "later"].map(|name| root.path().join(name));
    let (one, both) = (parsed(&listed(&[NEAR])), parsed(&listed(&[NEAR, FAR])));
    let result = finished(&whole, &both);
    assert_eq!(result.curve.iter().map(|point| point.step).collect::<Vec<_>>(), [0, 2, 4]);
    for point in &result.curve {
        let of: Vec<_> = point.scores.iter().map(|it| (&it.dataset[..], it.n_train)).collect();
        let classes = point.scores[0].n_train / 3;
        assert_eq!(of, [("near", 3 * classes), ("far", 2 * classes), ("far", 2 * classes)]);
    }
    assert!(result.invariance.is_some(), "the second data set asks for it");
    assert_eq!(lines(&whole).len(), 9);

    // Scores that a computation would not give: they must be kept.
    let path = later.join("several/ap-seed0/scores.jsonl");
    finished(&later, &one);
    update_scores(&path, |lines| lines.iter_mut().for_each(|line| line.score.top1 = 0.123))
        .unwrap();
    let before = lines(&later);
    // Step 2 cannot be scored on the added data set.
    let added = finished(&later, &both);
    assert_eq!(added.curve.iter().map(|point| point.step).collect::<Vec<_>>(), [0, 4]);
    for (point, of_whole) in added.curve.iter().zip([&result.curve[0], &result.curve[2]]) {
        assert_eq!(point.scores[0].top1, 0.123);
        assert_eq!(point.scores[1..], of_whole.scores[1..]);
    }
    let all = lines(&later);
    assert_eq!(all.len(), before.len() + 4);
    assert!(before.iter().all(|line| all.contains(line)));
    assert_eq!(finished(&later, &both).curve, added.curve);
    assert_eq!(lines(&later), all);
    // The first data set alone still has all its scores.
    assert_eq!(finished(&later, &one).curve.len(), 3);

    // A run that stopped between the data sets of its last step computes the missing ones.
    let path = whole.join("several/ap-seed0/scores.jsonl");
    let complete = fs::read_to_string(&path).unwrap();
    let is_last = |line: &ScoreLine| line.step == Some(4) && line.score.dataset == "far";
    update_scores(&path, |lines| lines.retain(|line| !is_last(line))).unwrap();
    assert_eq!(finished(&whole, &both).curve, result.curve);
    assert_eq!(fs::read_to_string(&path).unwrap(), complete);
}

#[test]
fn a_killed_run_has_the_same_scores_on_all_data_sets() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("several.toml"), listed(&[NEAR, FAR])).unwrap();
    let pretrain = |runs: &str, failpoint: Option<&str>| {
        let output = Command::new(env!("CARGO_BIN_EXE_sempairs"))
            .envs(failpoint.map(|failpoint| ("SEMPAIRS_FAILPOINT", failpoint)))
            .args(["pretrain", "several.toml", "--device", "flex", "--runs", runs])
            .current_dir(root.path())
            .output()
            .unwrap();
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.success(), failpoint.is_none(), "{failpoint:?}: {message}");
        message
    };
    let said = pretrain("whole", None);
    for place in ["on near at step 0", "on far at step 0", "on near at step 4", "on far at step 4"]
    {
        assert!(said.contains(&format!("several ap seed 0  scoring {place}\n")), "{said}");
    }
    for failpoint in ["scored=2", "step=3", "scored=4"] {
        pretrain("killed", Some(failpoint));
    }
    pretrain("killed", None);
    let read = |runs: &str| {
        fs::read_to_string(root.path().join(runs).join("several/ap-seed0/scores.jsonl")).unwrap()
    };
    assert_eq!(read("killed"), read("whole"));

    // Which data set lacks scores is said.
    pretrain("later", None);
    let added = listed(&[NEAR, FAR, &FAR.replace("\"far\"", "\"third\"")]);
    fs::write(root.path().join("several.toml"), added).unwrap();
    let said = pretrain("later", None);
    let lost = "several ap seed 0: steps [2] cannot be scored on third any more, as the checkpoint \
                is of step 4";
    assert!(said.contains(lost) && !said.contains("scored on near"), "{said}");
    assert!(said.contains("scoring on third at step 4"), "{said}");
    assert!(!said.contains("scoring on near") && !said.contains("scoring on far"), "{said}");
}

#[test]
fn a_comparison_and_its_report_have_the_results_on_all_data_sets() {
    let root = tempfile::tempdir().unwrap();
    let runner = runner(root.path());
    let both = parsed(&listed(&[NEAR, FAR]));
    let comparison = runner.compare(&both).unwrap();
    let labels = ["near, knn-k3-t0.07", "far, knn-k1-t0.07", "far, knn-k2-t0.07"];
    assert_eq!(comparison.protocols(), labels);
    assert_eq!(
        (comparison.datasets(), comparison.first_protocols()),
        (vec!["near", "far"], vec![0, 1])
    );
    let of: Vec<&str> = comparison.differences.iter().map(|it| it.protocol.as_str()).collect();
    assert_eq!(of, labels);
    assert_eq!(comparison.classes_of["near"], comparison.classes);
    assert_eq!(comparison.classes_of["far"], comparison.classes);
    let of: Vec<&str> = comparison.baselines.iter().map(|it| it.dataset.as_str()).collect();
    assert_eq!(of, ["near", "near", "far", "far"]);
    let files = runner.write_comparison(&both, &comparison).unwrap();
    assert_eq!(summarise(&runner.folder(&both)).unwrap().comparison, comparison);
    // Scores in another order, as of an earlier version of the file, are not mistaken for others.
    let path = runner.run_folder(&both, &both.arms[1], 0).join("result.json");
    let text = fs::read_to_string(&path).unwrap();
    let mut result: serde_json::Value = serde_json::from_str(&text).unwrap();
    for point in result["curve"].as_array_mut().unwrap() {
        point["scores"].as_array_mut().unwrap().reverse();
    }
    fs::write(&path, result.to_string()).unwrap();
    assert_eq!(summarise(&runner.folder(&both)).unwrap().comparison, comparison);
    // A run that lacks a score counts as missing.
    result["curve"][2]["scores"].as_array_mut().unwrap().pop();
    fs::write(&path, result.to_string()).unwrap();
    let lacking = summarise(&runner.folder(&both)).unwrap().comparison;
    assert_eq!((lacking.arms[0].runs.len(), lacking.arms[1].runs.len()), (1, 0));
    assert_eq!(lacking.arms[1].missing, [0]);
    fs::write(&path, text).unwrap();
    let page = fs::read_to_string(files.report).unwrap();
    assert!(page.contains("scored on near and far"), "{page}");
    let table = fs::read_to_string(files.table).unwrap();
    assert!(table.contains("far top-1, knn-k2-t0.07: mean"), "{table}");
    for label in labels {
        assert!(page.contains(&format!("<h3>{label}</h3>")), "{label}");
    }
}

#[test]
fn data_that_do_not_fit_the_study_are_refused_with_the_key() {
    let root = tempfile::tempdir().unwrap();
    let runner = runner(root.path());
    let both = parsed(&listed(&[NEAR, FAR]));
    let downstream = runner.downstream(&both).unwrap();
    let fewer = runner.pretrain(&both, &both.arms[0], 0, &downstream[..1]).err().unwrap();
    let expected = "experiment `several`: `evaluation`: has 2 data sets, but the data of 1";
    assert!(fewer.to_string().starts_with(expected), "{fewer}");
    // With so few pictures both protocols have the same neighbours.
    let many = FAR.replace("k = 1 }", "k = 500 }").replace("k = 2 }", "k = 600 }");
    let many = parsed(&listed(&[NEAR, &many]));
    let error = runner.compare(&many).err().unwrap().to_string();
    assert!(error.contains("`evaluation[1].protocols[1].k`: knn-k500-"), "{error}");
}
