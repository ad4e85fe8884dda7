//! The third step of a run, which alternates with the second: scoring the network.

use std::path::PathBuf;

use sempairs_backbone::{Backbone, BackboneFactory};
use sempairs_data::DataError;
use sempairs_eval::{Downstream, EvalError, weights_identity};
use sempairs_internal::{failpoint, join_limited, note};

use super::prepare::Prepared;
use super::runner::Runner;
use super::score_log::ScoreLog;
use crate::Error;
use crate::comparison::CurvePoint;
use crate::experiment::{Evaluation, Objective};

/// Maximum number of steps in a message; the others are only counted.
const LISTED: usize = 10;

/// Scores the network of a run, and stores the scores in the run's directory.
pub(super) struct Scorer<'a> {
    runner: &'a Runner,
    evaluation: &'a Evaluation,
    downstream: &'a Downstream,
    /// Name of the run in messages.
    label: String,
    /// The steps at which the run is scored.
    steps: Vec<usize>,
    log: ScoreLog,
}

impl<'a> Scorer<'a> {
    /// Opens the scores in the file `path` of a run that continues after `begun` steps. Steps
    /// without a score that cannot be scored any more are listed on standard error.
    pub fn open<M: Objective, B: BackboneFactory>(
        run: &Prepared<'a, M, B>,
        path: PathBuf,
        begun: usize,
        downstream: &'a Downstream,
    ) -> Result<Self, Error> {
        let (evaluation, steps) = (&run.study.evaluation, run.scored_steps());
        let log = ScoreLog::open(path, &run.identity, evaluation, begun, downstream)?;
        let label = run.label();
        let lost = log.lost(&steps, begun);
        if !lost.is_empty() {
            let lost = join_limited(&lost, ", ", LISTED);
            note!(
                "{label}: steps [{lost}] cannot be scored any more, as the checkpoint is of step \
                 {begun}"
            );
        }
        Ok(Self { runner: run.runner, evaluation, downstream, label, steps, log })
    }

    /// Scores the network after `step` steps, unless that step has its scores.
    pub fn score<B: Backbone>(&mut self, backbone: &B, step: usize) -> Result<(), Error> {
        if self.log.has(step) {
            return Ok(());
        }
        let Self { runner, evaluation, downstream, .. } = *self;
        if runner.interrupter.should_stop() {
            return Err(DataError::Interrupted.into());
        }
        let weights = weights_identity(backbone);
        let label = &self.label;
        let make = || {
            if runner.is_plain() {
                note!("{label}  scoring at step {step}");
            }
            let scored = Downstream { progress: runner.is_plain(), ..downstream.clone() };
            let scores = scored.run(backbone, &runner.device);
            scores.map_err(|error| unscored(label, step, error))
        };
        let scores = match step {
            0 => runner.untrained.of(weights, evaluation, downstream, make)?,
            _ => make()?,
        };
        failpoint("scored", step);
        self.log.push(CurvePoint { step, scores }, weights)
    }

    /// The scores at the steps at which the run is scored, as far as they are known.
    pub fn curve(&self) -> Vec<CurvePoint> {
        let mut curve = self.log.curve().to_vec();
        curve.retain(|point| self.steps.contains(&point.step));
        curve
    }
}

/// Adds the run and the step to an evaluation error that is caused by the network.
fn unscored(label: &str, step: usize, error: EvalError) -> Error {
    match error {
        EvalError::NotFinite | EvalError::Diverged { .. } => {
            Error::Unscored { run: label.into(), step, error }
        }
        other => other.under("evaluation").into(),
    }
}
