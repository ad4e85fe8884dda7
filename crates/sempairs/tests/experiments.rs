//! Experiment files: the built-in ones, grids, and the identity of a run.

use std::path::Path;

use sempairs::Error;
use sempairs::experiment::{Arm, Evaluation, Experiment, read, read_grid};

const EXPERIMENT: &str = include_str!("../experiments/simclr_semantic.toml");

/// Reads the built-in experiment as a grid, with additional lines at its end.
fn grid(more: &str, overrides: &[&str]) -> Result<Vec<Experiment>, Error> {
    let overrides: Vec<String> = overrides.iter().map(|&set| set.to_owned()).collect();
    read_grid(&format!("{EXPERIMENT}\n{more}"), "grid.toml", &overrides)
}

fn one(overrides: &[&str]) -> Experiment {
    let mut all = grid("", overrides).unwrap();
    assert_eq!(all.len(), 1);
    all.remove(0)
}

fn refusal(more: &str, overrides: &[&str]) -> String {
    grid(more, overrides).unwrap_err().to_string()
}

fn axis(key: &str, values: &str) -> String {
    format!("[[vary]]\nkey = \"{key}\"\nvalues = {values}\n")
}

#[test]
fn all_experiment_files_of_the_project_are_valid() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("experiments");
    let entries = std::fs::read_dir(folder).unwrap();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    assert!(files.len() >= 2);
    for path in files {
        let experiments = read(&path, &[]).unwrap_or_else(|error| panic!("{error}"));
        assert!(!experiments.is_empty());
        for experiment in experiments {
            let again = Experiment::parse(&experiment.to_toml(), "written again").unwrap();
            assert_eq!(again, experiment);
        }
    }
}

#[test]
fn a_file_that_is_not_utf8_is_refused_with_the_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("latin1.toml");
    // An "é" in Latin-1, and a character that is truncated by the end of the file.
    for (bytes, expected) in [
        (&b"name = \"a\"\n# \xC3\xA9\n# caf\xE9\n"[..], "line 3: the byte 0xE9 is not valid UTF-8"),
        (&b"name = \"a\" # \xC3"[..], "line 1: the byte 0xC3 is not valid UTF-8"),
    ] {
        std::fs::write(&path, bytes).unwrap();
        let message = read(&path, &[]).unwrap_err().to_string();
        assert!(message.starts_with(&format!("{}: {expected}", path.display())), "{message}");
    }
}

#[test]
fn two_axes_give_the_product_of_their_values() {
    let axes = axis("method.temperature", "[0.1, 0.5]") + &axis("training.batch", "[16, 32]");
    let experiments = grid(&axes, &["training.steps=7", "name=tiny"]).unwrap();
    let names: Vec<&str> = experiments.iter().map(|e| e.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "tiny-temperature=0.1-batch=16",
            "tiny-temperature=0.1-batch=32",
            "tiny-temperature=0.5-batch=16",
            "tiny-temperature=0.5-batch=32",
        ]
    );
    for (experiment, (temperature, batch)) in
        experiments.iter().zip([("0.1", 16), ("0.1", 32), ("0.5", 16), ("0.5", 32)])
    {
        let temperature = format!("method.temperature={temperature}");
        let batch = format!("training.batch={batch}");
        let name = format!("name={}", experiment.name);
        assert_eq!(*experiment, one(&["training.steps=7", &temperature, &batch, &name]));
    }
}

