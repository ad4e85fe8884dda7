use std::collections::HashMap;
use std::sync::Arc;

use sempairs_backbone::{AnyBackbone, weights};
use sempairs_data::{DataError, PairDataset};
use sempairs_eval::{Downstream, EvalError, Evaluate, Score, weights_identity};
use sempairs_internal::{note, summed_up};
use sempairs_objective::{Clock, Method, ObjectiveError};
use sempairs_train::{Checkpoints, MetricLine, RunDirectory, TrainError, Trainer, check_method};

use super::other_run::explained;
use super::{Finished, Runner, too_few};
use crate::Error;
use crate::comparison::{CurvePoint, RunResult};
use crate::context::ignored;
use crate::experiment::{Arm, Experiment, each_method};
use crate::scores::ScoreLog;

/// Steps that a message names before it only counts the rest.
const LISTED: usize = 10;

impl Runner {
    /// Pre-trains one arm with one seed, from its last checkpoint if there is one, and scores it.
    ///
    /// Scores that are there are not made again. Of those that are not, as after a change of the protocols,
    /// only the first and those from the checkpoint on can still be made; standard error names the others.
    ///
    /// # Errors
    ///
    /// Any [`Error`]; [`Error::Interrupted`] if it was stopped.
    pub fn pretrain(
        &self,
        experiment: &Experiment,
        arm: &Arm,
        seed: u64,
        downstream: &Downstream,
        untrained: &mut HashMap<u64, Vec<Score>>,
    ) -> Result<Finished, Error> {
        experiment.check(&experiment.name)?;
        let experiment = &self.in_steps(experiment)?;
        let pairs = self.pairs(experiment, arm, seed)?;
        let batch = experiment.training.batch;
        if pairs.len() < batch {
            return Err(too_few(experiment, arm, pairs.len()));
        }
        // Before a network or a queue is made.
        let fits = experiment.method.check_data(batch, pairs.len());
        fits.map_err(|error| unfit(experiment, error.into()))?;
        experiment.check_downstream(downstream)?;
        let run = Run { runner: self, experiment, arm, seed, downstream, pairs: Arc::new(pairs) };
        let backbone = experiment.backbone.init_seeded(&self.device, seed);
        each_method!(&experiment.method, config => {
            run.train(config.init(backbone, seed, &self.device), untrained)
        })
    }
}

/// One arm with one seed.
struct Run<'a> {
    runner: &'a Runner,
    experiment: &'a Experiment,
    arm: &'a Arm,
    seed: u64,
    downstream: &'a Downstream,
    pairs: Arc<PairDataset>,
}

