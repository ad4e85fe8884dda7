//! Summary statistics of a comparison for the report; missing and non-finite scores are ignored.

use sempairs_eval::stats::Estimate;

use crate::comparison::{ArmResult, Comparison, ScoreName};

/// The top-1 accuracy at the last step of the run of each seed; NaN for missing runs.
pub fn finals(arm: &ArmResult, name: ScoreName, seeds: &[u64]) -> Vec<f64> {
    let values = arm.final_top1(name);
    let value = |seed: &u64| values.iter().find(|(of, _)| of == seed).map(|(_, top1)| *top1);
    seeds.iter().map(|seed| value(seed).unwrap_or(f64::NAN)).collect()
}

/// The arm that leads at the end of training, by the mean over the seeds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lead<'a> {
    /// Name of the leading arm.
    pub ahead: &'a str,
    /// Name of the other arm.
    pub behind: &'a str,
    /// First scored step from which it stays ahead.
    pub since: usize,
    /// True if the other arm was ahead before.
    pub overtook: bool,
}

/// Determines which of two arms leads and since which step; `None` if neither does, or if scores
/// are missing.
pub fn lead<'a>(
    comparison: &'a Comparison,
    [one, two]: [&'a ArmResult; 2],
    protocol: usize,
) -> Option<Lead<'a>> {
    let name = comparison.score_name(protocol);
    let curves = [one, two].map(|arm| arm.curve(name));
    let complete = |arm: &ArmResult| {
        let points = || arm.runs.iter().flat_map(|run| &run.curve);
        arm.steps() == one.steps()
            && arm.runs.iter().all(|run| run.curve.len() == arm.steps().len())
            && points().all(|point| point.top1(name).is_finite())
    };
    if !complete(one) || !complete(two) {
        return None;
    }
    let lead = |ahead: &'a ArmResult, behind: &'a ArmResult, curves: [&[(usize, Estimate)]; 2]| {
        let (ahead, behind) = (ahead.arm.name.as_str(), behind.arm.name.as_str());
        let since = comparison.crossing(ahead, behind, protocol)?;
        let before = curves[0].iter().zip(curves[1]).take_while(|((step, _), _)| *step < since);
        let overtook = before.into_iter().any(|((_, ahead), (_, behind))| behind.mean > ahead.mean);
        Some(Lead { ahead, behind, since, overtook })
    };
    lead(one, two, [&curves[0], &curves[1]]).or_else(|| lead(two, one, [&curves[1], &curves[0]]))
}
