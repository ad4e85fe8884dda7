//! The first step of a run: its pairs, their checks, and its identity.

use std::path::PathBuf;
use std::sync::Arc;

use sempairs_backbone::BackboneFactory;
use sempairs_data::{ConfigError, Identity, PairDataset};
use sempairs_train::limits::STEPS;
use sempairs_train::{Checkpoint, Checkpoints, Pipelines, RunDirectory, pairs_identity};

use super::check::{batches, check_pairs, no_parent, parent_folder, unfit};
use super::runner::Runner;
use crate::Error;
use crate::error::study_origin;
use crate::experiment::{Arm, Objective, Study};

/// One arm of a study with one seed, whose pairs are drawn and whose settings are checked.
pub(super) struct Prepared<'a, M, B> {
    /// The environment.
    pub runner: &'a Runner,
    /// The study, whose length is in steps.
    pub study: &'a Study<M, B>,
    /// The arm.
    pub arm: &'a Arm,
    /// The seed.
    pub seed: u64,
    /// The pairs.
    pub pairs: Arc<PairDataset>,
    /// The augmentation.
    pub pipelines: Pipelines,
    /// Hash of everything that the weights depend on.
    pub identity: String,
    /// The earlier run that this run continues.
    pub parent: Option<Parent>,
    /// Directory of the run, if it is locked already.
    pub directory: Option<RunDirectory>,
}

/// A run of an earlier study that is continued by a run of this study.
pub(super) struct Parent {
    /// Folder of the run.
    pub folder: PathBuf,
    /// Identity of the run.
    pub identity: String,
    /// Newest checkpoint of the run; `None` if there is none any more and this run has its own.
    pub checkpoint: Option<Checkpoint>,
}

impl<M: Objective, B: BackboneFactory> Prepared<'_, M, B> {
    /// Folder of the run.
    pub fn folder(&self) -> PathBuf {
        self.runner.run_folder(self.study, self.arm, self.seed)
    }

    /// Name of the run in messages.
    pub fn label(&self) -> String {
        format!("{} {} seed {}", self.study.name, self.arm.name, self.seed)
    }

    /// Number of steps.
    pub fn steps(&self) -> usize {
        self.study.training.steps.unwrap_or(0)
    }

    /// The steps at which the run is scored: step 0, every `evaluation.every` steps, and the last
    /// step.
    pub fn scored_steps(&self) -> Vec<usize> {
        let mut scored: Vec<usize> = match self.study.evaluation.every() {
            Some(every) => (0..self.steps()).step_by(every).collect(),
            None => vec![0],
        };
        scored.push(self.steps());
        scored
    }

    /// The study without other arms and seeds.
    pub fn single(&self) -> Study<M, B> {
        Study { arms: vec![self.arm.clone()], seeds: vec![self.seed], ..self.study.clone() }
    }
}

impl Runner {
    /// Converts the length and the warm-up of a study from epochs of the first arm to steps. Every
    /// arm thus takes the same number of steps with the same learning-rate schedule, whatever its
    /// number of pairs. The study must have been [checked](Study::check).
    ///
    /// # Errors
    /// Any error of opening the first arm's pictures, and [`Error::Config`] if the arm has
    /// fewer pairs than a batch or the number of steps is out of range.
    pub fn in_steps<M: Objective, B: BackboneFactory>(
        &self,
        study: &Study<M, B>,
    ) -> Result<Study<M, B>, Error> {
        let mut study = study.clone();
        let training = &study.training;
        if training.epochs.is_none() && training.learning_rate.warmup_epochs == 0.0 {
            return Ok(study);
        }
        let pairs = self.pairs(&study, &study.arms[0], study.seeds[0])?;
        let per_epoch = batches(&study, &study.arms[0], pairs.len())?;
        let training = &mut study.training;
        if let Some(epochs) = training.epochs.take() {
            let steps = epochs.saturating_mul(per_epoch);
            if !STEPS.contains(&steps) {
                let most = STEPS.end();
                let reason = format!("is {epochs}, which is {steps} steps; the maximum is {most}");
                return Err(unfit(&study, ConfigError::new("training.epochs", reason)));
            }
            training.steps = Some(steps);
        }
        let rate = &mut training.learning_rate;
        if rate.warmup_epochs > 0.0 {
            // A warm-up that exceeds the maximum number of steps never ends, so its exact length
            // does not matter.
            let steps = (rate.warmup_epochs * per_epoch as f64).round() as usize;
            rate.warmup_steps = Some(steps.min(*STEPS.end()));
            rate.warmup_epochs = 0.0;
        }
        // Some checks, such as that of `evaluation.every`, need the number of steps.
        study.check(&study_origin(&study.name))?;
        Ok(study)
    }

    /// Draws the pairs of a run, unless they are still in use, and makes all checks of them that
    /// are possible before memory is allocated or files are written. The study's values must have
    /// been checked, and its length must be in steps.
    pub(super) fn prepare<'a, M: Objective, B: BackboneFactory>(
        &'a self,
        study: &'a Study<M, B>,
        arm: &'a Arm,
        seed: u64,
    ) -> Result<Prepared<'a, M, B>, Error> {
        let pairs = self.pairs(study, arm, seed)?;
        check_pairs(study, arm, pairs.len())?;
        let parent = self.parent(study, arm, seed)?;
        let identity = self.identity(study, arm, seed, &pairs, parent.as_ref())?.to_string();
        let pipelines = study.views.all_pipelines()?;
        let (runner, directory) = (self, None);
        Ok(Prepared { runner, study, arm, seed, pairs, pipelines, identity, parent, directory })
    }

    /// A hash of everything that a run's weights depend on: the settings of the study, the backend,
    /// the pictures of each pair, the file of initial weights, and the run that this one continues.
    fn identity<M: Objective, B: BackboneFactory>(
        &self,
        study: &Study<M, B>,
        arm: &Arm,
        seed: u64,
        pairs: &PairDataset,
        parent: Option<&Parent>,
    ) -> Result<Identity, Error> {
        let settings = study.run_identity(arm, seed).to_string();
        let identity =
            Identity::new().and_field(settings.as_bytes()).and_field(self.backend().as_bytes());
        let mut identity = pairs_identity(identity, pairs);
        if let Some(path) = study.backbone.weights() {
            let bytes = std::fs::read(path).map_err(|e| Error::io(path, e))?;
            identity = identity.and_field(b"weights").and_field(&bytes);
        }
        if let Some(parent) = parent {
            identity = identity.and_field(b"extends").and_field(parent.identity.as_bytes());
        }
        Ok(identity)
    }

    /// The run of an earlier study that this run continues, if the study extends another one. A run
    /// that has begun knows its identity, so the run itself may be gone.
    fn parent<M: Objective, B: BackboneFactory>(
        &self,
        study: &Study<M, B>,
        arm: &Arm,
        seed: u64,
    ) -> Result<Option<Parent>, Error> {
        let Some(folder) = parent_folder(study, arm, seed) else { return Ok(None) };
        if let Some((checkpoint, identity)) = Checkpoints::load_any(folder.join("checkpoint"))? {
            return Ok(Some(Parent { folder, identity, checkpoint: Some(checkpoint) }));
        }
        match self.stored_parent(study, arm, seed, &folder) {
            Some(identity) => Ok(Some(Parent { folder, identity, checkpoint: None })),
            None => Err(no_parent(study, &folder)),
        }
    }
}