impl Run<'_> {
    /// Trains and scores the method, whichever it is.
    fn train<M: Method<Backbone = AnyBackbone>>(
        &self,
        method: M,
        untrained: &mut HashMap<u64, Vec<Score>>,
    ) -> Result<Finished, Error> {
        let Run { runner, experiment, arm, seed, downstream, ref pairs } = *self;
        let steps = experiment.training.steps.unwrap_or(0);
        let dataset = pairs.clone();
        let pipelines = experiment.views.all_pipelines()?;
        check_method(&method, &dataset, &pipelines, experiment.training.batch)
            .map_err(|error| unfit(experiment, error))?;
        let identity = runner.identity(experiment, arm, seed, &dataset).to_string();
        let directory = RunDirectory::create(runner.run_folder(experiment, arm, seed))?;
        // A checkpoint of another run, or a damaged one, is refused before anything is overwritten.
        let only = Experiment { arms: vec![arm.clone()], seeds: vec![seed], ..experiment.clone() };
        let begun = Checkpoints::new(directory.checkpoint(), &identity).load();
        let begun = begun.map_err(|error| explained(error, &directory, &only, &dataset))?;
        let begun = begun.map_or(0, |checkpoint| checkpoint.step);
        directory.write(&directory.experiment(), only.to_toml().as_bytes())?;

        let label = format!("{} {} seed {seed}", experiment.name, arm.name);
        let trainer = Trainer {
            config: experiment.train_config(seed, steps, &runner.loader),
            dataset,
            pipelines,
            device: runner.device.clone(),
            identity: identity.clone(),
            progress: runner.progress,
            label: label.clone(),
            observe: observed(steps, experiment.evaluation.every),
            stop_on_collapse: runner.stop_on_collapse,
            interrupter: runner.interrupter.clone(),
            directory: directory.clone(),
        };
        let evaluation = &experiment.evaluation;
        let mut log = ScoreLog::open(directory.scores(), &identity, evaluation, begun, downstream)?;
        let lost = log.lost(&trainer.observe, begun);
        if !lost.is_empty() {
            let lost = summed_up(&lost, ", ", LISTED);
            note!(
                "{label}: the checkpoint is of step {begun}, too late to score steps [{lost}] as asked for"
            );
        }
        let scored = Downstream { progress: runner.is_plain(), ..downstream.clone() };
        let mut score = |backbone: &AnyBackbone, step: usize| -> Result<(), Error> {
            if log.has(step) {
                return Ok(());
            }
            if runner.interrupter.should_stop() {
                return Err(DataError::Interrupted.into());
            }
            let scores = match untrained.get(&seed).filter(|_| step == 0) {
                Some(scores) => scores.clone(),
                None => {
                    if runner.is_plain() {
                        note!("{label}  scoring at step {step}");
                    }
                    let scores = scored.run(backbone, &runner.device);
                    scores.map_err(|error| unscored(&label, step, error))?
                }
            };
            if step == 0 {
                untrained.insert(seed, scores.clone());
            }
            log.push(CurvePoint { step, scores }, weights_identity(backbone))
        };
        if begun > 0 {
            // The start needs no checkpoint.
            score(method.evaluated(), 0)?;
        }
        let outcome = trainer.run(method, |method: &M, clock: Clock| {
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
            note!("{label}: has collapsed, or learned nothing: {alarm}");
        }
        weights::save(&backbone, &directory.backbone())?;
        let mut curve = log.curve().to_vec();
        curve.retain(|point| trainer.observe.contains(&point.step));
        let bars = runner.with_bars(downstream);
        let invariance = ignored(&backbone, evaluation, &bars, &runner.device)?;
        let metrics = &outcome.metrics;
        let result = RunResult {
            seed,
            loss: metrics.iter().map(|line| (line.step, line.loss)).collect(),
            curve,
            invariance,
            collapse: metrics.iter().rev().find_map(|line| line.collapse),
            negatives: metrics.iter().rev().find_map(|line| line.negatives),
            alarms: outcome.alarms,
            pairs_per_second: median_pace(metrics),
        };
        Ok(Finished { backbone, result })
    }
}

/// The error of a run's network that cannot be scored, with the run if it is the network's own.
fn unscored(label: &str, step: usize, error: EvalError) -> Error {
    match error {
        EvalError::NotFinite | EvalError::Diverged { .. } => {
            Error::Unscored { run: label.into(), step, error }
        }
        other => other.into(),
    }
}

/// The error of a method that cannot learn from these data, with the key in the experiment's file.
fn unfit(experiment: &Experiment, error: TrainError) -> Error {
    let (key, reason) = match error {
        TrainError::Config { key, reason } => (key, reason),
        TrainError::Method(ObjectiveError::Config { key, reason }) => {
            (format!("method.{key}"), reason)
        }
        other => return other.into(),
    };
    Error::experiment(format!("experiment `{}`", experiment.name), format!("`{key}`: {reason}"))
}

/// The steps at which a run is scored: the start, every so many, and the end.
fn observed(steps: usize, every: Option<usize>) -> Vec<usize> {
    let mut observed: Vec<usize> = match every {
        Some(every) => (0..steps).step_by(every).collect(),
        None => vec![0],
    };
    observed.push(steps);
    observed
}

fn median_pace(lines: &[MetricLine]) -> f64 {
    let mut pace: Vec<f64> = lines.iter().map(|line| line.pairs_per_second).collect();
    pace.sort_by(f64::total_cmp);
    pace.get(pace.len() / 2).copied().unwrap_or(0.0)
}
