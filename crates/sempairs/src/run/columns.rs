//! The scores that a study asks for, in its order, and the selection of these from stored results.

use sempairs_eval::{EvaluationProtocol as _, Protocol, ProtocolSettings, Score};
use serde::Deserialize;
use toml::{Table, Value};

use crate::comparison::{CurvePoint, RunResult};

/// The data sets and protocols of a study: one column per score of a step. Results are compared
/// column by column, but a stored one may be of an earlier version of the study, with other data
/// sets and protocols or with the same in another order.
pub(super) struct Columns(Vec<Column>);

struct Column {
    dataset: String,
    protocol: Wanted,
}

/// A protocol of a column.
enum Wanted {
    BuiltIn(Protocol),
    /// One of which only the name is known.
    Named(String),
}

/// The part of an evaluation that names its scores.
#[derive(Deserialize)]
struct Named {
    dataset: String,
    protocols: Vec<Protocol>,
}

impl Columns {
    /// The columns of a study from its TOML text; `None` if the text has no evaluation that can be
    /// read, as that of an earlier version.
    pub fn of_study(experiment: &str) -> Option<Self> {
        let mut table: Table = toml::from_str(experiment).ok()?;
        let sets = match table.remove("evaluation")? {
            Value::Array(list) => list,
            one => vec![one],
        };
        let mut columns = Vec::new();
        for set in sets {
            let set: Named = set.try_into().ok()?;
            let Named { dataset, protocols } = set;
            columns.extend(protocols.into_iter().map(|protocol| Column {
                dataset: dataset.clone(),
                protocol: Wanted::BuiltIn(protocol),
            }));
        }
        Some(Self(columns)).filter(|columns| !columns.0.is_empty())
    }

    /// The columns of a result at its last step; `None` if it has no scores.
    pub fn of_result(result: &RunResult) -> Option<Self> {
        let column = |score: &Score| Column {
            dataset: score.dataset.clone(),
            protocol: Wanted::Named(score.protocol.clone()),
        };
        Some(Self(result.curve.last()?.scores.iter().map(column).collect()))
    }

    /// The result with the scores of these columns in their order, at the steps that have all of
    /// them; `None` if its last step lacks one.
    pub fn select(&self, result: RunResult) -> Option<RunResult> {
        let at = |point: &CurvePoint| {
            let scores = self.0.iter().map(|column| column.of(&point.scores).cloned());
            Some(CurvePoint { step: point.step, scores: scores.collect::<Option<_>>()? })
        };
        let curve: Vec<CurvePoint> = result.curve.iter().filter_map(at).collect();
        let last = |curve: &[CurvePoint]| curve.last().map(|point| point.step);
        (last(&curve) == last(&result.curve)).then_some(RunResult { curve, ..result })
    }
}

impl Column {
    /// The score of this column: with the same settings, or else with the same name.
    fn of<'a>(&self, scores: &'a [Score]) -> Option<&'a Score> {
        let here = || scores.iter().filter(|score| score.dataset == self.dataset);
        match &self.protocol {
            Wanted::Named(name) => here().find(|score| score.protocol == *name),
            Wanted::BuiltIn(protocol) => here()
                .find(|score| has(score, protocol, |(_, settings)| *settings == score.settings))
                .or_else(|| here().find(|it| has(it, protocol, |(name, _)| *name == it.protocol))),
        }
    }
}

/// Returns true if the name and the settings of a protocol, as requested or in effect on the data
/// of a score, are as `is_same` says.
fn has(
    score: &Score,
    protocol: &Protocol,
    is_same: impl Fn(&(String, ProtocolSettings)) -> bool,
) -> bool {
    let in_effect = protocol.limited_to(score.n_train);
    is_same(&(protocol.name(), protocol.settings()))
        || in_effect.is_some_and(|limited| is_same(&(limited.name(), limited.settings())))
}

#[cfg(test)]
mod tests {
    use sempairs_eval::Knn;

    use super::*;

