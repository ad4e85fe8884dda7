//! The end of a run: its weights, and its result, of which comparisons are made.

use sempairs_backbone::{AnyBackbone, BackboneFactory, weights};
use sempairs_eval::Downstream;
use sempairs_internal::note;
use sempairs_objective::Method;
use sempairs_train::{MetricLine, Outcome, RunDirectory};

use super::measure::invariance_report;
use super::prepare::Prepared;
use super::record;
use crate::Error;
use crate::comparison::{CurvePoint, RunResult};
use crate::experiment::Objective;

/// A finished run.
pub struct Finished<B = AnyBackbone> {
    /// The backbone, in evaluation mode.
    pub backbone: B,
    /// The scores and the logged metrics.
    pub result: RunResult,
}

/// Writes the weights and the result of a trained run into its directory. Signs of collapse are
/// listed on standard error.
pub(super) fn finish<M: Objective, B: BackboneFactory, N: Method>(
    run: &Prepared<'_, M, B>,
    directory: &RunDirectory,
    downstream: &[Downstream],
    outcome: Outcome<N>,
    curve: Vec<CurvePoint>,
) -> Result<Finished<N::Backbone>, Error> {
    let Prepared { runner, study, seed, .. } = *run;
    let label = run.label();
    for alarm in &outcome.alarms {
        note!("{label}: has collapsed or learned nothing: {alarm}");
    }
    let backbone = outcome.method.evaluated().clone();
    weights::save(&backbone, &directory.backbone())?;
    let bars = runner.with_bars(downstream);
    let invariance = invariance_report(&backbone, &study.evaluation, &bars, &runner.device)?;
    let metrics = &outcome.metrics;
    let result = RunResult {
        seed,
        loss: metrics.iter().map(|line| (line.step, line.loss)).collect(),
        chance: outcome.method.chance(study.training.batch),
        information: metrics
            .iter()
            .filter_map(|line| Some((line.step, line.information_bound?)))
            .collect(),
        curve,
        invariance,
        collapse: metrics.iter().rev().find_map(|line| line.collapse),
        negatives: metrics.iter().rev().find_map(|line| line.negatives),
        alarms: outcome.alarms,
        pairs_per_second: median_throughput(metrics),
    };
    record::write_result(directory.root(), &run.identity, &result)?;
    Ok(Finished { backbone, result })
}

fn median_throughput(lines: &[MetricLine]) -> f64 {
    let mut rates: Vec<f64> = lines.iter().map(|line| line.pairs_per_second).collect();
    rates.sort_by(f64::total_cmp);
    rates.get(rates.len() / 2).copied().unwrap_or(0.0)
}
