//! The second and third steps of a run: training and scoring.

use std::fs;

use sempairs_backbone::weights::{self, LoadOptions, Prefix};
use sempairs_backbone::{AnyBackbone, BackboneFactory};
use sempairs_data::{ConfigError, DataError};
use sempairs_eval::{Downstream, EvalError, Evaluate, weights_identity};
use sempairs_internal::{failpoint, join_limited, note};
use sempairs_objective::{Clock, Method};
use sempairs_train::{Checkpoint, Checkpoints, MetricLine, RunDirectory, Trainer, check_method};

use super::checkpoint_mismatch::explained;
use super::measure::invariance_report;
use super::prepare::{Prepared, unfit};
use super::record;
use super::runner::Runner;
use super::score_log::ScoreLog;
use crate::Error;
use crate::comparison::{CurvePoint, RunResult};
use crate::experiment::Study;
use crate::experiment::{Arm, Objective, UseMethod};

/// Maximum number of steps in a message; the others are only counted.
const LISTED: usize = 10;

/// A finished run.
pub struct Finished<B = AnyBackbone> {
    /// The backbone, in evaluation mode.
    pub backbone: B,
    /// The scores and the logged metrics.
    pub result: RunResult,
}

impl Runner {
    /// Pre-trains and scores one arm with one seed, from its last checkpoint if there is one.
    /// Existing scores are not recomputed. Of missing scores, for example after a change of the
    /// protocols, only those of step 0 and of steps from the checkpoint on can still be computed;
    /// the other steps are listed on standard error.
    ///
    /// # Errors
    /// Any [`Error`]; [`Error::Interrupted`] if the run was stopped.
    pub fn pretrain<M: Objective, B: BackboneFactory>(
        &self,
        study: &Study<M, B>,
        arm: &Arm,
        seed: u64,
        downstream: &Downstream,
    ) -> Result<Finished<B::Backbone>, Error> {
        study.check(&study.name)?;
        let study = &self.in_steps(study)?;
        let prepared = self.prepare(study, arm, seed)?;
        study.check_downstream(downstream)?;
        let mut backbone = study.backbone.init_seeded(&self.device, seed);
        if let Some(path) = study.backbone.weights() {
            backbone = weights::load(backbone, path, &LoadOptions { prefix: Prefix::Common })?;
        }
        let run = Run { runner: self, study, arm, seed, downstream, prepared };
        study.method.init_for(backbone, seed, &self.device, run)
    }
}

/// One run: one arm with one seed.
struct Run<'a, M, B> {
    runner: &'a Runner,
    study: &'a Study<M, B>,
    arm: &'a Arm,
    seed: u64,
    downstream: &'a Downstream,
    prepared: Prepared,
}

