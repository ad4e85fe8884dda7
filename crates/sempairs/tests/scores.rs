//! The file of scores shared by runs and evaluations, and the flags of `sempairs evaluate`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::Tensor;
use safetensors::SafeTensors;
use safetensors::tensor::TensorView;
use sempairs::backbone::weights::{self, LoadOptions};
use sempairs::backbone::{Architecture, BackboneConfig};
use sempairs::eval::{ScoreLine, read_scores};
use sempairs::objective::{ProjectorConfig, Reduction, SimClrConfig};

const EXPERIMENT: &str = r#"
name = "shared"
seeds = [0]

[pictures]
kind = "scenes"
split = "pretrain"
per_class = 2
size = 20

[[arms]]
name = "ap"
pairing = { kind = "same" }

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
steps = 6
optimizer = { name = "adamw", weight_decay = 1e-4 }
learning_rate = { base = 1e-3, warmup_steps = 2 }

[evaluation]
dataset = "unseen scenes"
train = { kind = "scenes", split = "downstream_train", per_class = 3, size = 20 }
test = { kind = "scenes", split = "downstream_test", per_class = 2, size = 20 }
every = 2
protocols = [{ kind = "knn", k = 3 }]
"#;

fn sempairs(folder: &Path, args: &[&str]) -> Output {
    fs::write(folder.join("experiment.toml"), EXPERIMENT).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_sempairs"));
    command.args([args[0], "experiment.toml", "--device", "flex"]).args(&args[1..]);
    command.current_dir(folder).output().expect("the command starts")
}

/// Standard output and standard error of a command that must succeed.
fn done(folder: &Path, args: &[&str]) -> [String; 2] {
    let output = sempairs(folder, args);
    let [out, err] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    assert!(output.status.success(), "{args:?}: {err}");
    [out, err]
}

/// Writes a file with untrained weights.
fn untrained(folder: &Path, name: &str, seed: u64) -> PathBuf {
    let device = sempairs::device::open("flex").unwrap();
    let backbone = BackboneConfig::new(Architecture::Resnet10Narrow).init_seeded(&device, seed);
    let path = folder.join(name);
    weights::save(&backbone, &path).unwrap();
    path
}

fn steps(lines: &[ScoreLine]) -> Vec<Option<usize>> {
    lines.iter().map(|line| line.step).collect()
}

#[test]
fn a_run_and_evaluations_share_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let [_, stderr] = done(folder, &["pretrain"]);
    for step in [0, 2, 4, 6] {
        let line = format!("shared ap seed 0  scoring at step {step}\n");
        assert!(stderr.contains(&line), "{stderr}");
    }
    let (run, path) = ("runs/shared/ap-seed0", folder.join("runs/shared/ap-seed0/scores.jsonl"));
    let first = read_scores(&path).unwrap();
    assert_eq!(steps(&first), [0, 2, 4, 6].map(Some));

    // Both the weights of the run, loaded from their file, and different ones are evaluated.
    let scores = format!("{run}/scores.jsonl");
    let evaluate = |weights: &str| {
        done(folder, &["evaluate", "--weights", weights, "--scores", &scores]);
    };
    evaluate(&format!("{run}/backbone.safetensors"));
    untrained(folder, "other.safetensors", 1);
    evaluate("other.safetensors");
    let both = read_scores(&path).unwrap();
    assert_eq!(both[..4], first);
    let [same, other] = &both[4..] else { panic!("{} lines", both.len()) };
    assert_eq!((&same.weights, &same.score), (&first[3].weights, &first[3].score));
    assert_ne!(other.weights, same.weights);
    assert_eq!(other.file.as_deref(), Some("other.safetensors"));
    assert_eq!((same.step, &same.run, &same.identity), (None, &None, &None));

    // All scores exist, so nothing is computed, printed or lost.
    let [_, stderr] = done(folder, &["pretrain"]);
    assert!(!stderr.contains("scor"), "{stderr}");
    assert_eq!(read_scores(&path).unwrap(), both);

    // Under another protocol the first and last steps can be evaluated; the others are reported.
    let protocols = r#"evaluation.protocols=[{ kind = "knn", k = 5 }]"#;
    let [_, stderr] = done(folder, &["pretrain", "--set", protocols]);
    assert!(stderr.contains("steps [2, 4]") && stderr.contains("step 6"), "{stderr}");
    let all = read_scores(&path).unwrap();
    assert_eq!(steps(&all), [Some(0), Some(0), Some(2), Some(4), Some(6), Some(6), None, None]);
    assert!(both.iter().all(|line| all.contains(line)));
    assert_eq!(all[1].weights, first[0].weights);

    // With other data, the scores on the first data set are kept.
    let [_, stderr] = done(folder, &["pretrain", "--set", "evaluation.test.per_class=1"]);
    assert!(stderr.contains("steps [2, 4]"), "{stderr}");
    let more = read_scores(&path).unwrap();
    assert_eq!(more.len(), all.len() + 2);
    assert!(all.iter().all(|line| more.contains(line)));
    let [_, stderr] = done(folder, &["pretrain"]);
    assert!(!stderr.contains("scor"), "{stderr}");
}

