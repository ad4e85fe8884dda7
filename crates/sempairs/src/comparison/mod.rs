//! Results of a comparison of arms: curves and scores of every run, and differences between arms
//! with confidence intervals over the seeds. The types are plain data that are stored as JSON,
//! printed as a table, and shown in the HTML report.

pub mod grid;
mod labels;
mod score_name;
mod text_table;
mod time;

use std::collections::BTreeMap;

use sempairs_eval::Score;
use sempairs_eval::analysis::invariance::InvarianceReport;
use sempairs_eval::stats::{Estimate, difference, mean};
use sempairs_internal::join_limited;
use sempairs_train::{Alarm, Collapse, NegativeCounts};
use serde::{Deserialize, Serialize};

pub use score_name::ScoreName;

use crate::experiment::Arm;

/// The results of an experiment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// Name of the experiment.
    pub name: String,
    /// Hash of the whole experiment.
    pub identity: String,
    /// The experiment as TOML.
    pub experiment: String,
    /// Name of the device.
    pub device: String,
    /// Number of classes of the first downstream data set; chance accuracy is `1 / classes`.
    pub classes: usize,
    /// Number of classes of every downstream data set by its name; empty in results of earlier
    /// versions, which have one data set.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub classes_of: BTreeMap<String, usize>,
    /// Scores of baselines without a network on every data set: k-NN on raw pixels and on colour
    /// histograms.
    pub baselines: Vec<Score>,
    /// Results of each arm, in the experiment's order.
    pub arms: Vec<ArmResult>,
    /// Differences between every other arm and the first, for every protocol.
    pub differences: Vec<ArmDifference>,
}

/// All runs of one arm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ArmResult {
    /// The arm.
    pub arm: Arm,
    /// Number of pairs per epoch.
    pub pairs: usize,
    /// Number of distinct pictures in the pairs.
    pub pictures: usize,
    /// Results of each seed, in the experiment's order.
    pub runs: Vec<RunResult>,
    /// Seeds whose run has no result yet; empty for a finished study.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub missing: Vec<u64>,
    /// t-SNE map of the test set's features for the first seed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub map: Option<Map>,
}

/// One pre-training run and its scores.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunResult {
    /// Random seed.
    pub seed: u64,
    /// Training loss: number of completed steps, and mean loss since the previous entry.
    pub loss: Vec<(usize, f64)>,
    /// Chance-level loss of the method, if it has one; see
    /// [`Method::chance`](sempairs_objective::Method::chance).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub chance: Option<f64>,
    /// Lower bound of the mutual information between the two views of a pair, in nats: number of
    /// completed steps, and the bound since the previous entry of `loss`. Empty for methods whose
    /// loss gives no such bound; see
    /// [`Method::information_bound`](sempairs_objective::Method::information_bound).
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub information: Vec<(usize, f64)>,
    /// Scores over time, sorted by step; the last entry is the final result.
    pub curve: Vec<CurvePoint>,
    /// Invariance of the features to nuisance factors; only for the built-in scenes.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub invariance: Option<InvarianceReport>,
    /// Standard deviation and effective rank of the embeddings at the end.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub collapse: Option<Collapse>,
    /// Mean numbers of negatives per anchor in the last epoch, by kind.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub negatives: Option<NegativeCounts>,
    /// Signs that the run has collapsed or learned nothing; empty for a normal run.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub alarms: Vec<Alarm>,
    /// Throughput in pairs per second, the median over the lines of the metrics log.
    pub pairs_per_second: f64,
}

/// The scores at one step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CurvePoint {
    /// Number of completed steps.
    pub step: usize,
    /// Score of each protocol in the experiment's order, data set by data set. Runs that were
    /// scored at different times may have different scores, so they are found by their
    /// [name](Self::score), not by their position.
    pub scores: Vec<Score>,
}

/// Difference of two arms over the seeds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ArmDifference {
    /// The arm.
    pub arm: String,
    /// The arm that is subtracted.
    pub against: String,
    /// Label of the protocol, as in [`Comparison::protocols`].
    pub protocol: String,
    /// Difference of the top-1 accuracies at the last step, in [-1, 1], paired by seed.
    pub top1: Estimate,
}

/// A 2-D map with one point per picture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Map {
    /// Coordinates of the points.
    pub points: Vec<[f32; 2]>,
    /// Class index of each point.
    pub labels: Vec<usize>,
    /// Names of the classes.
    pub classes: Vec<String>,
}