#[test]
fn an_axis_may_have_tables_and_keys_that_the_file_lacks() {
    let pairings = "[{ kind = \"same\" }, { kind = \"shuffled\" }]";
    let axes = axis("arms.1.pairing", pairings) + &axis("backbone.zero_init_last", "[true]");
    let experiments = grid(&axes, &[]).unwrap();
    assert_eq!(
        experiments.iter().map(|e| e.arms[1].pairing.name()).collect::<Vec<_>>(),
        ["same", "shuffled"]
    );
    assert!(experiments.iter().all(|e| e.backbone.zero_init_last));
    let lacking = EXPERIMENT.replacen("temperature = 0.2\n", "", 1);
    let text = lacking.clone() + &axis("method.temperature", "[0.1, 0.3]");
    assert_eq!(read_grid(&text, "grid.toml", &[]).unwrap().len(), 2);
    assert!(read_grid(&lacking, "grid.toml", &["method.temperature=0.1".into()]).is_ok());
    let message = read_grid(&lacking, "grid.toml", &[]).unwrap_err().to_string();
    assert!(message.contains("grid.toml: ") && message.contains("`temperature`"), "{message}");
}

#[test]
fn an_axis_without_values_or_with_duplicate_values_is_refused() {
    let message = refusal(&axis("method.temperature", "[]"), &[]);
    assert!(message.contains("grid.toml: `[[vary]]`"), "{message}");
    assert!(message.contains("`method.temperature` has no values"), "{message}");
    let message = refusal(&axis("method.temperature", "[0.1, 0.2, 0.1]"), &[]);
    assert!(message.contains("grid.toml: `[[vary]]`"), "{message}");
    assert!(message.contains("`-temperature=0.1`"), "{message}");
}

#[test]
fn the_error_of_a_misspelt_axis_has_its_line_and_the_right_name() {
    let lines = EXPERIMENT.lines().count();
    let good = axis("method.temperature", "[0.1, 0.2]");
    let message = refusal(&good.replace("vary", "vry"), &[]);
    assert!(
        message.contains("grid.toml: ") && message.contains("did you mean `vary`?"),
        "{message}"
    );
    assert!(message.contains(&format!("line {}", lines + 2)), "{message}");
    let message = refusal(&good.replace("values", "valuse"), &[]);
    assert!(
        message.contains("`[[vary]]`") && message.contains("did you mean `values`?"),
        "{message}"
    );
    assert!(message.contains(&format!("line {}", lines + 4)), "{message}");
}

#[test]
fn errors_name_the_file_the_flag_or_the_axis_that_caused_them() {
    let good = axis("method.temperature", "[0.1, 0.2]");
    let flag = "training.log_every=5";
    for (more, overrides, source, reason) in [
        (
            axis("method.temprature", "[0.1]"),
            vec![flag],
            "grid.toml, [[vary]] method.temprature = 0.1: ",
            "did you mean `temperature`?",
        ),
        (
            axis("training.batch", "[8, 1]"),
            vec![flag],
            "grid.toml, [[vary]] training.batch = 1: ",
            "`training.batch`",
        ),
        (
            axis("name.first", "[1]"),
            vec![flag],
            "grid.toml, [[vary]] name.first = 1: ",
            "`name` is not a table",
        ),
        (
            good.clone(),
            vec!["training.step=3", flag],
            "--set training.step=3: ",
            "did you mean `steps`?",
        ),
        (
            good.clone(),
            vec![flag, "name=a/b"],
            "--set name=a/b: ",
            "cannot be the name of a folder",
        ),
        (
            String::new(),
            vec!["arms[1].per_class=5000"],
            "--set arms[1].per_class=5000: ",
            "`arms[1].per_class`: is 5000, but each class has 800 scenes",
        ),
        (
            String::new(),
            vec!["arms.0.per_class=5", "pictures={ kind = \"flat\", path = \"x\" }"],
            "--set pictures",
            "`arms[0].per_class`: these pictures have no classes",
        ),
        // A later `--set` replaces an earlier invalid value.
        (
            String::new(),
            vec!["training.batch=0", "training.batch=1"],
            "--set training.batch=1: ",
            "from 2 to",
        ),
    ] {
        let message = refusal(&more, &overrides);
        assert!(message.starts_with(source) && message.contains(reason), "{message}");
    }
    assert!(grid(&good, &["training.batch=0", "training.batch=8"]).is_ok());

    let misspelt = EXPERIMENT.replacen("batch =", "bacth =", 1);
    let line = 1 + misspelt.lines().position(|line| line.contains("bacth")).unwrap();
    let message = read_grid(&(misspelt + &good), "grid.toml", &[flag.into()]).unwrap_err();
    let message = message.to_string();
    assert!(
        message.starts_with("grid.toml: ") && message.contains("did you mean `batch`?"),
        "{message}"
    );
    assert!(message.contains(&format!("line {line}")), "{message}");
    let zero = EXPERIMENT.replacen("batch = 64", "batch = 0", 1);
    let message = read_grid(&(zero + &good), "grid.toml", &[flag.into()]).unwrap_err().to_string();
    let line = 1 + EXPERIMENT.lines().position(|line| line.starts_with("batch =")).unwrap();
    let place = format!("grid.toml: line {line}: `training.batch`: ");
    assert!(message.starts_with(&place), "{message}");
}

