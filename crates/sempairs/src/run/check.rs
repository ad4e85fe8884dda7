//! Checks of a study against its pairs and against the study that it extends.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sempairs_backbone::BackboneFactory;
use sempairs_data::{ConfigError, PairDataset, PictureSource as _};
use sempairs_internal::counted;
use sempairs_train::Checkpoints;

use super::record::ParentRecord;
use super::runner::Runner;
use crate::Error;
use crate::experiment::{Arm, Objective, Pictures, Study};

impl Runner {
    /// As [`pairs`](Self::pairs), but also checks that the study can be trained on them: as far as
    /// possible before the pictures are opened, and otherwise as soon as the pairs are drawn.
    ///
    /// # Errors
    /// [`Error::Config`] for fewer pairs than a batch, for other settings that do not fit the
    /// number of pairs, and for a run to extend that does not exist or has too many steps already;
    /// any error of [`pairs`](Self::pairs).
    pub fn checked_pairs<M: Objective, B: BackboneFactory>(
        &self,
        study: &Study<M, B>,
        arm: &Arm,
        seed: u64,
    ) -> Result<Arc<PairDataset>, Error> {
        self.check_unopened(study, arm, seed)?;
        let pairs = self.pairs(study, arm, seed)?;
        check_pairs(study, arm, pairs.len())?;
        Ok(pairs)
    }

    /// Makes those checks of a run that need no pictures.
    pub(super) fn check_unopened<M: Objective, B: BackboneFactory>(
        &self,
        study: &Study<M, B>,
        arm: &Arm,
        seed: u64,
    ) -> Result<(), Error> {
        if let Some(pairs) = known_pairs(study, arm)? {
            check_pairs(study, arm, pairs)?;
        }
        let Some(folder) = parent_folder(study, arm, seed) else { return Ok(()) };
        if self.stored_parent(study, arm, seed, &folder).is_some() {
            return Ok(());
        }
        let latest = Checkpoints::load_any(folder.join("checkpoint"))?;
        let (latest, _) = latest.ok_or_else(|| no_parent(study, &folder))?;
        match study.training.steps {
            // A length in epochs is converted to steps and checked later.
            Some(steps) if !self.has_begun(study, arm, seed) => {
                check_length(study, steps, &folder, latest.step)
            }
            _ => Ok(()),
        }
    }

    /// Returns true if a run has a checkpoint.
    fn has_begun<M: Objective, B: BackboneFactory>(
        &self,
        study: &Study<M, B>,
        arm: &Arm,
        seed: u64,
    ) -> bool {
        let own = self.run_folder(study, arm, seed).join("checkpoint");
        Checkpoints::new(own, "").newest().is_some()
    }

    /// Identity of the run in `folder`, if the run that continues it has begun and has stored it.
    pub(super) fn stored_parent<M: Objective, B: BackboneFactory>(
        &self,
        study: &Study<M, B>,
        arm: &Arm,
        seed: u64,
        folder: &Path,
    ) -> Option<String> {
        let ParentRecord { folder: stored, identity } =
            ParentRecord::read(&self.run_folder(study, arm, seed))?;
        (stored == folder && self.has_begun(study, arm, seed)).then_some(identity)
    }
}

/// Folder of the run that a run continues, if its study extends another one.
pub(super) fn parent_folder<M, B>(study: &Study<M, B>, arm: &Arm, seed: u64) -> Option<PathBuf> {
    Some(study.extends.as_ref()?.join(format!("{}-seed{seed}", arm.name)))
}

/// Number of pairs of an arm if its settings determine it: for the built-in scenes without a
/// manifest.
fn known_pairs<M, B>(study: &Study<M, B>, arm: &Arm) -> Result<Option<usize>, Error> {
    let Pictures::Scenes { per_class, .. } = &study.pictures else { return Ok(None) };
    let per_class = arm.per_class.unwrap_or(*per_class);
    let scenes = study.pictures.scene_source(per_class, 0)?;
    Ok(scenes.and_then(|scenes| arm.pairing.count(scenes.classes().len(), per_class)))
}

/// Checks that the method can be trained on this number of pairs, before a network or a queue is
/// allocated.
pub(super) fn check_pairs<M: Objective, B>(
    study: &Study<M, B>,
    arm: &Arm,
    pairs: usize,
) -> Result<(), Error> {
    batches(study, arm, pairs)?;
    let fits = study.method.check_data(study.training.batch, pairs);
    fits.map_err(|error| unfit(study, error.under("method")))
}

/// Number of batches in an epoch of an arm; an error if there are fewer pairs than a batch.
pub(super) fn batches<M, B>(study: &Study<M, B>, arm: &Arm, pairs: usize) -> Result<usize, Error> {
    let batch = study.training.batch;
    match pairs / batch {
        0 => {
            let pairs = counted(pairs, "pair");
            let reason = format!("is {batch}, but arm `{}` has {pairs}", arm.name);
            Err(unfit(study, ConfigError::new("training.batch", reason)))
        }
        batches => Ok(batches),
    }
}

/// Checks that a study continues the run in `folder`, which has `done` steps, with more steps.
pub(super) fn check_length<M, B>(
    study: &Study<M, B>,
    steps: usize,
    folder: &Path,
    done: usize,
) -> Result<(), Error> {
    if done < steps {
        return Ok(());
    }
    let reason = format!(
        "is {steps}, but the run to extend, {}, already has {done} steps; increase \
         `training.steps`",
        folder.display()
    );
    Err(unfit(study, ConfigError::new("training.steps", reason)))
}

/// The error of a study that extends another one whose run in `folder` has no checkpoint.
pub(super) fn no_parent<M, B>(study: &Study<M, B>, folder: &Path) -> Error {
    let reason = format!(
        "there is no checkpoint in {}; run that study first, or remove `extends`",
        folder.join("checkpoint").display()
    );
    unfit(study, ConfigError::new("extends", reason))
}

/// The error of a setting of a study.
pub(super) fn unfit<M, B>(study: &Study<M, B>, error: ConfigError) -> Error {
    Error::of_study(&study.name, error)
}