impl CurvePoint {
    /// The score with this name.
    pub fn score(&self, name: ScoreName) -> Option<&Score> {
        name.find(&self.scores)
    }

    /// The top-1 accuracy of the score with this name; NaN if there is no such score.
    pub fn top1(&self, name: ScoreName) -> f64 {
        self.score(name).map_or(f64::NAN, |score| score.top1)
    }
}

/// Maximum number of arms, and of seeds of an arm, in the message of an unfinished study.
const NAMED: usize = 10;

/// The seeds of an arm whose run has no result, as in `sp (seeds 1, 2)`.
fn missing(arm: &ArmResult) -> String {
    let seeds = if arm.missing.len() == 1 { "seed" } else { "seeds" };
    format!("{} ({seeds} {})", arm.arm.name, join_limited(&arm.missing, ", ", NAMED))
}

/// The accuracy of random guesses among this number of classes.
fn share_of(classes: usize) -> Option<f64> {
    (classes > 0).then(|| 1.0 / classes as f64)
}

/// The mean of the finite samples with its confidence interval; `None` if there are none.
pub(crate) fn finite_mean(samples: impl IntoIterator<Item = f64>) -> Option<Estimate> {
    let finite: Vec<f64> = samples.into_iter().filter(|x| x.is_finite()).collect();
    (!finite.is_empty()).then(|| mean(&finite))
}

impl ArmResult {
    /// Seed and top-1 accuracy at the last step of each run, of the score with this name; runs
    /// without a finite score of this name are left out.
    pub fn final_top1(&self, name: ScoreName) -> Vec<(u64, f64)> {
        let last = |run: &RunResult| Some((run.seed, run.curve.last()?.top1(name)));
        self.runs.iter().filter_map(last).filter(|(_, top1)| top1.is_finite()).collect()
    }

    /// The mean over the runs of the top-1 accuracy at the last step; `None` without a finite
    /// score.
    pub fn final_mean(&self, name: ScoreName) -> Option<Estimate> {
        finite_mean(self.final_top1(name).into_iter().map(|(_, top1)| top1))
    }

    /// The steps that are scored in all runs.
    pub fn steps(&self) -> Vec<usize> {
        let Some((first, others)) = self.runs.split_first() else { return Vec::new() };
        let steps = first.curve.iter().map(|point| point.step);
        let has = |run: &RunResult, step| run.curve.iter().any(|point| point.step == step);
        steps.filter(|step| others.iter().all(|run| has(run, *step))).collect()
    }

    /// The mean top-1 accuracy over the runs with its confidence interval, at each step of
    /// [`steps`](Self::steps). Scores that are not finite are left out, and so is a step without
    /// any finite score.
    pub fn curve(&self, name: ScoreName) -> Vec<(usize, Estimate)> {
        let at = |step| {
            let point = |point: &&CurvePoint| point.step == step;
            let points = self.runs.iter().filter_map(|run| run.curve.iter().find(point));
            Some((step, finite_mean(points.map(|point| point.top1(name)))?))
        };
        self.steps().into_iter().filter_map(at).collect()
    }
}

impl Comparison {
    /// All runs, arm by arm.
    fn runs(&self) -> impl Iterator<Item = &RunResult> {
        self.arms.iter().flat_map(|arm| &arm.runs)
    }

    /// The seeds of all runs, in the order in which they first occur.
    pub fn seeds(&self) -> Vec<u64> {
        let mut seeds = Vec::new();
        for run in self.runs() {
            if !seeds.contains(&run.seed) {
                seeds.push(run.seed);
            }
        }
        seeds
    }

    /// The baselines on the data set of the protocol with this index, under all protocols.
    pub fn baselines_of(&self, protocol: usize) -> impl Iterator<Item = &Score> {
        let dataset = self.dataset_of(protocol);
        self.baselines.iter().filter(move |score| score.dataset == dataset)
    }

    /// The mean top-1 accuracy of the untrained network over the seeds, under the protocol with
    /// index `protocol`; `None` if step 0 has no finite score. All arms share the initial weights.
    pub fn untrained(&self, protocol: usize) -> Option<Estimate> {
        let name = self.score_name(protocol);
        let first = |seed| {
            let points = self.runs().filter(|run| run.seed == seed).filter_map(|r| r.curve.first());
            let start = points.filter(|point| point.step == 0);
            start.map(|point| point.top1(name)).find(|top1| top1.is_finite())
        };
        finite_mean(self.seeds().into_iter().filter_map(first))
    }

