//! Studies defined in Rust: custom methods, backbones and pictures, initial weights, and studies
//! that continue others.
#![cfg(feature = "flex")]

#[allow(dead_code)]
#[path = "../../../examples/features.rs"]
mod features;
#[allow(dead_code)]
#[path = "../../../examples/own_method.rs"]
mod own_method;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Device, Tensor};
use sempairs::backbone::weights::save;
use sempairs::backbone::{
    Architecture, Backbone, BackboneConfig, BackboneFactory, seed_parameters,
};
use sempairs::data::Pairing;
use sempairs::eval::{Knn, Protocol};
use sempairs::experiment::{Experiment, Objective, Pictures};
use sempairs::objective::{ProjectorConfig, SimClrConfig};
use sempairs::run::{Runner, summarise};
use sempairs::scenes::SceneSplit;
use sempairs::train::{MetricLog, Progress};
use sempairs::{Arm, Error, Study, Training};
use sempairs_testing::Generated;

fn runner(root: &Path) -> Runner {
    let mut runner = Runner::new(root, sempairs::device::open("flex").unwrap(), "flex");
    runner.progress = Progress::Quiet;
    runner
}

/// A study that takes a few seconds.
fn small<M: Objective, B: BackboneFactory>(study: Study<M, B>, steps: usize) -> Study<M, B> {
    let scenes = |split, per_class| Pictures::scenes(split, per_class, 20);
    let mut training = Training::adamw(16, steps, 1e-3);
    (training.log_every, training.checkpoint_every) = (1, Some(3));
    let mut study = study.seeds([0]).training(training).evaluated_on(
        "unseen",
        scenes(SceneSplit::DownstreamTrain, 3),
        scenes(SceneSplit::DownstreamTest, 2),
    );
    study.pictures = scenes(SceneSplit::Pretrain, 3);
    study.evaluation[0].protocols = vec!["knn".parse().unwrap()];
    study.views.size = 16;
    study
}

fn simclr() -> SimClrConfig {
    let projector = ProjectorConfig { hidden: vec![16], ..ProjectorConfig::simclr() };
    SimClrConfig { projector, ..SimClrConfig::paper() }
}

fn narrow() -> BackboneConfig {
    BackboneConfig { widths: Some([8; 4]), ..BackboneConfig::new(Architecture::Resnet10Narrow) }
}

fn compare_own_method(root: &Path) {
    let (study, runner) = (small(own_method::study(9), 9), runner(root));
    let comparison = runner.compare(&study).unwrap();
    runner.write_comparison(&study, &comparison).unwrap();
}

#[test]
#[ignore = "run as a child process by `a_custom_method_is_compared_resumed_and_reported`"]
fn process_killed_at_failpoints() {
    let root = std::env::var_os("SEMPAIRS_TEST_OWN_METHOD").expect("the parent sets the folder");
    compare_own_method(root.as_ref());
}

#[test]
fn a_custom_method_is_compared_resumed_and_reported() {
    let root = tempfile::tempdir().unwrap();
    let [whole, killed] = ["whole", "killed"].map(|name| root.path().join(name));
    compare_own_method(&whole);
    for failpoint in ["step=5", "checkpoint_moved=6", "scored=9", ""] {
        let status = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "process_killed_at_failpoints", "--nocapture"])
            .env("SEMPAIRS_TEST_OWN_METHOD", &killed)
            .env("SEMPAIRS_FAILPOINT", failpoint)
            .output()
            .unwrap()
            .status;
        assert_eq!(status.success(), failpoint.is_empty(), "{failpoint}: {status}");
        let example = killed.join("own_method/examples/sp-1-left-view.png");
        assert!(example.exists(), "a killed comparison has example pairs");
    }
    let [whole, killed] = [whole, killed].map(|root| root.join("own_method"));
    for run in ["ap-seed0", "sp-seed0"] {
        let read = |root: &Path, file: &str| fs::read(root.join(run).join(file)).unwrap();
        for file in ["backbone.safetensors", "scores.jsonl", "experiment.toml"] {
            assert!(read(&whole, file) == read(&killed, file), "{run}: {file} differs");
        }
        let losses = |root: &Path| {
            let lines = MetricLog::read(&root.join(run).join("metrics.jsonl")).unwrap();
            lines.into_iter().map(|line| (line.step, line.loss)).collect::<Vec<_>>()
        };
        assert_eq!(losses(&whole), losses(&killed), "{run}");
        let text = fs::read_to_string(whole.join(run).join("experiment.toml")).unwrap();
        assert!(
            text.contains("name = \"align_uniform\"") && text.contains("weight = 1.0"),
            "{text}"
        );
    }
    let page = fs::read_to_string(whole.join("report.html")).unwrap();
    assert!(
        page.contains("align_uniform") && page.contains("sp - ap")
            || page.contains("sp \u{2212} ap")
    );
    let again = summarise(&whole).unwrap();
    assert_eq!(again.examples.len(), 2);
    again.write(&whole).unwrap();
    assert!(fs::read_to_string(whole.join("report.html")).unwrap() == page);
}

