//! The score of a backbone.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Correct, ProtocolSettings};

/// Accuracy of a backbone on a data set under a protocol. Accuracies are in [0, 1].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Score {
    /// Name of the protocol.
    pub protocol: String,
    /// Hash of the protocol's settings and the views; see
    /// [`EvaluationProtocol::hash`](crate::EvaluationProtocol::hash).
    pub protocol_hash: String,
    /// All settings of the protocol.
    pub settings: ProtocolSettings,
    /// Input of the features: the pipeline of the views as JSON, or the name of a baseline.
    pub views: String,
    /// Name of the data set.
    pub dataset: String,
    /// Top-1 accuracy on the test set.
    pub top1: f64,
    /// Top-5 accuracy on the test set.
    pub top5: f64,
    /// Top-1 accuracy of each class that occurs in the test set.
    pub per_class: Vec<(String, f64)>,
    /// Number of training pictures.
    pub n_train: usize,
    /// Number of test pictures.
    pub n_test: usize,
    /// Other results of the protocol by name, such as the selected λ.
    pub extra: BTreeMap<String, f64>,
    /// Which test pictures are classified correctly, in the order of the test set, so that scores
    /// on the same test set can be compared picture by picture. `None` in files of earlier
    /// versions.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub correct: Option<Correct>,
}

impl fmt::Display for Score {
    /// `cifar10 probe-lbfgs: top-1 54.80 %, top-5 94.10 % (10000 pictures)`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (top1, top5) = (100.0 * self.top1, 100.0 * self.top5);
        let Self { dataset, protocol, n_test, .. } = self;
        write!(f, "{dataset} {protocol}: top-1 {top1:.2} %, top-5 {top5:.2} % ({n_test} pictures)")
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::clouds;
    use sempairs_internal::ProgressBar;

    use crate::protocols::evaluation_protocol::{About, score_features};
    use crate::{EvaluationProtocol as _, Features, InputKind, Knn, Protocol, Score, SgdDino};

    #[test]
    fn every_protocol_scores_separable_classes() {
        let (train, test) = (clouds(210, 8, 7, 0.1, 1), clouds(70, 8, 7, 0.1, 2));
        let mut all = Vec::new();
        for name in Protocol::NAMES {
            let protocol: Protocol = match name {
                // With the default learning rate, one step per epoch would change little.
                "sgd_dino" => {
                    Protocol::SgdDino(SgdDino { learning_rate: 0.5, ..SgdDino::default() })
                }
                name => name.parse().unwrap(),
            };
            let bar = ProgressBar::hidden();
            let about = About { dataset: "clouds", views: "none" };
            let score = score_features(&protocol, about, [&train, &test], bar.clone());
            if protocol.input_kind() == InputKind::Network {
                let message = score.unwrap_err().to_string();
                assert!(message.contains("`kind`: trains the network"), "{message}");
                continue;
            }
            let score = score.unwrap();
            assert_eq!((score.top1, score.top5, score.n_test), (1.0, 1.0, 70), "{name}");
            assert_eq!(score.per_class.len(), 7);
            assert_eq!(score.correct.as_ref().map(|correct| correct.count()), Some(70), "{name}");
            assert_eq!(score.protocol_hash, protocol.hash("none").to_string());
            assert_eq!(Some(bar.position()), bar.length(), "{name}");
            assert!(bar.position() > 0, "{name}");
            all.push(score);
        }
        assert!(all[1].extra["lambda"] > 0.0);
        assert_eq!(
            all[0].to_string(),
            "clouds knn-k20-t0.07: top-1 100.00 %, top-5 100.00 % (70 pictures)"
        );
    }

    /// Neither selection nor fit of the probe may depend on the test set.
    #[test]
    fn the_test_set_does_not_affect_the_fit() {
        let train = clouds(200, 30, 5, 4.0, 1);
        let probe: Protocol = "probe".parse().unwrap();
        let score = |test: &Features| probe.score("clouds", "none", &train, test).unwrap();
        let one = score(&clouds(50, 30, 5, 4.0, 2));
        let mut shuffled = clouds(80, 30, 5, 0.1, 3);
        shuffled.labels.rotate_left(1);
        let two = score(&shuffled);
        assert_eq!(one.extra, two.extra);
        assert_ne!(one.top1, two.top1);
    }

