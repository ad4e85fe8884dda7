//! Protocols with other inputs than features: class tokens of several blocks, and the network
//! itself.

use std::sync::Arc;

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use sempairs_augment::Pipeline;
use sempairs_backbone::{AnyBackbone, Architecture, Backbone, BackboneConfig};
use sempairs_data::{DataError, Picture, PictureSource};
use sempairs_eval::{Downstream, FineTune, Knn, Protocol, SgdDino, weights_identity};

/// Pictures of stripes: vertical reddish ones are one class, horizontal bluish ones the other.
/// Width and brightness are independent of the class.
struct Stripes(usize, Vec<String>);

fn stripes(count: usize) -> Arc<Stripes> {
    Arc::new(Stripes(count, ["upright", "level"].map(String::from).to_vec()))
}

impl PictureSource for Stripes {
    fn len(&self) -> usize {
        self.0
    }
    fn classes(&self) -> &[String] {
        &self.1
    }
    fn class(&self, index: usize) -> Option<usize> {
        Some(index % 2)
    }
    fn name(&self, index: usize) -> String {
        format!("stripes {index}")
    }
    fn read(&self, index: usize) -> Result<Picture<'_>, DataError> {
        let (width, bright) = (2 + index / 2 % 3, 90 + (37 * index % 150) as u8);
        let byte = |i: usize| {
            let (x, y) = (i / 3 % 16, i / 48);
            let (along, dim) = if index.is_multiple_of(2) { (x, 2) } else { (y, 0) };
            match (along / width).is_multiple_of(2) {
                true if i % 3 == dim => bright / 3,
                true => bright,
                false => 20,
            }
        };
        Ok(Picture::new(16, 16, (0..768).map(byte).collect::<Vec<u8>>()))
    }
}

fn transformer() -> BackboneConfig {
    BackboneConfig {
        dim: Some(12),
        depth: Some(3),
        heads: Some(3),
        ..BackboneConfig::transformer(Architecture::VitTiny, 4, 16)
    }
}

fn residual() -> BackboneConfig {
    BackboneConfig { widths: Some([8; 4]), ..BackboneConfig::new(Architecture::Resnet10Narrow) }
}

/// A network whose features are so large that the logits of any trained classifier overflow f32.
#[derive(Module, Debug)]
struct Huge {
    network: AnyBackbone,
}

impl Backbone for Huge {
    fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        // At least 1e25, since features of a ResNet are not negative.
        self.network.forward(images).add_scalar(1.0).mul_scalar(1e25)
    }

    fn features(&self) -> usize {
        self.network.features()
    }
}

fn downstream(protocols: Vec<Protocol>) -> Downstream {
    let view = Pipeline::evaluation(16);
    let mut downstream = Downstream::new("stripes", stripes(64), stripes(40), view);
    downstream.protocols = protocols.into_iter().map(Into::into).collect();
    downstream
}

#[test]
fn dinos_protocol_uses_the_class_tokens_of_the_last_blocks() {
    let device = Device::flex();
    let network = transformer().init_seeded(&device, 1);
    let folder = tempfile::tempdir().unwrap();
    let dino = |blocks| Protocol::SgdDino(SgdDino { blocks, batch: 32, ..SgdDino::default() });
    let knn: Protocol = "knn".parse().unwrap();
    let mut all = downstream(vec![dino(2), knn.clone(), dino(3), dino(2)]);
    all.cache = Some(folder.path().into());
    let scores = all.run(&network, &device).unwrap();
    let names: Vec<&str> = scores.iter().map(|score| score.protocol.as_str()).collect();
    assert_eq!(names[0], "sgd-dino-2tokens-fixed-view");
    assert_eq!((names[1], names[2]), ("knn-k20-t0.07", "sgd-dino-3tokens-fixed-view"));
    assert_eq!(scores[0], scores[3], "the same protocol has the same score");
    // A protocol has the same score alone and together with others.
    assert_eq!(downstream(vec![knn]).run(&network, &device).unwrap(), scores[1..2]);
    assert_eq!(downstream(vec![dino(3)]).run(&network, &device).unwrap(), scores[2..3]);
    let mut files: Vec<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("train"))
        .collect();
    files.sort();
    assert_eq!(
        files,
        ["train-2tokens.safetensors", "train-3tokens.safetensors", "train.safetensors"]
    );
    let error = downstream(vec![dino(4)]).run(&network, &device).unwrap_err().to_string();
    assert!(error.contains("`protocols[0].blocks`: is 4, but the network has 3"), "{error}");
    // For a network without class tokens its features are used.
    assert!(downstream(vec![dino(4)]).run(&residual().init_seeded(&device, 1), &device).is_ok());
}