#[test]
fn an_invalid_setting_is_an_error_with_its_whole_key() {
    type Change = fn(&mut Study<SimClrConfig>);
    let changes: [(Change, &str); 6] = [
        (|study| study.backbone.widths = Some([8, 0, 8, 8]), "backbone.widths[1]"),
        (|study| study.method.projector.hidden = vec![16, 0], "method.projector.hidden[1]"),
        (|study| study.training.learning_rate.base = f64::NAN, "training.learning_rate.base"),
        (
            |study| study.arms[1].pairing = Pairing::WrongFraction { share: 2.0 },
            "arms[1].pairing.share",
        ),
        (|study| study.views.size = 0, "views.size"),
        (
            |study| {
                let knn = Protocol::Knn(Knn { k: 0, ..Knn::default() });
                study.evaluation[0].protocols.push(knn);
            },
            "evaluation.protocols[1].k",
        ),
    ];
    let scenes = || Pictures::scenes(SceneSplit::Pretrain, 3, 20);
    for (change, key) in changes {
        let mut study = small(Study::new("invalid", scenes(), narrow(), simclr()), 4);
        study.check("a study").unwrap();
        change(&mut study);
        let Err(Error::Config { origin, error, .. }) = study.check("a study") else {
            panic!("{key}: another kind of error");
        };
        assert_eq!((origin.as_deref(), error.key()), (Some("a study"), key));
    }
    let misspelt = Experiment::parse("name = \"a\"\n[trainig]\n", "file.toml");
    let Err(Error::Config { line, error, .. }) = misspelt else { panic!("another kind of error") };
    assert_eq!((line, error.nearest()), (Some(2), Some("training")));
}

/// Backbone: the mean of each colour channel, followed by one linear layer.
#[derive(Module, Debug)]
struct Means {
    layer: Linear,
}

impl Backbone for Means {
    fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        let [batch, colours, ..] = images.dims();
        self.layer.forward(images.mean_dims(&[2, 3]).reshape([batch, colours]))
    }

    fn features(&self) -> usize {
        self.layer.weight.dims()[1]
    }
}

#[derive(Clone, serde::Serialize)]
struct MeansConfig {
    features: usize,
}

impl BackboneFactory for MeansConfig {
    type Backbone = Means;

    fn name(&self) -> String {
        "means".into()
    }

    fn init_seeded(&self, device: &Device, seed: u64) -> Means {
        seed_parameters(Means { layer: LinearConfig::new(3, self.features).init(device) }, seed)
    }
}

#[test]
fn a_custom_backbone_works_with_built_in_and_custom_methods() {
    let root = tempfile::tempdir().unwrap();
    let means = MeansConfig { features: 6 };
    let built_in = small(Study::new("built_in", pictures(), means.clone(), simclr()), 4);
    let runner = runner(root.path());
    let comparison = runner.compare(&built_in).unwrap();
    assert_eq!(comparison.arms[1].runs[0].curve.last().unwrap().step, 4);
    assert!(built_in.to_toml().contains("[backbone]\nfeatures = 6\nname = \"means\""));
    let own = own_method::study(4);
    let foreign = small(Study::new("foreign", pictures(), means, own.method), 4);
    runner.compare(&foreign).unwrap();
    let other = MeansConfig { features: 7 };
    let error = runner.compare(&Study { backbone: other, ..built_in }).unwrap_err().to_string();
    assert!(error.contains("`backbone.features` was 6 and is 7"), "{error}");
}

/// Grey pictures of two classes.
fn greys(classes: [&str; 2]) -> Arc<Generated> {
    let source = Generated::new(40).bytes(|picture, _| 6 * picture as u8);
    Arc::new(source.classes(&classes, |index| Some(index % 2)))
}

fn pictures() -> Arc<Generated> {
    greys(["even", "odd"])
}

