//! An evaluation stops when the process is interrupted. An interruption applies to the whole
//! process, so this file has a single test.

use std::sync::Arc;

use burn::tensor::Device;
use sempairs_augment::Pipeline;
use sempairs_backbone::ResNetConfig;
use sempairs_data::{DataError, interrupt};
use sempairs_eval::{Downstream, EvalError, EvaluationProtocol, Knn, Probe, Protocol, raw_pixels};
use sempairs_scenes::{SceneSource, SceneSplit};

#[test]
fn features_and_protocols_end_with_an_error() {
    let scenes = Arc::new(SceneSource::new(SceneSplit::DownstreamTrain, 4, 16, 0));
    let device = Device::flex();
    let config = ResNetConfig { widths: [4, 4, 8, 8], ..ResNetConfig::resnet10_narrow() };
    let backbone = config.init_seeded(&device, 1);
    let view = Pipeline::evaluation(16);
    let downstream = Downstream::new("scenes", scenes.clone(), scenes.clone(), view);
    let [train, _] = downstream.features(&backbone, &device).unwrap();
    interrupt::request();
    let is_interruption = |error: EvalError| {
        assert!(matches!(error, EvalError::Data(DataError::Interrupted)), "{error}");
    };
    is_interruption(downstream.features(&backbone, &device).unwrap_err());
    is_interruption(raw_pixels(&*scenes, 8).unwrap_err());
    for name in ["knn", "probe", "sgd_moco", "sgd_dino"] {
        let protocol: Protocol = name.parse().unwrap();
        is_interruption(protocol.score("scenes", "none", &train, &train).unwrap_err());
    }
    is_interruption(Probe::default().fit(&train).expect_err("an error"));
    let tune: Protocol = "fine_tune".parse().unwrap();
    let tuned = Downstream { protocols: vec![tune.into()], ..downstream };
    is_interruption(tuned.run(&backbone, &device).unwrap_err());
    is_interruption(Knn { k: 1, ..Knn::default() }.predict(&train, &train.values).unwrap_err());
}
