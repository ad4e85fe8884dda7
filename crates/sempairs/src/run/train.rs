//! The second step of a run: training, from the run's last checkpoint, from that of the run that it
//! continues, or from the start.

use std::fs;

use sempairs_backbone::BackboneFactory;
use sempairs_data::DataError;
use sempairs_objective::{Clock, Method};
use sempairs_train::{Checkpoint, Checkpoints, Outcome, RunDirectory, Trainer};

use super::check::{check_length, no_parent};
use super::checkpoint_mismatch::explained;
use super::prepare::{Parent, Prepared};
use super::record::ParentRecord;
use crate::Error;
use crate::experiment::Objective;

/// A run that has its directory and is ready to be trained.
pub(super) struct StartedRun {
    /// Directory of the run, which is locked.
    pub directory: RunDirectory,
    trainer: Trainer,
    /// The checkpoint that the run starts from.
    checkpoint: Option<Checkpoint>,
}

impl StartedRun {
    /// Creates and locks the directory of a run, loads the checkpoint that the run starts from, if
    /// there is one, and writes the run's `experiment.toml`. A damaged checkpoint or one of another
    /// run is an error before any file is overwritten. The checkpoint of the parent is taken out of
    /// `run`.
    pub fn new<M: Objective, B: BackboneFactory>(
        run: &mut Prepared<'_, M, B>,
    ) -> Result<Self, Error> {
        let directory = match run.directory.take() {
            Some(directory) => directory,
            None => RunDirectory::create(run.folder())?,
        };
        let runner = run.runner;
        let trainer = Trainer::new(
            run.study.train_config(run.seed, run.steps(), &runner.loader),
            run.pairs.clone(),
            run.pipelines.clone(),
            directory.clone(),
            runner.device.clone(),
        )
        .identity(&run.identity)
        .label(run.label())
        .progress(runner.progress)
        .observe(run.scored_steps())
        .stop_on_collapse(runner.stop_on_collapse)
        .interrupter(runner.interrupter.clone());
        let checkpoint = checkpoint(run, &trainer.checkpoints(), &directory)?;
        Ok(Self { directory, trainer, checkpoint })
    }

    /// Number of steps that were taken before.
    pub fn begun(&self) -> usize {
        self.checkpoint.as_ref().map_or(0, |checkpoint| checkpoint.step)
    }

    /// Trains `method`, and calls `score` with the evaluated network at each step that is scored.
    pub fn train<N: Method>(
        self,
        method: N,
        mut score: impl FnMut(&N::Backbone, usize) -> Result<(), Error>,
    ) -> Result<Outcome<N>, Error> {
        let Self { trainer, checkpoint, .. } = self;
        let outcome = trainer.run_from(checkpoint, method, |method: &N, clock: Clock| {
            score(method.evaluated(), clock.step).map_err(|error| match error.is_interruption() {
                true => DataError::Interrupted.into(),
                false => error.into(),
            })
        })?;
        match outcome.interrupted {
            true => Err(Error::Interrupted { step: outcome.clock.step }),
            false => Ok(outcome),
        }
    }
}

/// The checkpoint that a run starts from: its own, or that of the run that it continues.
fn checkpoint<M: Objective, B: BackboneFactory>(
    run: &mut Prepared<'_, M, B>,
    own: &Checkpoints,
    directory: &RunDirectory,
) -> Result<Option<Checkpoint>, Error> {
    let (study, steps, single) = (run.study, run.steps(), run.single());
    let begun = own.load();
    let beside = directory.experiment();
    let mut begun = begun.map_err(|error| explained(error, &beside, &single, &run.pairs))?;
    if let Some(parent) = &mut run.parent {
        let latest = parent.checkpoint.take();
        if begun.is_none() {
            let latest = latest.ok_or_else(|| no_parent(study, &parent.folder))?;
            check_length(study, steps, &parent.folder, latest.step)?;
            // The loss curve continues that of the parent.
            let (from, to) = (parent.folder.join("metrics.jsonl"), directory.metrics());
            if from.exists() && !to.exists() {
                let text = fs::read(&from).map_err(|e| Error::io(&from, e))?;
                directory.write(&to, &text)?;
            }
            begun = Some(latest);
        }
        let Parent { folder, identity, .. } = parent;
        let record = ParentRecord { folder: folder.clone(), identity: identity.clone() };
        record.write(directory.root())?;
    }
    directory.write(&directory.experiment(), single.to_toml().as_bytes())?;
    Ok(begun)
}
