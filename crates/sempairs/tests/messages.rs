//! Error messages for settings, pictures and classes that do not match.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const EXPERIMENT: &str = r#"
name = "messages"
seeds = [3]

[pictures]
kind = "folder"
path = "pictures"

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
projector = { hidden = [16], output = 8 }

[training]
batch = 8
steps = 2
optimizer = { name = "adamw" }
learning_rate = { base = 1e-3 }

[evaluation]
dataset = "some"
train = { kind = "folder", path = "train" }
test = { kind = "folder", path = "test" }
protocols = [{ kind = "knn", k = 2000 }, { kind = "probe" }]
"#;

/// Folder with the experiment and picture folders, in which each class has one colour.
struct Workspace(tempfile::TempDir);

impl Workspace {
    fn new() -> Self {
        let workspace = Self(tempfile::tempdir().unwrap());
        fs::write(workspace.at("experiment.toml"), EXPERIMENT).unwrap();
        for folder in ["pictures", "train", "test"] {
            for class in ["cat", "dog", "fox"] {
                workspace.class(folder, class, 8);
            }
        }
        workspace
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn class(&self, folder: &str, class: &str, pictures: u8) {
        let folder = self.at(folder).join(class);
        fs::create_dir_all(&folder).unwrap();
        for number in 0..pictures {
            let colour = class.bytes().map(|it| it.wrapping_mul(37) ^ number);
            let colour: Vec<u8> = colour.take(3).collect();
            let picture =
                image::RgbImage::from_pixel(20, 20, image::Rgb(colour.try_into().unwrap()));
            picture.save(folder.join(format!("{number}.png"))).unwrap();
        }
    }

    fn pretrain(&self, sets: &[&str]) -> Output {
        let flags = sets.iter().flat_map(|set| ["--set", set]);
        Command::new(env!("CARGO_BIN_EXE_sempairs"))
            .args(["pretrain", "experiment.toml", "--device", "flex", "--plain"])
            .args(flags)
            .current_dir(self.0.path())
            .output()
            .expect("the command starts")
    }

    fn succeeds(&self, sets: &[&str]) -> String {
        let output = self.pretrain(sets);
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{stderr}");
        stderr
    }

    /// Error message of a run that must be rejected.
    fn refusal(&self, sets: &[&str]) -> String {
        let output = self.pretrain(sets);
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{sets:?}: {stderr}");
        assert!(!stderr.contains("panicked"), "{stderr}");
        stderr
    }

    fn run(&self) -> PathBuf {
        self.at("runs/messages/sp-seed3")
    }
}

fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = entries.filter(|path| path.is_file()).collect();
    files.sort();
    files.into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

#[test]
fn resuming_with_other_settings_is_an_error_that_names_them() {
    let workspace = Workspace::new();
    workspace.succeeds(&[]);
    let before = files(&workspace.run());
    let stderr = workspace.refusal(&[
        "training.steps=3",
        "method.temperature=0.25",
        "views.normalize={ mean = [0.5, 0.5, 0.5], std = [0.5, 0.5, 0.5] }",
    ]);
    assert!(!stderr.contains("identity"), "{stderr}");
    for part in [
        "latest.ckpt: ",
        "a run with other settings: `method.temperature` was 0.5 and is 0.25; ",
        "`training.steps` was 2 and is 3",
        "`views.normalize.mean` was not set and is [0.5, 0.5, 0.5]",
        "sp-seed3/experiment.toml",
    ] {
        assert!(stderr.contains(part), "no {part}: {stderr}");
    }
    // Settings that do not affect the weights do not count as different.
    workspace.succeeds(&["training.log_every=1", "evaluation.protocols=[{ kind = 'knn' }]"]);
    assert!(
        workspace.refusal(&["training.batch=12"]).contains("`training.batch` was 8 and is 12;")
    );
    let without = |files: Vec<(PathBuf, Vec<u8>)>| -> Vec<_> {
        let kept = ["backbone.safetensors", "metrics.jsonl"];
        files.into_iter().filter(|(path, _)| kept.iter().any(|it| path.ends_with(it))).collect()
    };
    assert_eq!(without(files(&workspace.run())), without(before));

    fs::remove_file(workspace.run().join("experiment.toml")).unwrap();
    let stderr = workspace.refusal(&["training.batch=12"]);
    assert!(stderr.contains("experiment.toml, which would show them, cannot be read"), "{stderr}");
}

#[test]
fn resuming_with_other_pictures_is_an_error() {
    let workspace = Workspace::new();
    workspace.succeeds(&[]);
    fs::remove_file(workspace.at("pictures/dog/7.png")).unwrap();
    let stderr = workspace.refusal(&[]);
    assert!(
        stderr.contains("other pictures or pairs: now there are 23 pairs of 23 pictures"),
        "{stderr}"
    );
    assert!(stderr.contains("latest.ckpt: ") && !stderr.contains("identity"), "{stderr}");
    workspace.class("pictures", "dog", 8);
    workspace.succeeds(&[]);
}

#[test]
fn the_name_in_a_score_has_the_effective_number_of_neighbours() {
    let workspace = Workspace::new();
    workspace.succeeds(&[]);
    let scores = workspace.run().join("scores.jsonl");
    let text = fs::read_to_string(&scores).unwrap();
    assert!(text.contains("\"knn-k24-t0.07\"") && !text.contains("2000"), "{text}");
    // Repeating the command finds the existing scores and adds no line.
    let stderr = workspace.succeeds(&[]);
    assert!(!stderr.contains("scoring"), "{stderr}");
    assert_eq!(fs::read_to_string(&scores).unwrap(), text);
    let twice = "evaluation.protocols=[{ kind = 'knn', k = 100 }, { kind = 'knn', k = 200 }]";
    let stderr = workspace.refusal(&[twice]);
    let key = format!("--set {twice}: `evaluation.protocols[1].k`: knn-k100-");
    assert!(stderr.contains(&key) && stderr.contains("with 24 training pictures"), "{stderr}");
}

#[test]
fn a_test_set_may_lack_a_class_but_not_have_an_additional_one() {
    let workspace = Workspace::new();
    fs::remove_dir_all(workspace.at("test/cat")).unwrap();
    let stderr = workspace.succeeds(&[]);
    let missing =
        "`evaluation.test` has no picture of 1 of the 3 classes of `evaluation.train`: `cat`";
    assert!(stderr.contains(missing), "{stderr}");
    let text = fs::read_to_string(workspace.run().join("scores.jsonl")).unwrap();
    for line in text.lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        let classes = line["score"]["per_class"].as_array().unwrap();
        let classes: Vec<&str> = classes.iter().map(|it| it[0].as_str().unwrap()).collect();
        assert_eq!(classes, ["dog", "fox"]);
        assert_eq!(line["score"]["n_test"], 16);
    }
    // Each class has its own colour, so k-NN separates the classes whatever their indices are.
    let knn = workspace.succeeds(&["name=near", "evaluation.protocols=[{ kind = 'knn', k = 3 }]"]);
    assert!(!knn.contains("error"), "{knn}");

    let workspace = Workspace::new();
    workspace.class("test", "ape", 2);
    fs::remove_dir_all(workspace.at("test/dog")).unwrap();
    let stderr = workspace.refusal(&[]);
    assert!(stderr.contains("line ") && stderr.contains("`evaluation.test`: "), "{stderr}");
    assert!(stderr.contains("only the test pictures have 1 class: `ape`"), "{stderr}");
    assert!(stderr.contains("only the training pictures have 1 class: `dog`"), "{stderr}");
    assert!(!workspace.at("runs").exists(), "a run was started");
}

#[test]
fn means_on_the_scale_of_bytes_give_a_warning() {
    let workspace = Workspace::new();
    let set = "views.normalize={ mean = [127.5, 127.5, 127.5], std = [0.5, 0.5, 0.5] }";
    let stderr = workspace.succeeds(&[set]);
    let warning = "warning: messages: `views.normalize.mean`: is [127.5, 127.5, 127.5], but";
    assert!(stderr.contains(warning) && stderr.contains("[0.5, 0.5, 0.5]"), "{stderr}");
    assert_eq!(stderr.matches("warning").count(), 1, "{stderr}");
    assert!(!Workspace::new().succeeds(&[]).contains("warning"));
}