#[test]
fn protocols_with_the_same_effect_are_an_error_with_their_index() {
    let knn = |k| Protocol::Knn(Knn { k, ..Knn::default() });
    assert!(downstream(vec![knn(3), knn(63), knn(64)]).check().is_ok());
    let error = downstream(vec![knn(3), knn(2000), knn(1000)]).check().unwrap_err().to_string();
    let expected = "`protocols[2].k`: knn-k2000-t0.07 and knn-k1000-t0.07 are the same with 64 ";
    assert!(error.starts_with(expected), "{error}");
}

/// Fine-tuning learns the classes and does not change the given network.
#[test]
fn fine_tuning_learns_and_does_not_change_the_backbone() {
    let device = Device::flex();
    for (config, learning_rate, epochs) in [(residual(), 0.05, 12), (transformer(), 0.2, 60)] {
        // Parameters of a momentum encoder are frozen; fine-tuning must train them anyway.
        let network: AnyBackbone = config.init_seeded(&device, 2).no_grad();
        let before = weights_identity(&network);
        let images = || Tensor::<4>::ones([2, 3, 16, 16], &device);
        let features = |network: &AnyBackbone| {
            network.valid().forward(images()).into_data().iter::<f32>().collect::<Vec<f32>>()
        };
        let first = features(&network);
        let tune = |epochs| FineTune {
            learning_rate,
            batch: 16,
            epochs,
            least_area: 0.5,
            ..FineTune::default()
        };
        let top1 = |tune: &FineTune| {
            let protocol = Protocol::FineTune(tune.clone());
            let score = downstream(vec![protocol]).run(&network, &device).unwrap().remove(0);
            assert_eq!(score.correct.map(|correct| correct.accuracy()), Some(score.top1));
            (score.top1, score.n_train, score.n_test)
        };
        // Logits of zero rank the first class first.
        assert_eq!(top1(&tune(0)), (0.5, 64, 40));
        let (tuned, ..) = top1(&tune(epochs));
        assert!(tuned > 0.8, "{config:?}: {tuned}");
        assert_eq!(top1(&tune(epochs)).0, tuned, "the seed determines the result");
        assert_eq!(weights_identity(&network), before);
        assert_eq!(features(&network), first);
    }
}

#[test]
fn errors_of_fine_tuning_name_their_cause() {
    let device = Device::flex();
    let network = residual().init_seeded(&device, 2);
    let (test, view) = (stripes(4), Pipeline::evaluation(16));
    let run = |tune: &FineTune, train: &dyn PictureSource| {
        tune.run(&network, [train, &*test], &view, &device).unwrap_err().to_string()
    };
    let huge = Huge { network: network.clone() };
    let diverges = |tune: &FineTune| {
        let train = stripes(16);
        tune.run(&huge, [&*train, &*test], &view, &device).unwrap_err().to_string()
    };
    let tune = FineTune::default();
    assert!(run(&tune, &*stripes(1)).contains("too few"));
    let wild = FineTune { learning_rate: 1e6, epochs: 3, batch: 4, ..tune.clone() };
    let message = diverges(&wild);
    assert!(message.contains("the loss of step 1 is not finite"), "{message}");
    assert!(message.contains("`learning_rate`"), "{message}");
    // The loss of a single step is that of the initial weights; only the outputs after it are not
    // finite.
    let last = FineTune { learning_rate: 1e6, epochs: 1, batch: 16, ..tune.clone() };
    let message = diverges(&last);
    assert!(message.starts_with("finetune-sgd-lr1") && message.contains("no score"), "{message}");
    assert!(message.contains("after 1 steps") && message.contains("`learning_rate`"), "{message}");
    for (wrong, key) in [
        (FineTune { batch: 1, ..tune.clone() }, "batch"),
        (FineTune { momentum: 1.0, ..tune.clone() }, "momentum"),
        (FineTune { least_area: 0.0, ..tune.clone() }, "least_area"),
        (FineTune { learning_rate: -1.0, ..tune.clone() }, "learning_rate"),
        (FineTune { learning_rate: 1.1e6, ..tune.clone() }, "learning_rate"),
    ] {
        assert!(run(&wrong, &*stripes(16)).contains(&format!("`{key}`")));
    }
    assert_eq!((tune.rate(0, 10), tune.rate(5, 10)), (0.05, 0.025));
}