    /// The accuracy of random guesses on the first data set, `1 / classes`; `None` without classes.
    pub fn chance(&self) -> Option<f64> {
        share_of(self.classes)
    }

    /// The accuracy of random guesses on the data set of the protocol with this index; `None` if
    /// its number of classes is not known.
    pub fn chance_of(&self, protocol: usize) -> Option<f64> {
        let dataset = self.dataset_of(protocol);
        match self.classes_of.get(dataset) {
            Some(classes) => share_of(*classes),
            None if dataset == self.dataset() => self.chance(),
            None => None,
        }
    }

    /// The difference between every other arm and the arm named `against`, for every protocol, over
    /// the seeds for which both arms have a finite score. A pair of arms without such a seed is
    /// left out.
    pub fn compare_with(&self, against: &str) -> Vec<ArmDifference> {
        let Some(base) = self.arms.iter().find(|arm| arm.arm.name == against) else {
            return Vec::new();
        };
        let others = self.arms.iter().filter(|arm| arm.arm.name != against);
        let protocols = self.protocols();
        let names = self.score_names();
        let scores = || names.iter().copied().zip(&protocols);
        let pairs = others.flat_map(|arm| scores().map(move |score| (arm, score)));
        pairs
            .filter_map(|(arm, (name, protocol))| {
                let of_base = base.final_top1(name);
                let both = arm.final_top1(name).into_iter().filter_map(|(seed, top1)| {
                    let (_, other) = of_base.iter().find(|(other, _)| *other == seed)?;
                    Some((top1, *other))
                });
                let (top1, other): (Vec<f64>, Vec<f64>) = both.unzip();
                (!top1.is_empty()).then(|| ArmDifference {
                    arm: arm.arm.name.clone(),
                    against: against.into(),
                    protocol: protocol.clone(),
                    top1: difference(&top1, &other),
                })
            })
            .collect()
    }

    /// How many runs have scores and which do not; `None` for a finished study.
    pub fn unfinished(&self) -> Option<String> {
        let arms = self.arms.iter().filter(|arm| !arm.missing.is_empty());
        let named: Vec<String> = arms.map(missing).collect();
        if named.is_empty() {
            return None;
        }
        let done = self.runs().count();
        let all = done + self.arms.iter().map(|arm| arm.missing.len()).sum::<usize>();
        let have = if done == 1 { "has" } else { "have" };
        let named = join_limited(named, ", ", NAMED);
        Some(format!("Unfinished: {done} of {all} runs {have} scores; missing: {named}"))
    }

    /// One sentence for each collapse alarm of each run.
    pub fn warnings(&self) -> Vec<String> {
        let runs = self.arms.iter().flat_map(|arm| arm.runs.iter().map(move |run| (arm, run)));
        let alarms = runs.flat_map(|(arm, run)| run.alarms.iter().map(move |a| (arm, run, a)));
        let said = |(arm, run, alarm): (&ArmResult, &RunResult, &Alarm)| {
            let (arm, seed) = (&arm.arm.name, run.seed);
            format!("{arm}, seed {seed}, has collapsed or learned nothing: {alarm}")
        };
        alarms.map(said).collect()
    }

    /// The first scored step from which the mean accuracy of `arm` stays above that of `against`
    /// under the protocol with index `protocol`. `None` if `arm` is not ahead at the last step.
    pub fn crossing(&self, arm: &str, against: &str, protocol: usize) -> Option<usize> {
        let score = self.score_name(protocol);
        let curve =
            |name: &str| self.arms.iter().find(|a| a.arm.name == name).map(|a| a.curve(score));
        let (arm, against) = (curve(arm)?, curve(against)?);
        let ahead = arm.iter().zip(&against).map(|((step, a), (_, b))| (*step, a.mean > b.mean));
        let ahead: Vec<(usize, bool)> = ahead.collect();
        let behind = ahead.iter().rposition(|(_, ahead)| !ahead).map_or(0, |i| i + 1);
        ahead.get(behind).map(|(step, _)| *step)
    }
}

#[cfg(test)]
mod tests {
    use sempairs_data::pairing::Pairing;
    use sempairs_eval::{EvaluationProtocol as _, Protocol};

    use super::*;

    fn score(dataset: &str, protocol: &str, top1: f64) -> Score {
        let settings: Protocol = protocol.parse().unwrap();
        Score {
            protocol: settings.name(),
            protocol_hash: String::new(),
            settings: settings.into(),
            views: String::new(),
            dataset: dataset.into(),
            top1,
            top5: 1.0,
            per_class: Vec::new(),
            n_train: 10,
            n_test: 10,
            extra: BTreeMap::new(),
            correct: None,
        }
    }