#[test]
fn custom_pictures_are_part_of_the_identity_and_cannot_be_read_from_a_file() {
    let study = |classes: [&str; 2]| Study::new("greys", greys(classes), narrow(), simclr());
    let [one, two] = [study(["even", "odd"]), study(["odd", "even"])];
    let identity = |study: &Study<SimClrConfig>| study.run_identity(&study.arms[0], 0);
    assert_eq!(identity(&one), identity(&study(["even", "odd"])));
    assert_ne!(identity(&one), identity(&two));
    let text = one.to_toml();
    assert!(text.contains("kind = \"own\"\npictures = 40\nclasses = 2\n"), "{text}");
    let error = Experiment::parse(&text, "greys.toml").unwrap_err().to_string();
    assert!(error.contains("pictures"), "{error}");
}

#[test]
fn initial_weights_from_a_file_are_part_of_the_identity_of_a_run() {
    let root = tempfile::tempdir().unwrap();
    let (runner, device) = (runner(root.path()), sempairs::device::open("flex").unwrap());
    let file = root.path().join("start.safetensors");
    let initial = |seed| save(&narrow().init_seeded(&device, seed), &file).unwrap();
    initial(7);
    let started = BackboneConfig { weights: Some(file.clone()), ..narrow() };
    let study = small(Study::new("started", pictures(), started, simclr()), 4);
    let study = study.arms([Arm::new("sp", Pairing::RandomInClass)]);
    let from_file = runner.compare(&study).unwrap();
    let random = Study { name: "random".into(), backbone: narrow(), ..study.clone() };
    let random = runner.compare(&random).unwrap();
    let first =
        |comparison: &sempairs::comparison::Comparison| comparison.arms[0].runs[0].loss[0].1;
    assert_ne!(first(&from_file), first(&random));
    // The same file name with different weights is a different run.
    initial(8);
    let error = runner.compare(&study).unwrap_err().to_string();
    assert!(error.contains("checkpoint was written by a run"), "{error}");
}

#[test]
fn a_study_continues_the_runs_of_another_one() {
    let root = tempfile::tempdir().unwrap();
    let runner = runner(root.path());
    let study = small(Study::new("short", pictures(), narrow(), simclr()), 6);
    let study = study.arms([Arm::new("sp", Pairing::RandomInClass)]);
    runner.compare(&study).unwrap();
    let mut longer = Study { name: "longer".into(), extends: Some(runner.folder(&study)), ..study };
    let error = runner.compare(&longer).unwrap_err().to_string();
    assert!(error.contains("`training.steps`: is 6") && error.contains("has 6 steps"), "{error}");
    longer.training.steps = Some(10);
    let comparison = runner.compare(&longer).unwrap();
    let run = &comparison.arms[0].runs[0];
    assert_eq!(run.curve.last().unwrap().step, 10);
    assert_eq!(
        run.loss.iter().map(|(step, _)| *step).collect::<Vec<_>>(),
        (1..=10).collect::<Vec<_>>()
    );
    let text = fs::read_to_string(runner.folder(&longer).join("sp-seed0/experiment.toml")).unwrap();
    assert!(text.contains("extends = "), "{text}");
    // A run that has begun does not need its parent any more, but another run does.
    let parent = longer.extends.clone().unwrap();
    fs::rename(&parent, root.path().join("elsewhere")).unwrap();
    assert_eq!(runner.compare(&longer).unwrap(), comparison);
    let another = Study { name: "another".into(), ..longer.clone() };
    let error = runner.compare(&another).unwrap_err().to_string();
    assert!(error.contains("`extends`: there is no checkpoint in "), "{error}");
    // Runs of earlier versions have not stored it.
    fs::remove_file(runner.folder(&longer).join("sp-seed0/parent.json")).unwrap();
    let error = runner.compare(&longer).unwrap_err().to_string();
    assert!(error.contains("`extends`: there is no checkpoint in "), "{error}");
    longer.extends = Some(root.path().join("nowhere"));
    let error = runner.compare(&longer).unwrap_err().to_string();
    assert!(error.contains("`extends`: there is no checkpoint in "), "{error}");
}

#[test]
fn the_example_scores_features_of_a_weights_file() {
    let root = tempfile::tempdir().unwrap();
    let weights = root.path().join("resnet18.safetensors");
    let device = sempairs::device::open("flex").unwrap();
    save(&BackboneConfig::new(Architecture::Resnet18).init_seeded(&device, 0), &weights).unwrap();
    let folder = Path::new("tests/fixtures/pictures");
    let output = features::score(&weights, folder, folder).unwrap();
    assert!(output.contains("top-1"), "{output}");
}
