//! The first step of a run: its pairs, their checks, and its identity.

use std::path::PathBuf;
use std::sync::Arc;

use sempairs_backbone::BackboneFactory;
use sempairs_data::{ConfigError, Identity, PairDataset};
use sempairs_train::limits::STEPS;
use sempairs_train::{Checkpoints, Pipelines, pairs_identity};

use super::runner::Runner;
use crate::Error;
use crate::experiment::{Arm, Objective, Study};

/// A run whose pairs are drawn and whose settings are checked.
pub(super) struct Prepared {
    /// The pairs.
    pub pairs: Arc<PairDataset>,
    /// The augmentation.
    pub pipelines: Pipelines,
    /// Hash of everything that the weights depend on.
    pub identity: String,
    /// The earlier run that this run continues.
    pub parent: Option<Parent>,
}

/// A run of an earlier study that is continued by a run of this study.
pub(super) struct Parent {
    /// Folder of the run.
    pub folder: PathBuf,
    /// Identity of the run.
    pub identity: String,
}

impl Parent {
    /// Checkpoints of the run.
    pub fn checkpoints(&self) -> Checkpoints {
        Checkpoints::new(self.folder.join("checkpoint"), &self.identity)
    }
}

impl Runner {
    /// Converts the length and the warm-up of a study from epochs of the first arm to steps. Every
    /// arm thus takes the same number of steps with the same learning-rate schedule, whatever its
    /// number of pairs.
    ///
    /// # Errors
    /// Any error of opening the first arm's pictures, and [`Error::Config`] if the arm has
    /// fewer pairs than a batch.
    pub fn in_steps<M: Objective, B: BackboneFactory>(
        &self,
        study: &Study<M, B>,
    ) -> Result<Study<M, B>, Error> {
        let mut study = study.clone();
        let training = &study.training;
        if training.epochs.is_none() && training.learning_rate.warmup_epochs == 0.0 {
            return Ok(study);
        }
        let pairs = self.pairs(&study, &study.arms[0], study.seeds[0])?.len();
        let per_epoch = pairs / training.batch;
        if per_epoch == 0 {
            return Err(too_few(&study, &study.arms[0], pairs));
        }
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
        // Repeats the checks, some of which depend on the number of steps.
        study.check(&format!("experiment `{}`", study.name))?;
        Ok(study)
    }

    /// Draws the pairs of a run and makes all checks that are possible before memory is allocated
    /// or files are written. The study's length must be in steps.
    pub(super) fn prepare<M: Objective, B: BackboneFactory>(
        &self,
        study: &Study<M, B>,
        arm: &Arm,
        seed: u64,
    ) -> Result<Prepared, Error> {
        let pairs = self.pairs(study, arm, seed)?;
        let batch = study.training.batch;
        if pairs.len() < batch {
            return Err(too_few(study, arm, pairs.len()));
        }
        // This is checked before a network or a queue is allocated.
        let fits = study.method.check_data(batch, pairs.len());
        fits.map_err(|error| unfit(study, error.under("method")))?;
        let parent = self.parent(study, arm, seed)?;
        let identity = self.identity(study, arm, seed, &pairs, parent.as_ref())?.to_string();
        let pipelines = study.views.all_pipelines()?;
        Ok(Prepared { pairs, pipelines, identity, parent })
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

    /// The run of an earlier study that this run continues, if the study extends another one.
    fn parent<M: Objective, B: BackboneFactory>(
        &self,
        study: &Study<M, B>,
        arm: &Arm,
        seed: u64,
    ) -> Result<Option<Parent>, Error> {
        let Some(extended) = &study.extends else { return Ok(None) };
        let folder = extended.join(format!("{}-seed{seed}", arm.name));
        match Checkpoints::identity_of(folder.join("checkpoint"))? {
            Some(identity) => Ok(Some(Parent { folder, identity })),
            None => {
                let reason = format!(
                    "there is no checkpoint in {}; run that study first, or remove `extends`",
                    folder.join("checkpoint").display()
                );
                Err(unfit(study, ConfigError::new("extends", reason)))
            }
        }
    }
}

/// The error of an arm with fewer pairs than a batch.
fn too_few<M, B>(study: &Study<M, B>, arm: &Arm, pairs: usize) -> Error {
    let batch = study.training.batch;
    let reason = format!("is {batch}, but arm `{}` has {pairs} pairs", arm.name);
    unfit(study, ConfigError::new("training.batch", reason))
}

/// The error of a setting of a study.
pub(super) fn unfit<M, B>(study: &Study<M, B>, error: ConfigError) -> Error {
    Error::config(format!("experiment `{}`", study.name), error)
}
