use sempairs_backbone::BackboneFactory;
use sempairs_data::ConfigError;
use sempairs_data::sources::Stl10Split;
use sempairs_eval::{Downstream, EvalError, EvaluationProtocol as _};
use sempairs_internal::counted;
use sempairs_train::LoaderConfig;
use sempairs_train::limits::{EPOCHS, STEPS};

use super::limits::{MAX_PER_CLASS, MAX_SEED};
use super::study::Study;
use super::{Arm, Evaluation, Evaluations, Objective, Pictures, Training, names, sizes};
use crate::Error;

impl<M: Objective, B: BackboneFactory> Study<M, B> {
    /// Checks that all values are in their ranges; `file` is the file name used in error messages.
    ///
    /// # Errors
    /// [`Error::Config`] with the file, the full key, such as `arms[1].pairing`, and the
    /// reason.
    pub fn check(&self, file: &str) -> Result<(), Error> {
        self.check_values().map_err(|error| Error::config(file, error))
    }

    /// Checks that a backbone can be scored on the evaluation's data, one [`Downstream`] per data
    /// set of the study in its order; call it once the data are open.
    ///
    /// # Errors
    /// As [`check_downstream_of`](Self::check_downstream_of) for each data set; [`Error::Config`]
    /// if there are more or fewer of them than the study has.
    pub fn check_downstream(&self, downstream: &[Downstream]) -> Result<(), Error> {
        let (wanted, given) = (self.evaluation.len(), downstream.len());
        if given != wanted {
            let reason =
                format!("has {}, but the data of {given} are given", counted(wanted, "data set"));
            return Err(Error::of_study(&self.name, ConfigError::new("evaluation", reason)));
        }
        let mut all = downstream.iter().enumerate();
        all.try_for_each(|(index, downstream)| self.check_downstream_of(index, downstream))
    }

    /// Checks that a backbone can be scored on the data of the evaluation with this index.
    ///
    /// # Errors
    /// As [`Downstream::check`]; [`Error::Config`] with the full key, such as
    /// `evaluation.protocols[1].k`, or `evaluation[1].protocols[1].k` if there are several data
    /// sets, for an invalid protocol and if two protocols are equivalent on these data.
    pub fn check_downstream_of(&self, index: usize, downstream: &Downstream) -> Result<(), Error> {
        downstream.check().map_err(|error| match error {
            EvalError::Config(error) => {
                Error::of_study(&self.name, error.under(&self.evaluation.key(index)))
            }
            EvalError::Mismatch { reason } => {
                let key = format!("{}.test", self.evaluation.key(index));
                let reason = format!("does not fit the training set: {reason}");
                Error::of_study(&self.name, ConfigError::new(&key, reason))
            }
            other => other.into(),
        })
    }