#[test]
fn a_file_that_is_not_of_scores_is_refused_before_the_evaluation() {
    let folder = tempfile::tempdir().unwrap();
    untrained(folder.path(), "w.safetensors", 0);
    fs::write(folder.path().join("notes.txt"), "dear reader\n").unwrap();
    let args = ["evaluate", "--weights", "w.safetensors", "--scores", "notes.txt"];
    let output = sempairs(folder.path(), &args);
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && output.stdout.is_empty());
    assert!(message.contains("notes.txt") && message.contains("line 1"), "{message}");
    assert_eq!(fs::read_to_string(folder.path().join("notes.txt")).unwrap(), "dear reader\n");
}

#[test]
fn features_are_cached() {
    let folder = tempfile::tempdir().unwrap();
    untrained(folder.path(), "w.safetensors", 0);
    let args = ["evaluate", "--weights", "w.safetensors", "--features", "kept/features"];
    let first = done(folder.path(), &args);
    let kept = |set: &str| folder.path().join("kept/features").join(set);
    let written = |set: &str| fs::metadata(kept(set)).unwrap().modified().unwrap();
    let sets = ["train.safetensors", "test.safetensors"];
    let before = sets.map(written);
    assert_eq!(done(folder.path(), &args), first);
    assert_eq!(sets.map(written), before);
}

#[test]
fn weights_are_scored_on_all_data_sets_or_on_one() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    untrained(folder, "w.safetensors", 0);
    let data = |name: &str, per_class: usize| {
        let split = |split: &str| {
            format!("{{ kind='scenes', split='{split}', per_class={per_class}, size=20 }}")
        };
        let (train, test) = (split("downstream_train"), split("downstream_test"));
        format!("{{ dataset='{name}', train={train}, test={test}, protocols=[{{ kind='knn' }}] }}")
    };
    let list = format!("evaluation=[{}, {}]", data("first", 2), data("second/one", 3));
    let evaluate = ["evaluate", "--weights", "w.safetensors", "--set", list.as_str()];
    let with = |more: &[&'static str]| [&evaluate[..], more].concat();
    let [both, _] = done(folder, &with(&["--features", "kept", "--scores", "scores.jsonl"]));
    let scored: Vec<&str> = both.lines().collect();
    assert_eq!(scored.len(), 2, "{both}");
    assert!(scored[0].starts_with("first knn-"), "{both}");
    assert!(scored[1].starts_with("second/one knn-"), "{both}");
    let lines = read_scores(&folder.join("scores.jsonl")).unwrap();
    let names: Vec<&str> = lines.iter().map(|line| line.score.dataset.as_str()).collect();
    assert_eq!(names, ["first", "second/one"]);
    for name in ["first", "second-one"] {
        assert!(folder.join("kept").join(name).join("test.safetensors").exists(), "{name}");
    }
    let [second, _] = done(folder, &with(&["--dataset", "second/one"]));
    assert_eq!(second.trim_end(), scored[1]);
    let message = refused(folder, &with(&["--dataset", "frist"]));
    let expected = "--dataset: the experiment has no data set `frist`, only `first`, `second/one`; \
                    did you mean `first`?";
    assert!(message.contains(expected), "{message}");
}

#[test]
fn parameter_names_may_have_a_prefix() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let plain = untrained(folder, "plain.safetensors", 3);
    // Weights of a method: those of its backbone are named `backbone.conv1.weight` and so on.
    let device = sempairs::device::open("flex").unwrap();
    let backbone = BackboneConfig::new(Architecture::Resnet10Narrow).init(&device);
    let backbone = weights::load(backbone, &plain, &LoadOptions::default()).unwrap();
    let projector = ProjectorConfig { hidden: vec![8], output: 4, ..ProjectorConfig::simclr() };
    let simclr = SimClrConfig { temperature: 0.5, reduction: Reduction::Mean, projector };
    let method = simclr.init(backbone, 0, &device);
    weights::save(&method, &folder.join("method.pth")).unwrap();

    let expected = done(folder, &["evaluate", "--weights", "plain.safetensors"]);
    for prefix in ["common", "backbone."] {
        let args = ["evaluate", "--weights", "method.pth", "--prefix", prefix];
        let [scores, stderr] = done(folder, &args);
        assert_eq!(scores, expected[0], "{prefix}");
        assert_eq!(
            stderr.contains("method.pth: loaded with prefix `backbone.`"),
            prefix == "common",
            "{stderr}"
        );
    }
    let refusal = |args: &[&str]| {
        let output =
            sempairs(folder, &[&["evaluate", "--weights", "method.pth"][..], args].concat());
        assert!(!output.status.success(), "{args:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    let message = refusal(&[]);
    assert!(message.contains("method.pth") && message.contains("conv1.weight"), "{message}");
    assert!(message.contains("give --prefix backbone."), "{message}");
    let message = refusal(&["--prefix", "encoder."]);
    assert!(message.contains("give --prefix backbone."), "{message}");
    // For a network with other parameter names there is no matching prefix to suggest.
    let transformer = r#"backbone={ name = "vit_tiny", patch = 8, size = 16 }"#;
    let message = refusal(&["--prefix", "encoder.", "--set", transformer]);
    assert!(message.contains("--prefix TEXT") && message.contains("--prefix common"), "{message}");
}

/// Error message of a command that must fail without a panic.
fn refused(folder: &Path, args: &[&str]) -> String {
    let output = sempairs(folder, args);
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && output.stdout.is_empty(), "{args:?}");
    assert!(!message.contains("panicked"), "{message}");
    message
}