/// A name or kind from elsewhere makes keys of the file wrong, which are named with their line.
#[test]
fn a_key_that_another_method_does_not_have_is_named_where_it_is_set() {
    let line = 1 + EXPERIMENT.lines().position(|line| line.starts_with("temperature")).unwrap();
    let byol = axis("method.name", "[\"byol\"]");
    let (set, vary) = ("--set method.name=byol", "grid.toml, [[vary]] method.name = \"byol\"");
    for (more, overrides, place, cause) in [
        ("", &["method.name=byol"][..], format!("grid.toml: line {line}: "), set),
        (byol.as_str(), &[], format!("grid.toml: line {line}: "), vary),
        (
            "",
            &["method.temperature=0.1", "method.name=byol", "training.log_every=5"],
            "--set method.temperature=0.1: ".into(),
            set,
        ),
    ] {
        let message = refusal(more, overrides);
        let expected = format!("{place}`method`: there is no key `temperature`, only ");
        assert!(message.starts_with(&expected), "{message}");
        assert!(message.contains(&format!("; this is due to `{cause}`")), "{message}");
    }
    // An invalid value is an error of its own assignment.
    let message = refusal("", &["backbone.name=resnet", "method.name=byol"]);
    assert!(message.starts_with("--set backbone.name=resnet: "), "{message}");
}

#[test]
fn the_identity_of_a_run_depends_only_on_what_affects_its_weights() {
    let identity = |overrides: &[&str]| {
        let experiment = one(overrides);
        experiment.run_identity(&experiment.arms[0], 0).to_string()
    };
    let plain = identity(&[]);
    for set in [
        "name=other",
        "seeds=[0, 7]",
        "arms.0.name=other",
        "training.log_every=3",
        "training.checkpoint_every=7",
        "evaluation.every=50",
        "evaluation.protocols=[{ kind = \"knn\", k = 3 }]",
    ] {
        assert_eq!(identity(&[set]), plain, "{set}");
    }
    for set in [
        "pictures.seed=1",
        "arms.0.pairing.kind=shuffled",
        "views.without=[\"grayscale\"]",
        "backbone.stem=small",
        "method.temperature=0.3",
        "training.steps=501",
    ] {
        assert_ne!(identity(&[set]), plain, "{set}");
    }
}

/// A run is found by this hash, which therefore includes all training settings, also those with
/// default values.
#[test]
fn the_identity_of_a_run_hashes_the_whole_training() {
    let experiment = one(&[]);
    let arm = &experiment.arms[1];
    let evaluation = Evaluation {
        dataset: String::new(),
        train: experiment.pictures.clone(),
        test: experiment.pictures.clone(),
        every: None,
        protocols: Vec::new(),
        invariance_scenes: None,
    };
    let run = Experiment {
        name: "run".into(),
        arms: vec![Arm { name: "arm".into(), ..arm.clone() }],
        seeds: vec![2],
        evaluation: evaluation.into(),
        ..experiment.clone()
    };
    assert_eq!(experiment.run_identity(arm, 2), run.identity());
}