    pub(super) fn check_values(&self) -> Result<(), ConfigError> {
        names::folder("name", &self.name)?;
        self.pictures.check("pictures")?;
        arms(&self.arms, &self.pictures)?;
        seeds(&self.seeds)?;
        self.views.build_all()?;
        self.check_backbone()?;
        let method = |error: ConfigError| error.under("method");
        self.method.check().map_err(method)?;
        self.check_training()?;
        // The number of pairs is known only once the pictures are open.
        self.method.check_data(self.training.batch, usize::MAX).map_err(method)?;
        evaluations(&self.evaluation)?;
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

    fn check_backbone(&self) -> Result<(), ConfigError> {
        self.backbone.check().map_err(|error| error.under("backbone"))?;
        if self.backbone.drops_blocks() && !self.method.drops_blocks() {
            let name = self.method.name();
            let reason =
                format!("stochastic depth is only applied by DINO's student, not by {name}");
            return Err(ConfigError::new("backbone.drop_path", reason));
        }
        let local = self.views.locals.as_ref().map(|locals| ("views.locals.size", locals.size));
        for (key, size) in [("views.size", self.views.size)].into_iter().chain(local) {
            self.backbone.check_size(size).map_err(|error| error.under(key))?;
        }
        Ok(())
    }

    fn check_training(&self) -> Result<(), ConfigError> {
        let refuse = |key: &str, reason: &str| Err(ConfigError::new(key, reason));
        let steps = match (self.training.steps, self.training.epochs) {
            (Some(_), Some(_)) => return refuse("training", "give `steps` or `epochs`, not both"),
            (None, None) => return refuse("training", "`steps` or `epochs` is missing"),
            (None, Some(epochs)) => {
                ConfigError::unless_within("training.epochs", epochs, EPOCHS)?;
                *STEPS.start()
            }
            (Some(steps), None) => steps,
        };
        let config = self.train_config(0, steps, &LoaderConfig::default());
        config.check().map_err(|error| error.under("training"))
    }
}

fn arms(arms: &[Arm], pictures: &Pictures) -> Result<(), ConfigError> {
    if arms.is_empty() {
        return Err(ConfigError::new("arms", "must have at least one arm"));
    }
    for (i, arm) in arms.iter().enumerate() {
        let [name, pairing] = ["name", "pairing"].map(|field| format!("arms[{i}].{field}"));
        names::folder(&name, &arm.name)?;
        if arms[..i].iter().any(|other| other.name == arm.name) {
            return Err(ConfigError::new(name, format!("two arms are named `{}`", arm.name)));
        }
        let fits = pictures.check_pairing(&arm.pairing, arm.per_class);
        fits.map_err(|error| error.under(&pairing))?;
        let per_class = |reason: String| ConfigError::new(format!("arms[{i}].per_class"), reason);
        let count = arm.per_class.unwrap_or(1);
        ConfigError::unless_within(format!("arms[{i}].per_class"), count, 1..=MAX_PER_CLASS)?;
        match (pictures, arm.per_class) {
            (Pictures::Scenes { per_class: all, .. }, Some(count)) if count > *all => {
                let reason = format!("is {count}, but each class has {}", counted(*all, "scene"));
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

fn seeds(seeds: &[u64]) -> Result<(), ConfigError> {
    if seeds.is_empty() {
        return Err(ConfigError::new("seeds", "must have at least one seed"));
    }
    if let Some(i) = seeds.iter().position(|&seed| seed > MAX_SEED) {
        let reason = format!("must be from 0 to {MAX_SEED}, not {}", seeds[i]);
        return Err(ConfigError::new(format!("seeds[{i}]"), reason));
    }
    match (0..seeds.len()).find(|&i| seeds[..i].contains(&seeds[i])) {
        Some(i) => {
            let reason = format!("{} is listed twice", seeds[i]);
            Err(ConfigError::new(format!("seeds[{i}]"), reason))
        }
        None => Ok(()),
    }
}

/// Checks every data set, that their names differ, and that all are scored at the same steps.
fn evaluations(evaluations: &Evaluations) -> Result<(), ConfigError> {
    // The first value of `every` and its key.
    let mut every: Option<(usize, String)> = None;
    for (index, it) in evaluations.iter().enumerate() {
        let key = evaluations.key(index);
        evaluation(it, &key)?;
        if let Some(other) = evaluations[..index].iter().position(|i| i.dataset == it.dataset) {
            let reason =
                format!("{:?} is also the name of `{}`", it.dataset, evaluations.key(other));
            return Err(ConfigError::new(format!("{key}.dataset"), reason));
        }
        let Some(steps) = it.every else { continue };
        let key = format!("{key}.every");
        match &every {
            Some((first, at)) if *first != steps => {
                let reason = format!(
                    "is {steps}, but `{at}` is {first}; all data sets are scored at the same \
                     steps, so give one value, or the key only once"
                );
                return Err(ConfigError::new(key, reason));
            }
            Some(_) => {}
            None => every = Some((steps, key)),
        }
    }
    Ok(())
}

/// Checks one data set; `key` is that of its table.
fn evaluation(evaluation: &Evaluation, key: &str) -> Result<(), ConfigError> {
    let of = |name: &str| format!("{key}.{name}");
    let protocol_key = |index: usize| format!("{key}.protocols[{index}]");
    names::title(&of("dataset"), &evaluation.dataset)?;
    evaluation.train.check(&of("train"))?;
    evaluation.test.check(&of("test"))?;
    if let Some(scenes) = evaluation.invariance_scenes {
        let key = of("invariance_scenes");
        ConfigError::unless_within(key.as_str(), scenes, 2..=MAX_PER_CLASS)?;
        let drawn = evaluation.test.drawn(&of("test"), scenes, 1);
        drawn.map_err(|error| ConfigError::new(key, error))?;
    }
    if evaluation.protocols.is_empty() {
        return Err(ConfigError::new(of("protocols"), "must have at least one protocol"));
    }
    for (i, protocol) in evaluation.protocols.iter().enumerate() {
        let key = protocol_key(i);
        protocol.check().map_err(|error| error.under(&key))?;
        if let Some(other) = evaluation.protocols[..i].iter().position(|other| other == protocol) {
            let reason = format!("is the same as `{}`", protocol_key(other));
            return Err(ConfigError::new(key, reason));
        }
    }
    Ok(())
}
