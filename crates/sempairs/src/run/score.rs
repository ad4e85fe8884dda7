//! The third step of a run, which alternates with the second: scoring the network.

use std::path::PathBuf;

use sempairs_backbone::{Backbone, BackboneFactory};
use sempairs_data::{DataError, Identity};
use sempairs_eval::{Downstream, EvalError, Score, weights_identity};
use sempairs_internal::{failpoint, join_limited, note};

use super::prepare::Prepared;
use super::runner::Runner;
use super::score_log::ScoreLog;
use crate::Error;
use crate::comparison::CurvePoint;
use crate::experiment::{Evaluations, Objective};

/// Maximum number of steps in a message; the others are only counted.
const LISTED: usize = 10;

/// Scores the network of a run, and stores the scores in the run's directory.
pub(super) struct Scorer<'a> {
    runner: &'a Runner,
    evaluations: &'a Evaluations,
    /// The data sets, in the order of the evaluations.
    downstream: &'a [Downstream],
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
        downstream: &'a [Downstream],
    ) -> Result<Self, Error> {
        let (evaluations, steps) = (&run.study.evaluation, run.scored_steps());
        let log = ScoreLog::open(path, &run.identity, evaluations, begun, downstream)?;
        let label = run.label();
        let scorer = Self { runner: run.runner, evaluations, downstream, label, steps, log };
        scorer.tell_lost(begun);
        Ok(scorer)
    }

    /// Lists on standard error which steps cannot be scored any more, for each data set.
    fn tell_lost(&self, begun: usize) {
        let Self { label, steps, log, .. } = self;
        for index in 0..self.evaluations.len() {
            let lost = log.lost(index, steps, begun);
            if !lost.is_empty() {
                let (lost, place) = (join_limited(&lost, ", ", LISTED), self.place(index));
                note!(
                    "{label}: steps [{lost}] cannot be scored{place} any more, as the checkpoint \
                     is of step {begun}"
                );
            }
        }
    }

    /// The name of a data set in messages, as in ` on cifar10`; empty if there is only one.
    fn place(&self, index: usize) -> String {
        match self.evaluations.len() {
            1 => String::new(),
            _ => format!(" on {}", self.evaluations[index].dataset),
        }
    }

    /// Scores the network after `step` steps on the data sets on which that step does not have its
    /// scores.
    pub fn score<B: Backbone>(&mut self, backbone: &B, step: usize) -> Result<(), Error> {
        let missing = self.log.missing(step);
        if missing.is_empty() {
            return Ok(());
        }
        let weights = weights_identity(backbone);
        for index in missing {
            if self.runner.interrupter.should_stop() {
                return Err(DataError::Interrupted.into());
            }
            let scores = self.scores(backbone, weights, step, index)?;
            failpoint("scored", step);
            // Stored data set by data set, so that an interruption loses as little as possible.
            self.log.push(index, CurvePoint { step, scores }, weights)?;
        }
        Ok(())
    }

    /// The scores of the network with these weights on the data set with this index.
    fn scores<B: Backbone>(
        &self,
        backbone: &B,
        weights: Identity,
        step: usize,
        index: usize,
    ) -> Result<Vec<Score>, Error> {
        let (label, place, runner) = (&self.label, self.place(index), self.runner);
        let (evaluation, downstream) = (&self.evaluations[index], &self.downstream[index]);
        let make = || {
            if runner.is_plain() {
                note!("{label}  scoring{place} at step {step}");
            }
            let scored = Downstream { progress: runner.is_plain(), ..downstream.clone() };
            let scores = scored.run(backbone, &runner.device);
            scores.map_err(|error| match error {
                // These are caused by the network.
                EvalError::NotFinite | EvalError::Diverged { .. } => {
                    Error::Unscored { run: format!("{label}{place}"), step, error }
                }
                other => other.under(&self.evaluations.key(index)).into(),
            })
        };
        match step {
            0 => runner.untrained.of(weights, evaluation, downstream, make),
            _ => make(),
        }
    }

    /// The scores on all data sets at the steps at which the run is scored, as far as they are
    /// known.
    pub fn curve(&self) -> Vec<CurvePoint> {
        let mut curve = self.log.curve();
        curve.retain(|point| self.steps.contains(&point.step));
        curve
    }
}
