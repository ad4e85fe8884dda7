use sempairs_backbone::BackboneFactory;
use sempairs_data::sources::Stl10Split;
use sempairs_data::{DataError, Pairing};
use sempairs_eval::{Downstream, EvalError, EvaluationProtocol as _};
use sempairs_objective::ObjectiveError;
use sempairs_train::limits::{EPOCHS, STEPS};
use sempairs_train::{LoaderConfig, TrainError};

use super::bounds::{MAX_PER_CLASS, MAX_SEED};
use super::key_error::KeyError;
use super::study::Study;
use super::{Arm, Evaluation, Objective, Pictures, Training, names, sizes};
use crate::Error;

impl<M: Objective, B: BackboneFactory> Study<M, B> {
    /// Checks that all values are in their ranges; `file` is the file name used in error messages.
    ///
    /// # Errors
    /// [`Error::Experiment`] with the file, the full key, such as `arms[1].pairing`, and the
    /// reason.
    pub fn check(&self, file: &str) -> Result<(), Error> {
        self.check_values().map_err(|error| Error::experiment(file, error.to_string()))
    }

    /// Checks that a backbone can be scored on the evaluation's data; call it once the data are
    /// open.
    ///
    /// # Errors
    /// As [`Downstream::check`]; [`Error::Experiment`] with the full key, such as
    /// `evaluation.protocols[1].k`, if two protocols are equivalent on these data.
    pub fn check_downstream(&self, downstream: &Downstream) -> Result<(), Error> {
        downstream.check().map_err(|error| match error {
            EvalError::SameProtocol { index, key, reason } => {
                let error = KeyError::new(format!("{}.{key}", protocol_key(index)), reason);
                let experiment = format!("experiment `{}`", self.name);
                Error::experiment(experiment, error.to_string())
            }
            other => other.into(),
        })
    }

    pub(super) fn check_values(&self) -> Result<(), KeyError> {
        names::folder("name", &self.name)?;
        self.pictures.check("pictures")?;
        arms(&self.arms, &self.pictures)?;
        seeds(&self.seeds)?;
        self.views.build_all()?;
        self.check_backbone()?;
        let method = |error: ObjectiveError| match error {
            ObjectiveError::Config { key, reason } => {
                KeyError::new(format!("method.{key}"), reason)
            }
            other => KeyError::new("method", other),
        };
        self.method.check().map_err(method)?;
        self.check_training()?;
        // The number of pairs is known only once the pictures are open.
        self.method.check_data(self.training.batch, usize::MAX).map_err(method)?;
        evaluation(&self.evaluation)?;
        sizes::check(self)
    }

    /// Warnings about settings that are valid but probably a mistake: one sentence each, with the
    /// key.
    pub fn warnings(&self) -> Vec<String> {
        let mut found = self.views.warnings();
        found.extend(self.endless_warmup());
        found
    }

    /// Warning about a warm-up that is at least as long as the run, so that the learning rate stays
    /// below its peak.
    fn endless_warmup(&self) -> Option<String> {
        let Training { steps, epochs, learning_rate: rate, .. } = &self.training;
        let (key, warmup, length) = match (rate.warmup_steps, steps, epochs) {
            (Some(warmup), Some(steps), _) => ("warmup_steps", warmup as f64, *steps as f64),
            (None, _, Some(epochs)) => ("warmup_epochs", rate.warmup_epochs, *epochs as f64),
            _ => return None,
        };
        (warmup > 0.0 && warmup >= length).then(|| {
            format!(
                "`training.learning_rate.{key}`: is {warmup}, but the run ends at {length}, so the \
                 learning rate never reaches its peak"
            )
        })
    }

    fn check_backbone(&self) -> Result<(), KeyError> {
        self.backbone
            .check()
            .map_err(|error| KeyError::new(format!("backbone.{}", error.key), error.reason))?;
        if self.backbone.drops_blocks() && !self.method.drops_blocks() {
            let name = self.method.name();
            let reason =
                format!("stochastic depth is only applied by DINO's student, not by {name}");
            return Err(KeyError::new("backbone.drop_path", reason));
        }
        let local = self.views.locals.as_ref().map(|locals| ("views.locals.size", locals.size));
        for (key, size) in [("views.size", self.views.size)].into_iter().chain(local) {
            self.backbone.check_size(size).map_err(|reason| KeyError::new(key, reason))?;
        }
        Ok(())
    }

