//! Times of runs, ours and published ones.

use sempairs_eval::stats::Estimate;

use super::{GridComparison, arm_of};
use crate::experiment::Published;

/// The time that the runs of an arm at a point of a grid train.
#[derive(Clone, Debug, PartialEq)]
pub struct TimeCell {
    /// Index of the point.
    pub point: usize,
    /// Name of the arm.
    pub arm: String,
    /// Mean time in seconds over the runs, without scoring; see
    /// [`Comparison::training_time`](crate::comparison::Comparison::training_time).
    pub seconds: Option<Estimate>,
    /// Throughput in pairs per second, the mean over the runs.
    pub pairs_per_second: Option<f64>,
    /// Published time, in the unit of its metric.
    pub published: Option<Published>,
}

/// Units of time that the metric of a published number may name, in seconds.
const UNITS: [(&str, f64); 4] =
    [("second", 1.0), ("minute", 60.0), ("hour", 3600.0), ("day", 86_400.0)];

impl Published {
    /// The value in seconds if the metric is a time: one whose first word is a unit, such as
    /// `hours on one A100`.
    pub fn seconds(&self) -> Option<f64> {
        let first = self.metric.split_whitespace().next()?;
        let unit = first.strip_suffix('s').unwrap_or(first);
        let (_, seconds) = UNITS.iter().find(|(name, _)| *name == unit)?;
        Some(seconds * self.value)
    }
}

impl GridComparison {
    /// The times of all arms at all points of which ours or a published one is known.
    pub fn times(&self) -> Vec<TimeCell> {
        let arms = self.arms();
        let all =
            (0..self.points.len()).flat_map(|point| arms.iter().map(move |arm| (point, *arm)));
        let cells = all.map(|(point, name)| {
            let comparison = self.points[point].as_ref();
            let found = comparison.and_then(|it| Some((it, arm_of(it, name)?)));
            let of_runs = found.filter(|(_, arm)| !arm.runs.is_empty());
            let rate = of_runs.map(|(_, arm)| {
                let rates = arm.runs.iter().map(|run| run.pairs_per_second);
                rates.sum::<f64>() / arm.runs.len() as f64
            });
            let stands = |entry: &&Published| {
                entry.seconds().is_some() && entry.arm == name && self.is_at(entry, point)
            };
            TimeCell {
                point,
                arm: name.to_owned(),
                seconds: of_runs.and_then(|(it, arm)| it.training_time(arm)),
                pairs_per_second: rate.filter(|rate| rate.is_finite() && *rate > 0.0),
                published: self.record.about.published.iter().find(stands).cloned(),
            }
        });
        cells.filter(|cell| cell.seconds.is_some() || cell.published.is_some()).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn a_published_time_begins_with_its_unit() {
        let of = |metric: &str| Published {
            at: BTreeMap::new(),
            arm: "sp".into(),
            dataset: "far".into(),
            value: 2.0,
            protocol: None,
            metric: metric.into(),
        };
        let metrics = ["hours of pre-training on one A100", "minutes", "day", "top-1", "AP50", ""];
        let found = metrics.map(|metric| of(metric).seconds());
        assert_eq!(found, [Some(7200.0), Some(120.0), Some(172_800.0), None, None, None]);
    }
}