    #[test]
    fn correct_pictures_are_in_the_order_of_the_test_set() {
        let (train, test) = (clouds(60, 3, 4, 1.5, 1), clouds(50, 3, 4, 1.5, 2));
        let backwards: Vec<usize> = (0..50).rev().collect();
        let reversed = Features {
            values: test.rows(&backwards).flatten().copied().collect(),
            labels: backwards.iter().map(|&i| test.labels[i]).collect(),
            ..test.clone()
        };
        for name in ["knn", "probe"] {
            let protocol: Protocol = name.parse().unwrap();
            let score = |test| protocol.score("clouds", "none", &train, test).unwrap();
            let [one, two] = [&test, &reversed].map(score);
            let [ours, theirs] = [&one, &two].map(|score| score.correct.clone().unwrap());
            assert!(ours.iter().any(|hit| hit) && ours.iter().any(|hit| !hit), "{name}");
            assert!(ours.iter().eq(backwards.iter().map(|&i| theirs.get(i))), "{name}");
            assert_eq!(ours.accuracy(), one.top1, "{name}");
        }
    }

    #[test]
    fn scores_without_correct_pictures_are_read_and_written_unchanged() {
        let (train, test) = (clouds(24, 4, 3, 1.0, 1), clouds(12, 4, 3, 1.0, 2));
        let knn: Protocol = "knn".parse().unwrap();
        let score = knn.score("clouds", "none", &train, &test).unwrap();
        let text = serde_json::to_string(&score).unwrap();
        assert_eq!(serde_json::from_str::<Score>(&text).unwrap(), score);
        let old = Score { correct: None, ..score };
        let text = serde_json::to_string(&old).unwrap();
        assert!(!text.contains("correct"), "{text}");
        assert_eq!(serde_json::from_str::<Score>(&text).unwrap(), old);
    }

    #[test]
    fn a_test_set_may_lack_a_class_and_order_the_others_differently() {
        let (train, whole) = (clouds(210, 8, 7, 0.1, 1), clouds(70, 8, 7, 0.1, 2));
        let kept: Vec<usize> = (0..70).filter(|&i| whole.labels[i] != 2).collect();
        let mut classes = whole.classes.clone();
        classes.remove(2);
        classes.reverse();
        let number = |label: usize| classes.iter().position(|class| *class == whole.classes[label]);
        let lacking = Features {
            values: whole.rows(&kept).flatten().copied().collect(),
            dim: 8,
            labels: kept.iter().map(|&i| number(whole.labels[i]).unwrap()).collect(),
            classes: classes.clone(),
        };
        for name in ["knn", "probe"] {
            let protocol: Protocol = name.parse().unwrap();
            let score = protocol.score("clouds", "none", &train, &lacking).unwrap();
            assert_eq!((score.top1, score.n_test), (1.0, 60), "{name}");
            assert!(score.per_class.iter().all(|(class, _)| class != "class 2"), "{name}");
            assert_eq!(score.per_class.len(), 6, "{name}");
        }
    }

    #[test]
    fn the_name_in_a_score_has_the_effective_number_of_neighbours() {
        let (train, test) = (clouds(24, 4, 3, 1.0, 1), clouds(12, 4, 3, 1.0, 2));
        let score = |k| {
            let knn = Protocol::Knn(Knn { k, ..Knn::default() });
            knn.score("clouds", "none", &train, &test).unwrap()
        };
        assert_eq!(score(2000), score(24));
        assert_eq!(score(2000).protocol, "knn-k24-t0.07");
        let ordinary = Protocol::Knn(Knn::default());
        assert_eq!(score(20).protocol_hash, ordinary.hash("none").to_string());
        assert_eq!(score(20).settings, ordinary.into());
    }

    #[test]
    fn sets_that_do_not_match_are_errors() {
        let train = clouds(20, 4, 3, 1.0, 1);
        let knn: Protocol = "knn".parse().unwrap();
        let message = |test: &Features| knn.score("x", "", &train, test).unwrap_err().to_string();
        assert!(message(&clouds(20, 5, 3, 1.0, 1)).contains("4 and 5 features"));
        let mut renamed = clouds(20, 4, 3, 1.0, 1);
        renamed.classes[1] = "bird".into();
        let found = message(&renamed);
        assert!(found.contains("only the test pictures have 1 class: `bird`"), "{found}");
        assert!(found.contains("only the training pictures have 1 class: `class 1`"), "{found}");
        assert!(message(&clouds(0, 4, 3, 1.0, 1)).contains("too few"));
    }
}