/// The network's features are finite, but so large that a classifier's logits overflow after one
/// step. The loss of that step, the only one, is computed with zero weights and is finite.
#[test]
fn fine_tuning_whose_last_step_diverges_gives_no_score() {
    let folder = tempfile::tempdir().unwrap();
    let plain = fs::read(untrained(folder.path(), "plain.safetensors", 0)).unwrap();
    let file = SafeTensors::deserialize(&plain).unwrap();
    // The last layer of the network before a ReLU and average pooling.
    let last = ["layer4.0.bn2.weight", "layer4.0.bn2.bias"];
    let huge = 1e25f32.to_le_bytes().repeat(file.tensor(last[0]).unwrap().shape()[0]);
    let mut all: Vec<_> = file.iter().collect();
    for (_, view) in all.iter_mut().filter(|(name, _)| last.contains(name)) {
        *view = TensorView::new(view.dtype(), view.shape().to_vec(), &huge).unwrap();
    }
    fs::write(folder.path().join("w.safetensors"), safetensors::serialize(all, None).unwrap())
        .unwrap();
    let protocols =
        r#"evaluation.protocols=[{ kind = "fine_tune", learning_rate = 1e6, epochs = 1 }]"#;
    let args =
        ["evaluate", "--weights", "w.safetensors", "--scores", "s.jsonl", "--set", protocols];
    let message = refused(folder.path(), &args);
    for part in ["finetune-sgd-lr", "gives no score: after 1 steps", "`learning_rate`"] {
        assert!(message.contains(part), "{message}");
    }
    assert!(!folder.path().join("s.jsonl").exists());
}

/// The weights are finite, but their products overflow.
#[test]
fn the_error_of_features_that_are_not_finite_names_the_weights_file() {
    struct Blow;
    impl ModuleMapper for Blow {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            param.map(|value| if D == 4 { value.mul_scalar(1e30) } else { value })
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let device = sempairs::device::open("flex").unwrap();
    let config = BackboneConfig::new(Architecture::Resnet10Narrow);
    let blown = config.init_seeded(&device, 0).map(&mut Blow);
    weights::save(&blown, &folder.path().join("blown.pth")).unwrap();
    let message = refused(folder.path(), &["evaluate", "--weights", "blown.pth"]);
    assert!(message.contains("blown.pth: the backbone's features are not finite"), "{message}");
    assert!(!message.contains("downstream-"), "the error must not name a picture: {message}");
}

#[test]
fn heads_in_a_weights_file_are_reported_and_ignored() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let plain = untrained(folder, "plain.safetensors", 3);
    let expected = done(folder, &["evaluate", "--weights", "plain.safetensors"]);
    let bytes = fs::read(&plain).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let head = file.tensor("bn1.weight").unwrap();
    let mut all: Vec<_> =
        file.iter().map(|(name, view)| (format!("module.encoder_q.{name}"), view)).collect();
    for name in ["module.encoder_q.fc.0.weight", "module.encoder_q.fc.2.weight", "module.queue"] {
        all.push((name.to_owned(), head.clone()));
    }
    fs::write(folder.join("moco.safetensors"), safetensors::serialize(all, None).unwrap()).unwrap();
    for prefix in ["common", "module.encoder_q."] {
        let args = ["evaluate", "--weights", "moco.safetensors", "--prefix", prefix];
        let [scores, stderr] = done(folder, &args);
        assert_eq!(scores, expected[0], "{prefix}");
        let note =
            "moco.safetensors: loaded with prefix `module.encoder_q.`; ignored: `fc` (2 tensors)";
        assert!(stderr.contains(note), "{stderr}");
    }
    let args = ["evaluate", "--weights", "moco.safetensors", "--prefix", "module."];
    assert!(refused(folder, &args).contains("give --prefix module.encoder_q."));
}
