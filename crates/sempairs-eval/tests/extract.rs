//! Feature extraction with networks: frozen weights, order, errors, cache, and invariance of
//! scenes.

use std::sync::Arc;

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, Tensor};
use sempairs_augment::Pipeline;
use sempairs_backbone::{Backbone, ResNet, ResNetConfig};
use sempairs_data::{DataError, Picture, PictureSource};
use sempairs_eval::analysis::invariance::invariance;
use sempairs_eval::{Downstream, EvalError, Features, Protocol, embed, extract, weights_identity};
use sempairs_scenes::{Factor, SceneSource, SceneSplit};

const SIZE: usize = 32;

fn network(device: &Device) -> ResNet {
    ResNetConfig::resnet10_narrow().init_seeded(device, 0)
}

fn scenes(split: SceneSplit, per_class: usize) -> SceneSource {
    SceneSource::new(split, per_class, SIZE, 0)
}

fn pipeline() -> Pipeline {
    Pipeline::evaluation(SIZE)
}

/// Values of all parameters and running statistics.
#[derive(Default, PartialEq, Debug)]
struct Numbers(Vec<Vec<f32>>);

impl ModuleVisitor for Numbers {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.0.push(param.val().into_data().iter::<f32>().collect());
    }
}

fn numbers(network: &ResNet) -> Numbers {
    let mut numbers = Numbers::default();
    network.visit(&mut numbers);
    numbers
}

#[test]
fn the_backbone_is_not_changed() {
    // The network is on an autodiff device and in training mode, where a forward pass updates the
    // running statistics.
    let device = Device::flex().autodiff();
    let trained = network(&device).train();
    trained.forward(Tensor::<4>::ones([2, 3, SIZE, SIZE], &device));
    let (before, identity) = (numbers(&trained), weights_identity(&trained));
    assert!(before.0.len() > 20, "parameters and statistics");
    let source = scenes(SceneSplit::DownstreamTrain, 2);
    let first = extract(&trained, &source, &pipeline(), &device, 5).unwrap();
    assert_eq!(numbers(&trained), before);
    assert_eq!(weights_identity(&trained), identity);
    assert_eq!(extract(&trained, &source, &pipeline(), &device, 5).unwrap(), first);
    // A forward pass in training mode does change the numbers, so the comparison can fail.
    trained.forward(Tensor::<4>::zeros([2, 3, SIZE, SIZE], &device));
    assert_ne!(numbers(&trained), before);
    assert_ne!(weights_identity(&trained), identity);
}

#[test]
fn rows_are_in_the_order_of_the_source_for_any_batch_size() {
    let device = Device::flex();
    let (network, source) = (network(&device), scenes(SceneSplit::DownstreamTrain, 2));
    let whole = extract(&network, &source, &pipeline(), &device, 64).unwrap();
    assert_eq!(whole.len(), source.len());
    assert_eq!(whole.classes, source.classes());
    assert_eq!(whole.dim, network.features());
    let parts = extract(&network, &source, &pipeline(), &device, 7).unwrap();
    assert_eq!(parts.labels, whole.labels);
    for index in 0..source.len() {
        assert_eq!(Some(whole.labels[index]), source.class(index));
        let read = |_| source.read(index);
        let alone = embed(&network, 1, &read, &pipeline(), &device, 1).unwrap();
        for rows in [&whole, &parts] {
            let close = |(a, b): (&f32, &f32)| (a - b).abs() <= 1e-4 * (1.0 + b.abs());
            assert!(rows.row(index).iter().zip(&alone).all(close), "picture {index}");
        }
    }
}

/// Scenes of which one may be unreadable, optionally without classes.
struct Broken {
    scenes: SceneSource,
    bad: Option<usize>,
    labelled: bool,
}

impl PictureSource for Broken {
    fn len(&self) -> usize {
        self.scenes.len()
    }
    fn classes(&self) -> &[String] {
        self.scenes.classes()
    }
    fn class(&self, index: usize) -> Option<usize> {
        self.scenes.class(index).filter(|_| self.labelled)
    }
    fn name(&self, index: usize) -> String {
        format!("picture number {index}")
    }
    fn read(&self, index: usize) -> Result<Picture<'_>, DataError> {
        if self.bad == Some(index) {
            return Err(DataError::Picture { picture: self.name(index), reason: "torn".into() });
        }
        self.scenes.read(index)
    }
}

