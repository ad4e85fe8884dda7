//! What a comparison of arms found: every run's curves and scores, and the differences between arms
//! with their intervals over seeds. It is plain data, written as JSON, printed as a table and drawn
//! as a page.

use std::fmt;

use sempairs_eval::Score;
use sempairs_eval::analysis::invariance::InvarianceReport;
use sempairs_eval::stats::{Estimate, difference, mean};
use sempairs_train::{Alarm, Collapse, NegativeCounts};
use serde::{Deserialize, Serialize};

use crate::experiment::Arm;

/// The result of an experiment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// The experiment's name.
    pub name: String,
    /// The hash of the whole experiment.
    pub identity: String,
    /// The experiment itself, as TOML.
    pub experiment: String,
    /// The device it ran on.
    pub device: String,
    /// Classes of the downstream task; guessing scores one over this.
    pub classes: usize,
    /// What needs no network: k-NN on raw pixels and on colour histograms.
    pub baselines: Vec<Score>,
    /// One an arm, in the experiment's order.
    pub arms: Vec<ArmResult>,
    /// Every arm against the first, for every protocol.
    pub differences: Vec<ArmDifference>,
}

/// All runs of one arm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ArmResult {
    /// What it learned from.
    pub arm: Arm,
    /// Pairs in an epoch.
    pub pairs: usize,
    /// Different pictures it saw.
    pub pictures: usize,
    /// One a seed, in the experiment's order.
    pub runs: Vec<RunResult>,
    /// A 2-D map of the test set's features, of the first seed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub map: Option<Map>,
}

/// One pre-training run and its scores.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunResult {
    /// Its seed.
    pub seed: u64,
    /// Steps done and the mean loss before them.
    pub loss: Vec<(usize, f64)>,
    /// The scores over time, in rising order of steps; the last are the result.
    pub curve: Vec<CurvePoint>,
    /// What its features ignore; only for the built-in scenes.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub invariance: Option<InvarianceReport>,
    /// Deviation and effective rank of the embeddings at the end.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub collapse: Option<Collapse>,
    /// What its anchors were pushed away from in the last epoch.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub negatives: Option<NegativeCounts>,
    /// What tells that it has collapsed, or learned nothing; empty if nothing does.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub alarms: Vec<Alarm>,
    /// Median pairs a second over the log's lines.
    pub pairs_per_second: f64,
}

/// The scores of one moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CurvePoint {
    /// Steps done.
    pub step: usize,
    /// One a protocol, in the experiment's order.
    pub scores: Vec<Score>,
}

/// One arm minus another, over the seeds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ArmDifference {
    /// The arm.
    pub arm: String,
    /// What it is compared with.
    pub against: String,
    /// Under which protocol.
    pub protocol: String,
    /// Of the top-1 accuracies at the last step, in [-1, 1], paired by seed.
    pub top1: Estimate,
}

/// Points on a plane, one a picture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Map {
    /// Where.
    pub points: Vec<[f32; 2]>,
    /// The class of each.
    pub labels: Vec<usize>,
    /// The names of the classes.
    pub classes: Vec<String>,
}

impl ArmResult {
    /// The top-1 accuracy of each run at the last step, under the protocol of this number.
    pub fn final_top1(&self, protocol: usize) -> Vec<f64> {
        let last = |run: &RunResult| run.curve.last().map(|point| point.scores[protocol].top1);
        self.runs.iter().filter_map(last).collect()
    }

    /// The steps at which all runs were scored.
    pub fn steps(&self) -> Vec<usize> {
        let Some((first, others)) = self.runs.split_first() else { return Vec::new() };
        let steps = first.curve.iter().map(|point| point.step);
        let has = |run: &RunResult, step| run.curve.iter().any(|point| point.step == step);
        steps.filter(|step| others.iter().all(|run| has(run, *step))).collect()
    }

    /// The mean top-1 accuracy over the runs at each step of [`steps`](Self::steps), with its
    /// interval.
    pub fn curve(&self, protocol: usize) -> Vec<(usize, Estimate)> {
        let at = |step| {
            let point = |run: &RunResult| {
                let point = run.curve.iter().find(|point| point.step == step)?;
                Some(point.scores[protocol].top1)
            };
            self.runs.iter().filter_map(point).collect::<Vec<f64>>()
        };
        self.steps().into_iter().map(|step| (step, mean(&at(step)))).collect()
    }
}

impl Comparison {
    /// The names of the protocols, in the experiment's order.
    pub fn protocols(&self) -> Vec<String> {
        let scores = self.arms.first().and_then(|arm| arm.runs.first()?.curve.last());
        scores.map_or(Vec::new(), |p| p.scores.iter().map(|s| s.protocol.clone()).collect())
    }

