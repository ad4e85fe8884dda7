//! Protocols defined outside of the crate, scored together with the built-in ones.

use std::sync::Arc;

use burn::tensor::Device;
use sempairs_augment::Pipeline;
use sempairs_backbone::ResNetConfig;
use sempairs_eval::{
    Downstream, EvalError, EvaluationProtocol, FineTune, InputKind, Knn, Predictions, Protocol,
    ProtocolInput, ProtocolOutput, ProtocolSettings, ScoreLine, append_scores, extract,
    read_scores, unit_rows,
};
use sempairs_scenes::{SceneSource, SceneSplit};
use serde_json::json;

/// Ranks classes by the distance of a feature to the mean feature of each class.
struct NearestMean {
    normalize: bool,
}

impl EvaluationProtocol for NearestMean {
    fn name(&self) -> String {
        format!("nearest-mean{}", if self.normalize { "-cosine" } else { "" })
    }

    fn settings(&self) -> ProtocolSettings {
        json!({ "kind": "nearest_mean", "normalize": self.normalize }).into()
    }

    fn predict(&self, input: &ProtocolInput<'_>) -> Result<ProtocolOutput, EvalError> {
        let (train, queries) = input.features()?;
        let (dim, classes) = (train.dim, train.classes.len());
        let scaled = |rows: &[f32]| match self.normalize {
            true => unit_rows(rows, dim),
            false => rows.to_vec(),
        };
        let mut means = vec![0.0; classes * dim];
        for (row, &label) in scaled(&train.values).chunks_exact(dim).zip(&train.labels) {
            let count = train.labels.iter().filter(|&&other| other == label).count() as f64;
            let mean = &mut means[label * dim..][..dim];
            mean.iter_mut().zip(row).for_each(|(sum, &x)| *sum += f64::from(x) / count);
        }
        input.set_steps(1);
        let score = |row: &[f32], mean: &[f64]| -> f64 {
            -row.iter().zip(mean).map(|(&x, m)| (f64::from(x) - m).powi(2)).sum::<f64>()
        };
        let queries = scaled(queries);
        let rows = queries.chunks_exact(dim);
        let scores = rows.flat_map(|row| means.chunks_exact(dim).map(move |mean| score(row, mean)));
        let scores: Vec<f64> = scores.collect();
        input.advance(1);
        let predictions = Predictions::from_scores(&scores, classes).ok_or(EvalError::NotFinite)?;
        let extra = [("means".to_owned(), classes as f64)].into();
        Ok(ProtocolOutput { predictions, extra })
    }
}

/// Fine-tunes a copy of the network, then ranks classes by the features of the given network, which
/// must not have changed.
struct UsesNetwork;

impl EvaluationProtocol for UsesNetwork {
    fn name(&self) -> String {
        "uses-network".into()
    }

    fn settings(&self) -> ProtocolSettings {
        json!({ "kind": "uses_network" }).into()
    }

    fn input_kind(&self) -> InputKind {
        InputKind::Network
    }

    fn predict(&self, input: &ProtocolInput<'_>) -> Result<ProtocolOutput, EvalError> {
        let network = input.network()?;
        assert!(input.features().is_err());
        let tune = FineTune { epochs: 1, batch: 12, ..FineTune::default() };
        let (train, test) = (network.train, network.test);
        let tuned = tune.run(network.backbone, [train, test], network.view, network.device)?;
        assert_eq!(tuned.len(), test.len());
        let features = |source| extract(network.backbone, source, network.view, network.device, 32);
        let train = features(train)?;
        let predictions = Knn::default().predict(&train, &features(test)?.values)?;
        Ok(predictions.into())
    }
}

fn downstream(protocols: Vec<Arc<dyn EvaluationProtocol>>) -> Downstream {
    let source = |split, per_class| Arc::new(SceneSource::new(split, per_class, 32, 0));
    let (train, test) =
        (source(SceneSplit::DownstreamTrain, 4), source(SceneSplit::DownstreamTest, 2));
    let view = Pipeline::evaluation(32);
    Downstream { protocols, ..Downstream::new("scenes", train, test, view) }
}

#[test]
fn custom_and_built_in_protocols_are_scored_together() {
    let device = Device::flex();
    let network = ResNetConfig::resnet10_narrow().init_seeded(&device, 0);
    let knn = Protocol::Knn(Knn::default());
    let [plain, cosine] = [false, true].map(|normalize| Arc::new(NearestMean { normalize }));
    let all = downstream(vec![knn.clone().into(), plain.clone(), Arc::new(UsesNetwork), cosine]);
    let scores = all.run(&network, &device).unwrap();
    let names: Vec<&str> = scores.iter().map(|score| score.protocol.as_str()).collect();
    assert_eq!(names, ["knn-k20-t0.07", "nearest-mean", "uses-network", "nearest-mean-cosine"]);
    assert_eq!(scores[0].settings, ProtocolSettings::BuiltIn(knn));
    let settings = json!({ "kind": "nearest_mean", "normalize": false });
    assert_eq!(scores[1].settings, ProtocolSettings::Custom(settings));
    assert_eq!(scores[1].protocol_hash, plain.hash(&all.views()).to_string());
    assert_eq!(scores[1].extra["means"], 12.0);
    assert!(scores.iter().all(|score| (score.n_train, score.n_test) == (48, 24)));
    assert_eq!(scores[2].top1, scores[0].top1, "k-NN on the same features");
    assert_ne!(scores[1].protocol_hash, scores[3].protocol_hash);

    // The same score from features alone, and from a file of scores.
    let [train, test] = all.features(&network, &device).unwrap();
    assert_eq!(plain.score("scenes", &all.views(), &train, &test).unwrap(), scores[1]);
    assert!(UsesNetwork.score("scenes", "", &train, &test).is_err());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("scores.jsonl");
    append_scores(&path, scores.iter().cloned().map(ScoreLine::from).collect()).unwrap();
    let read = read_scores(&path).unwrap();
    assert!(read.into_iter().map(|line| line.score).eq(scores));
}

#[test]
fn custom_protocols_with_the_same_effect_are_refused() {
    /// A protocol whose setting is limited by the number of pictures.
    struct Limited(usize);
    impl EvaluationProtocol for Limited {
        fn name(&self) -> String {
            format!("limited-{}", self.0)
        }
        fn settings(&self) -> ProtocolSettings {
            json!({ "kind": "limited", "most": self.0 }).into()
        }
        fn limited_to(&self, pictures: usize) -> Option<Arc<dyn EvaluationProtocol>> {
            (self.0 > pictures).then(|| Arc::new(Self(pictures)) as Arc<dyn EvaluationProtocol>)
        }
        fn predict(&self, _: &ProtocolInput<'_>) -> Result<ProtocolOutput, EvalError> {
            unreachable!("only checked")
        }
    }
    let check = |most: [usize; 2]| {
        let protocols = most.map(|most| Arc::new(Limited(most)) as Arc<dyn EvaluationProtocol>);
        downstream(protocols.into()).check()
    };
    assert!(check([3, 100]).is_ok());
    let message = check([100, 200]).unwrap_err().to_string();
    assert!(message.starts_with("`protocols[1].most`: limited-100 and limited-200"), "{message}");
}