#[test]
fn errors_name_the_picture() {
    let device = Device::flex();
    let network = network(&device);
    let message = |bad, labelled, pipeline: &Pipeline| {
        let source = Broken { scenes: scenes(SceneSplit::DownstreamTrain, 3), bad, labelled };
        extract(&network, &source, pipeline, &device, 4).unwrap_err().to_string()
    };
    let torn = message(Some(17), true, &pipeline());
    assert!(torn.contains("picture number 17") && torn.contains("torn"), "{torn}");
    assert!(message(None, false, &pipeline()).contains("picture number 0"));
    assert!(message(None, true, &Pipeline::new(vec![])).contains("pipeline"));
}

#[test]
fn features_that_are_not_finite_are_an_error() {
    struct Poison;
    impl burn::module::ModuleMapper for Poison {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            param.map(|value| value.mul_scalar(f32::NAN))
        }
    }
    let device = Device::flex();
    let poisoned = network(&device).map(&mut Poison);
    let source = scenes(SceneSplit::DownstreamTrain, 1);
    let error = extract(&poisoned, &source, &pipeline(), &device, 8).unwrap_err();
    assert!(matches!(&error, EvalError::NotFinite));
    assert!(!error.to_string().contains(&source.name(0)), "the error names no picture: {error}");
}

#[test]
fn downstream_scores_every_protocol_and_caches_features() {
    let device = Device::flex();
    let network = network(&device);
    let folder = tempfile::tempdir().unwrap();
    let (train, test) =
        (scenes(SceneSplit::DownstreamTrain, 6), scenes(SceneSplit::DownstreamTest, 3));
    let mut downstream = Downstream::new("scenes", Arc::new(train), Arc::new(test), pipeline());
    let sgd_moco: Protocol = "sgd_moco".parse().unwrap();
    downstream.protocols.push(sgd_moco.into());
    let plain = downstream.run(&network, &device).unwrap();
    let names: Vec<&str> = plain.iter().map(|score| score.protocol.as_str()).collect();
    assert_eq!(names, ["knn-k20-t0.07", "probe-lbfgs", "sgd-moco-fixed-view"]);
    for score in &plain {
        assert_eq!(score.n_test, downstream.test.len());
        assert!(score.top1 <= score.top5 && score.top5 <= 1.0);
        assert!(score.views.contains("center_crop"));
    }
    downstream.cache = Some(folder.path().into());
    assert_eq!(downstream.run(&network, &device).unwrap(), plain);
    let file = folder.path().join("train.safetensors");
    let written = std::fs::metadata(&file).unwrap().modified().unwrap();
    assert_eq!(downstream.run(&network, &device).unwrap(), plain, "from the cache");
    assert_eq!(std::fs::metadata(&file).unwrap().modified().unwrap(), written);
    // Other weights: the cache is out of date and replaced.
    let other = ResNetConfig::resnet10_narrow().init_seeded(&device, 1);
    let [fresh, _] = downstream.features(&other, &device).unwrap();
    downstream.cache = None;
    let [expected, _]: [Features; 2] = downstream.features(&other, &device).unwrap();
    assert_eq!(fresh, expected);
    let [_, test] = downstream.features(&other, &device).unwrap();
    assert_eq!(downstream.test_features(&other, &device).unwrap(), test);
}

#[test]
fn scenes_have_an_invariance_index_for_every_factor() {
    let device = Device::flex();
    let (network, source) = (network(&device), scenes(SceneSplit::DownstreamTest, 2));
    let report = invariance(&network, &source, &pipeline(), &device, 32).unwrap();
    assert_eq!(report.scenes, source.len());
    let names: Vec<&str> = report.factors.iter().map(|row| row.factor.as_str()).collect();
    assert_eq!(names, Factor::ALL.map(Factor::name));
    for row in &report.factors {
        // Pictures that share all but one factor are more similar than those of other classes, but
        // not equal.
        assert!(row.invariance > 0.0 && row.invariance < 0.9999, "{row:?}");
    }
    assert!(report.same_class < report.factors[0].similarity);
    assert_eq!(report, invariance(&network, &source, &pipeline(), &device, 32).unwrap());
}