    fn check_training(&self) -> Result<(), KeyError> {
        let refuse = |key: &str, reason: &str| Err(KeyError::new(key, reason));
        let steps = match (self.training.steps, self.training.epochs) {
            (Some(_), Some(_)) => return refuse("training", "give `steps` or `epochs`, not both"),
            (None, None) => return refuse("training", "`steps` or `epochs` is missing"),
            (None, Some(epochs)) => {
                KeyError::unless_within("training.epochs", epochs, EPOCHS)?;
                *STEPS.start()
            }
            (Some(steps), None) => steps,
        };
        let config = self.train_config(0, steps, &LoaderConfig::default());
        config.check().map_err(|error| match error {
            TrainError::Config { key, reason } => KeyError::new(format!("training.{key}"), reason),
            other => KeyError::new("training", other),
        })
    }
}

fn arms(arms: &[Arm], pictures: &Pictures) -> Result<(), KeyError> {
    if arms.is_empty() {
        return Err(KeyError::new("arms", "must have at least one arm"));
    }
    for (i, arm) in arms.iter().enumerate() {
        let [name, pairing] = ["name", "pairing"].map(|field| format!("arms[{i}].{field}"));
        names::folder(&name, &arm.name)?;
        if let Pairing::Same { file: Some(file) } | Pairing::Curated { file } = &arm.pairing {
            names::path(&format!("{pairing}.file"), file)?;
        }
        if arms[..i].iter().any(|other| other.name == arm.name) {
            return Err(KeyError::new(name, format!("two arms are named `{}`", arm.name)));
        }
        arm.pairing.check().map_err(|error| match error {
            DataError::Pairing { reason, .. } => KeyError::new(pairing, reason),
            other => KeyError::new(pairing, other),
        })?;
        let per_class = |reason: String| KeyError::new(format!("arms[{i}].per_class"), reason);
        let count = arm.per_class.unwrap_or(1);
        KeyError::unless_within(format!("arms[{i}].per_class"), count, 1..=MAX_PER_CLASS)?;
        match (pictures, arm.per_class) {
            (Pictures::Scenes { per_class: all, .. }, Some(count)) if count > *all => {
                let reason = format!("is {count}, but there are {all} scenes of each class");
                return Err(per_class(reason));
            }
            (
                Pictures::Flat { .. } | Pictures::Stl10 { split: Stl10Split::Unlabelled, .. },
                Some(_),
            ) => {
                return Err(per_class("these pictures have no classes".into()));
            }
            _ => {}
        }
    }
    Ok(())
}

fn seeds(seeds: &[u64]) -> Result<(), KeyError> {
    if seeds.is_empty() {
        return Err(KeyError::new("seeds", "must have at least one seed"));
    }
    if let Some(i) = seeds.iter().position(|&seed| seed > MAX_SEED) {
        let reason = format!("must be from 0 to {MAX_SEED}, not {}", seeds[i]);
        return Err(KeyError::new(format!("seeds[{i}]"), reason));
    }
    match (0..seeds.len()).find(|&i| seeds[..i].contains(&seeds[i])) {
        Some(i) => {
            let reason = format!("{} is listed twice", seeds[i]);
            Err(KeyError::new(format!("seeds[{i}]"), reason))
        }
        None => Ok(()),
    }
}

/// The key of a protocol in an experiment file.
fn protocol_key(index: usize) -> String {
    format!("evaluation.protocols[{index}]")
}

fn evaluation(evaluation: &Evaluation) -> Result<(), KeyError> {
    names::title("evaluation.dataset", &evaluation.dataset)?;
    evaluation.train.check("evaluation.train")?;
    evaluation.test.check("evaluation.test")?;
    if let Some(scenes) = evaluation.invariance_scenes {
        let key = "evaluation.invariance_scenes";
        KeyError::unless_within(key, scenes, 2..=MAX_PER_CLASS)?;
        let drawn = evaluation.test.drawn("evaluation.test", scenes, 1);
        drawn.map_err(|error| KeyError::new(key, error))?;
    }
    if evaluation.protocols.is_empty() {
        return Err(KeyError::new("evaluation.protocols", "must have at least one protocol"));
    }
    for (i, protocol) in evaluation.protocols.iter().enumerate() {
        let key = protocol_key(i);
        protocol.check().map_err(|error| match error {
            EvalError::Protocol { key: setting, reason } => {
                KeyError::new(format!("{key}.{setting}"), reason)
            }
            other => KeyError::new(key.as_str(), other),
        })?;
        if let Some(other) = evaluation.protocols[..i].iter().position(|other| other == protocol) {
            let reason = format!("is the same as `{}`", protocol_key(other));
            return Err(KeyError::new(key, reason));
        }
    }
    Ok(())
}