    fn run(seed: u64, scores: Vec<Score>) -> RunResult {
        RunResult {
            seed,
            loss: Vec::new(),
            chance: None,
            information: Vec::new(),
            curve: vec![CurvePoint { step: 0, scores }],
            invariance: None,
            collapse: None,
            negatives: None,
            alarms: Vec::new(),
            pairs_per_second: 100.0,
        }
    }

    fn comparison(experiment: &str, arms: [Vec<RunResult>; 2]) -> Comparison {
        let arm = |(name, runs): (&str, Vec<RunResult>)| ArmResult {
            arm: Arm::new(name, Pairing::RandomInClass),
            pairs: 10,
            pictures: 10,
            runs,
            missing: Vec::new(),
            map: None,
        };
        Comparison {
            name: "a".into(),
            identity: String::new(),
            experiment: experiment.into(),
            device: String::new(),
            classes: 2,
            classes_of: BTreeMap::new(),
            baselines: Vec::new(),
            arms: ["ap", "sp"].into_iter().zip(arms).map(arm).collect(),
            differences: Vec::new(),
        }
    }

    #[test]
    fn scores_are_found_by_their_names() {
        let far = |top1| score("far", "knn", top1);
        let near = |top1| score("near", "knn", top1);
        let probe = |top1| score("far", "probe", top1);
        // The second run was scored before the second data set was added, the third in another
        // order, and the fourth not on the first data set.
        let of_ap = vec![run(1, vec![far(0.1), near(0.2)]), run(2, vec![far(0.3)])];
        let of_sp = vec![
            run(1, vec![near(0.6), far(0.5), probe(0.7)]),
            run(2, vec![near(0.8), probe(0.9)]),
        ];
        let found = comparison("", [of_ap, of_sp]);
        let [knn, probe] = ["knn", "probe"].map(|name| name.parse::<Protocol>().unwrap().name());
        let labels = [("far", &knn), ("far", &probe), ("near", &knn)]
            .map(|(dataset, protocol)| format!("{dataset}, {protocol}"));
        assert_eq!(found.protocols(), labels, "data set by data set");
        assert_eq!((found.datasets(), found.first_protocols()), (vec!["far", "near"], vec![0, 2]));
        let values = |arm: usize, i| found.arms[arm].final_top1(found.score_name(i));
        assert_eq!(
            [0, 1, 2].map(|i| values(0, i)),
            [vec![(1, 0.1), (2, 0.3)], vec![], vec![(1, 0.2)]]
        );
        assert_eq!(
            [0, 1, 2].map(|i| values(1, i)),
            [vec![(1, 0.5)], vec![(1, 0.7), (2, 0.9)], vec![(1, 0.6), (2, 0.8)]]
        );
        assert!(values(0, 3).is_empty() && found.protocol_name(3).is_empty());
        let differences = found.compare_with("ap");
        let said: Vec<(&str, usize)> =
            differences.iter().map(|it| (it.protocol.as_str(), it.top1.n)).collect();
        assert_eq!(said, [(&*labels[0], 1), (&*labels[2], 1)]);
        assert!((differences[1].top1.mean - 0.4).abs() < 1e-12);
    }

    #[test]
    fn scores_of_the_same_name_are_told_apart_by_their_order() {
        let knn = |top1| score("far", "knn", top1);
        let found = comparison("", [vec![run(1, vec![knn(0.1), knn(0.2)])], Vec::new()]);
        let values = [0, 1].map(|i| found.arms[0].final_top1(found.score_name(i))[0].1);
        assert_eq!(values, [0.1, 0.2]);
    }

    #[test]
    fn the_time_of_a_run_is_that_of_its_pairs() {
        let length = "[training]\nsteps = 700\nbatch = 64\n";
        let mut slow = run(2, Vec::new());
        slow.pairs_per_second = 50.0;
        let found = comparison(length, [vec![run(1, Vec::new()), slow], Vec::new()]);
        let [ap, sp] = [0, 1].map(|arm| found.training_time(&found.arms[arm]));
        assert_eq!(ap.map(|it| (it.mean, it.n)), Some((672.0, 2)));
        assert!(sp.is_none());
        // Without the text of the experiment, as in results of other programs.
        let unknown = Comparison { experiment: String::new(), ..found.clone() };
        assert!(unknown.training_time(&found.arms[0]).is_none());
    }
}