    /// The name of the data that was scored.
    pub fn dataset(&self) -> &str {
        let run = self.arms.first().and_then(|arm| arm.runs.first());
        run.and_then(|run| run.curve.last()?.scores.first()).map_or("", |s| s.dataset.as_str())
    }

    /// Every arm but the one called `against` minus that one, for every protocol.
    pub fn compare_with(&self, against: &str) -> Vec<ArmDifference> {
        let Some(base) = self.arms.iter().find(|arm| arm.arm.name == against) else {
            return Vec::new();
        };
        let others = self.arms.iter().filter(|arm| arm.arm.name != against);
        let protocols = self.protocols();
        let pairs = others.flat_map(|arm| protocols.iter().enumerate().map(move |p| (arm, p)));
        pairs
            .map(|(arm, (i, protocol))| ArmDifference {
                arm: arm.arm.name.clone(),
                against: against.into(),
                protocol: protocol.clone(),
                top1: difference(&arm.final_top1(i), &base.final_top1(i)),
            })
            .collect()
    }

    /// A sentence for each alarm of each run.
    pub fn warnings(&self) -> Vec<String> {
        let runs = self.arms.iter().flat_map(|arm| arm.runs.iter().map(move |run| (arm, run)));
        let alarms = runs.flat_map(|(arm, run)| run.alarms.iter().map(move |a| (arm, run, a)));
        let said = |(arm, run, alarm): (&ArmResult, &RunResult, &Alarm)| {
            let (arm, seed) = (&arm.arm.name, run.seed);
            format!("{arm}, seed {seed}, has collapsed or learned nothing: {alarm}")
        };
        alarms.map(said).collect()
    }

    /// The step at which `arm` has overtaken `against` for good under the protocol of this number:
    /// its mean is higher there and at every later step. `None` if it has not by the end.
    pub fn crossing(&self, arm: &str, against: &str, protocol: usize) -> Option<usize> {
        let curve =
            |name: &str| self.arms.iter().find(|a| a.arm.name == name).map(|a| a.curve(protocol));
        let (arm, against) = (curve(arm)?, curve(against)?);
        let ahead = arm.iter().zip(&against).map(|((step, a), (_, b))| (*step, a.mean > b.mean));
        let ahead: Vec<(usize, bool)> = ahead.collect();
        let behind = ahead.iter().rposition(|(_, ahead)| !ahead).map_or(0, |i| i + 1);
        ahead.get(behind).map(|(step, _)| *step)
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = |d: &Estimate| match (d.low, d.high) {
            (Some(low), Some(high)) => {
                format!("{:6.2} %  [{:.2}, {:.2}]", 100.0 * d.mean, 100.0 * low, 100.0 * high)
            }
            _ => format!("{:6.2} %  [one seed: no interval]", 100.0 * d.mean),
        };
        let protocols = self.protocols();
        for (i, protocol) in protocols.iter().enumerate() {
            writeln!(
                f,
                "{} top-1, {protocol}: mean [95 % interval], then each seed",
                self.dataset()
            )?;
            for arm in &self.arms {
                let values = arm.final_top1(i);
                let seeds: Vec<String> =
                    values.iter().map(|v| format!("{:.2}", 100.0 * v)).collect();
                writeln!(
                    f,
                    "  {:<10} {}   {}",
                    arm.arm.name,
                    percent(&mean(&values)),
                    seeds.join(" ")
                )?;
            }
            let untrained: Vec<f64> = self.arms.first().map_or(Vec::new(), |arm| {
                let first = arm.runs.iter().filter_map(|run| run.curve.first());
                first.filter(|p| p.step == 0).map(|p| p.scores[i].top1).collect()
            });
            if !untrained.is_empty() {
                writeln!(f, "  {:<10} {}", "untrained", percent(&mean(&untrained)))?;
            }
            for d in self.differences.iter().filter(|d| d.protocol == *protocol) {
                let name = format!("{} - {}", d.arm, d.against);
                let p = d.top1.p_value.map_or(String::new(), |p| format!("   p = {p:.3}"));
                writeln!(f, "  {name:<10} {}{p}", percent(&d.top1))?;
            }
        }
        for score in &self.baselines {
            writeln!(
                f,
                "  {:<24} {:6.2} %  ({})",
                score.views,
                100.0 * score.top1,
                score.protocol
            )?;
        }
        for warning in self.warnings() {
            writeln!(f, "  {warning}")?;
        }
        write!(f, "  {:<24} {:6.2} %", "guessing", 100.0 / self.classes.max(1) as f64)
    }
}