    fn knn(k: usize) -> Protocol {
        Protocol::Knn(Knn { k, ..Knn::default() })
    }

    /// A score of 20 training pictures.
    fn score(dataset: &str, k: usize, top1: f64) -> Score {
        Score {
            protocol: knn(k).name(),
            protocol_hash: String::new(),
            settings: knn(k).settings(),
            views: String::new(),
            dataset: dataset.into(),
            top1,
            top5: 1.0,
            per_class: Vec::new(),
            n_train: 20,
            n_test: 10,
            extra: Default::default(),
            correct: None,
        }
    }

    fn result(curve: Vec<(usize, Vec<Score>)>) -> RunResult {
        let curve = curve.into_iter().map(|(step, scores)| CurvePoint { step, scores });
        RunResult {
            seed: 0,
            loss: Vec::new(),
            chance: None,
            information: Vec::new(),
            curve: curve.collect(),
            invariance: None,
            collapse: None,
            negatives: None,
            alarms: Vec::new(),
            pairs_per_second: 1.0,
        }
    }

    fn top1(result: &RunResult) -> Vec<(usize, Vec<f64>)> {
        let point = |point: &CurvePoint| {
            (point.step, point.scores.iter().map(|score| score.top1).collect())
        };
        result.curve.iter().map(point).collect()
    }

    const STUDY: &str = "[[evaluation]]\ndataset = \"near\"\nevery = 2\n\
        protocols = [{ kind = \"knn\", k = 3 }, { kind = \"knn\", k = 200 }]\n\
        [[evaluation]]\ndataset = \"far\"\nprotocols = [{ kind = \"knn\", k = 3 }]\n";

    #[test]
    fn scores_are_selected_by_data_set_and_protocol() {
        let columns = Columns::of_study(STUDY).unwrap();
        // In another order, with further ones, and with as many neighbours as there are pictures.
        let all = |at: f64| {
            vec![
                score("far", 3, at + 0.3),
                score("near", 5, at),
                score("near", 20, at + 0.2),
                score("near", 3, at + 0.1),
            ]
        };
        let selected = columns.select(result(vec![(0, all(0.0)), (4, all(0.5))])).unwrap();
        let [first, last] = [0.0, 0.5].map(|at| vec![at + 0.1, at + 0.2, at + 0.3]);
        assert_eq!(top1(&selected), [(0, first.clone()), (4, last.clone())]);
        // A step between that lacks a score is left out; a result whose last step lacks one, too.
        let fewer = all(0.2).split_off(1);
        let three = result(vec![(0, all(0.0)), (2, fewer.clone()), (4, all(0.5))]);
        assert_eq!(top1(&columns.select(three).unwrap()), [(0, first), (4, last)]);
        assert!(columns.select(result(vec![(0, all(0.0)), (4, fewer)])).is_none());
    }

    #[test]
    fn without_a_readable_study_the_first_result_has_the_columns() {
        for text in ["", "no TOML", "evaluation = 3", "[evaluation]\ndataset = \"near\""] {
            assert!(Columns::of_study(text).is_none(), "{text}");
        }
        let one = "[evaluation]\ndataset = \"near\"\nprotocols = [{ kind = \"knn\", k = 3 }]\n";
        assert!(Columns::of_study(one).is_some());
        assert!(Columns::of_result(&result(Vec::new())).is_none());
        let first = result(vec![(4, vec![score("near", 3, 0.1), score("far", 3, 0.2)])]);
        let columns = Columns::of_result(&first).unwrap();
        assert_eq!(columns.select(first.clone()).unwrap(), first);
        let other = result(vec![(4, vec![score("far", 3, 0.4), score("near", 3, 0.3)])]);
        assert_eq!(top1(&columns.select(other).unwrap()), [(4, vec![0.3, 0.4])]);
        let lacking = result(vec![(4, vec![score("near", 5, 0.4), score("far", 3, 0.3)])]);
        assert!(columns.select(lacking).is_none());
    }
}