impl<M: Objective, B: BackboneFactory> UseMethod<B::Backbone> for Run<'_, M, B> {
    type Output = Result<Finished<B::Backbone>, Error>;

    /// Trains and scores the method.
    fn with<N: Method<Backbone = B::Backbone>>(self, method: N) -> Self::Output {
        let Run { runner, study, arm, seed, downstream, ref prepared } = self;
        let Prepared { pairs, pipelines, identity, .. } = prepared;
        let steps = study.training.steps.unwrap_or(0);
        check_method(&method, pairs, pipelines, study.training.batch)
            .map_err(|error| unfit(study, error))?;
        let directory = RunDirectory::create(runner.run_folder(study, arm, seed))?;
        let config = study.train_config(seed, steps, &runner.loader);
        let label = format!("{} {} seed {seed}", study.name, arm.name);
        let scored_steps = scored_steps(steps, study.evaluation.every);
        let trainer = Trainer::new(
            config,
            pairs.clone(),
            pipelines.clone(),
            directory.clone(),
            runner.device.clone(),
        )
        .identity(identity)
        .label(&label)
        .progress(runner.progress)
        .observe(scored_steps.clone())
        .stop_on_collapse(runner.stop_on_collapse)
        .interrupter(runner.interrupter.clone());
        let checkpoint = self.checkpoint_to_resume(&trainer.checkpoints(), &directory)?;
        let begun = checkpoint.as_ref().map_or(0, |checkpoint| checkpoint.step);

        let evaluation = &study.evaluation;
        let mut log = ScoreLog::open(directory.scores(), identity, evaluation, begun, downstream)?;
        let lost = log.lost(&scored_steps, begun);
        if !lost.is_empty() {
            let lost = join_limited(&lost, ", ", LISTED);
            note!(
                "{label}: steps [{lost}] cannot be scored any more, as the checkpoint is of step \
                 {begun}"
            );
        }
        let scored = Downstream { progress: runner.is_plain(), ..downstream.clone() };
        let mut score = |backbone: &B::Backbone, step: usize| -> Result<(), Error> {
            if log.has(step) {
                return Ok(());
            }
            if runner.interrupter.should_stop() {
                return Err(DataError::Interrupted.into());
            }
            let weights = weights_identity(backbone);
            let make = || {
                if runner.is_plain() {
                    note!("{label}  scoring at step {step}");
                }
                let scores = scored.run(backbone, &runner.device);
                scores.map_err(|error| unscored(&label, step, error))
            };
            let scores = match step {
                0 => runner.untrained.of(weights, evaluation, downstream, make)?,
                _ => make()?,
            };
            failpoint("scored", step);
            log.push(CurvePoint { step, scores }, weights)
        };
        if begun > 0 {
            // Step 0 can be scored without a checkpoint.
            score(method.evaluated(), 0)?;
        }
        let outcome = trainer.run_from(checkpoint, method, |method: &N, clock: Clock| {
            score(method.evaluated(), clock.step).map_err(|error| match error.is_interruption() {
                true => DataError::Interrupted.into(),
                false => error.into(),
            })
        })?;
        let backbone = outcome.method.evaluated().clone();
        if outcome.interrupted {
            return Err(Error::Interrupted { step: outcome.clock.step });
        }
        for alarm in &outcome.alarms {
            note!("{label}: has collapsed or learned nothing: {alarm}");
        }
        weights::save(&backbone, &directory.backbone())?;
        let mut curve = log.curve().to_vec();
        curve.retain(|point| scored_steps.contains(&point.step));
        let bars = runner.with_bars(downstream);
        let invariance = invariance_report(&backbone, evaluation, &bars, &runner.device)?;
        let metrics = &outcome.metrics;
        let result = RunResult {
            seed,
            loss: metrics.iter().map(|line| (line.step, line.loss)).collect(),
            curve,
            invariance,
            collapse: metrics.iter().rev().find_map(|line| line.collapse),
            negatives: metrics.iter().rev().find_map(|line| line.negatives),
            alarms: outcome.alarms,
            pairs_per_second: median_throughput(metrics),
        };
        record::write_result(directory.root(), &result)?;
        Ok(Finished { backbone, result })
    }
}

impl<M: Objective, B: BackboneFactory> Run<'_, M, B> {
    /// The checkpoint to resume from: that of this run, or that of the run which this run
    /// continues. A damaged checkpoint or one of another run is an error before any file is
    /// overwritten.
    fn checkpoint_to_resume(
        &self,
        own: &Checkpoints,
        directory: &RunDirectory,
    ) -> Result<Option<Checkpoint>, Error> {
        let Run { study, arm, seed, ref prepared, .. } = *self;
        let (arms, seeds) = (vec![arm.clone()], vec![seed]);
        let only = Study { arms, seeds, ..study.clone() };
        let begun = own.load();
        let mut begun =
            begun.map_err(|error| explained(error, directory, &only, &prepared.pairs))?;
        if let (None, Some(parent)) = (&begun, &prepared.parent) {
            begun = parent.checkpoints().load()?;
            let done = begun.as_ref().map_or(0, |checkpoint| checkpoint.step);
            let steps = study.training.steps.unwrap_or(0);
            if done >= steps {
                let reason = format!(
                    "is {steps}, but the run to extend, {}, already has {done} steps; increase \
                     `training.steps`",
                    parent.folder.display()
                );
                return Err(unfit(study, ConfigError::new("training.steps", reason)));
            }
            // The loss curve continues that of the parent.
            let (from, to) = (parent.folder.join("metrics.jsonl"), directory.metrics());
            if from.exists() && !to.exists() {
                let text = fs::read(&from).map_err(|e| Error::io(&from, e))?;
                directory.write(&to, &text)?;
            }
        }
        directory.write(&directory.experiment(), only.to_toml().as_bytes())?;
        Ok(begun)
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

/// The steps at which a run is scored: step 0, every `every` steps, and the last step.
fn scored_steps(steps: usize, every: Option<usize>) -> Vec<usize> {
    let mut scored: Vec<usize> = match every {
        Some(every) => (0..steps).step_by(every).collect(),
        None => vec![0],
    };
    scored.push(steps);
    scored
}

fn median_throughput(lines: &[MetricLine]) -> f64 {
    let mut rates: Vec<f64> = lines.iter().map(|line| line.pairs_per_second).collect();
    rates.sort_by(f64::total_cmp);
    rates.get(rates.len() / 2).copied().unwrap_or(0.0)
}
