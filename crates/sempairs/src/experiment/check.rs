use sempairs_backbone::NetworkConfig;
use sempairs_backbone::vit::DropPath;
use sempairs_data::DataError;
use sempairs_data::sources::Stl10Split;
use sempairs_eval::EvalError;
use sempairs_objective::ObjectiveError;
use sempairs_train::{LoaderConfig, TrainError};

use super::bounds::MAX_WIDTH;
use super::refusal::Refusal;
use super::{Arm, Evaluation, Experiment, MethodConfig, Pictures};
use crate::Error;

impl Experiment {
    /// Whether all values are in their ranges; `file` is what errors call the experiment's file.
    ///
    /// # Errors
    ///
    /// [`Error::Experiment`] with the file, the key as it stands there, such as `arms[1].pairing`, and the
    /// reason.
    pub fn check(&self, file: &str) -> Result<(), Error> {
        self.check_values().map_err(|refusal| Error::experiment(file, refusal.to_string()))
    }

    pub(super) fn check_values(&self) -> Result<(), Refusal> {
        folder_name("name", &self.name)?;
        pictures("pictures", &self.pictures)?;
        arms(&self.arms, &self.pictures)?;
        seeds(&self.seeds)?;
        self.views.build_all()?;
        for (stage, width) in self.backbone.widths.iter().flatten().enumerate() {
            Refusal::unless_sized(format!("backbone.widths[{stage}]"), *width, MAX_WIDTH)?;
        }
        self.check_backbone()?;
        self.method.check().map_err(|error| match error {
            ObjectiveError::Config { key, reason } => Refusal::new(format!("method.{key}"), reason),
            other => Refusal::new("method", other),
        })?;
        self.check_training()?;
        evaluation(&self.evaluation)
    }

    fn check_backbone(&self) -> Result<(), Refusal> {
        self.backbone
            .check()
            .map_err(|error| Refusal::new(format!("backbone.{}", error.key), error.reason))?;
        let NetworkConfig::Transformer(vit) = self.backbone.network() else { return Ok(()) };
        if vit.drop_path != DropPath::default() && !matches!(self.method, MethodConfig::Dino(_)) {
            let name = self.method.name();
            let reason = format!("is DINO's student's alone: {name} drops no blocks");
            return Err(Refusal::new("backbone.drop_path", reason));
        }
        let local = self.views.locals.as_ref().map(|locals| ("views.locals.size", locals.size));
        for (key, size) in [("views.size", self.views.size)].into_iter().chain(local) {
            if !size.is_multiple_of(vit.patch) {
                let reason = format!("is {size}, which patches of {} do not tile", vit.patch);
                return Err(Refusal::new(key, reason));
            }
        }
        Ok(())
    }

    fn check_training(&self) -> Result<(), Refusal> {
        let refuse = |key: &str, reason: &str| Err(Refusal::new(key, reason));
        let steps = match (self.training.steps, self.training.epochs) {
            (Some(_), Some(_)) => return refuse("training", "give `steps` or `epochs`, not both"),
            (None, None) => return refuse("training", "`steps` or `epochs` is missing"),
            (None, Some(0)) => return refuse("training.epochs", "must be at least 1, not 0"),
            (Some(length), None) | (None, Some(length)) => length,
        };
        let config = self.train_config(0, steps, &LoaderConfig::default());
        config.check().map_err(|error| match error {
            TrainError::Config { key, reason } => Refusal::new(format!("training.{key}"), reason),
            other => Refusal::new("training", other),
        })
    }
}

fn folder_name(key: &str, name: &str) -> Result<(), Refusal> {
    if name.is_empty() || name.contains(['/', '\\']) || name.starts_with('.') {
        return Err(Refusal::new(key, format!("`{name}` cannot be a folder's name")));
    }
    Ok(())
}

/// Nothing is opened or drawn, so only the scenes' own values can be wrong.
fn pictures(key: &str, pictures: &Pictures) -> Result<(), Refusal> {
    match pictures.scenes(1, 0) {
        Ok(_) => Ok(()),
        Err(Error::Experiment { file, reason }) if file == "`pictures`" => {
            Err(Refusal::new(key, reason))
        }
        Err(other) => Err(Refusal::new(key, other)),
    }
}

fn arms(arms: &[Arm], pictures: &Pictures) -> Result<(), Refusal> {
    if arms.is_empty() {
        return Err(Refusal::new("arms", "there is none"));
    }
    for (i, arm) in arms.iter().enumerate() {
        let [name, pairing] = ["name", "pairing"].map(|field| format!("arms[{i}].{field}"));
        folder_name(&name, &arm.name)?;
        if arms[..i].iter().any(|other| other.name == arm.name) {
            return Err(Refusal::new(name, format!("there are two called `{}`", arm.name)));
        }
        arm.pairing.check().map_err(|error| match error {
            DataError::Pairing { reason, .. } => Refusal::new(pairing, reason),
            other => Refusal::new(pairing, other),
        })?;
        let per_class = |reason: String| Refusal::new(format!("arms[{i}].per_class"), reason);
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

fn seeds(seeds: &[u64]) -> Result<(), Refusal> {
    if seeds.is_empty() {
        return Err(Refusal::new("seeds", "there is none"));
    }
    match (0..seeds.len()).find(|&i| seeds[..i].contains(&seeds[i])) {
        Some(i) => {
            let reason = format!("{} stands there before", seeds[i]);
            Err(Refusal::new(format!("seeds[{i}]"), reason))
        }
        None => Ok(()),
    }
}

fn evaluation(evaluation: &Evaluation) -> Result<(), Refusal> {
    pictures("evaluation.train", &evaluation.train)?;
    pictures("evaluation.test", &evaluation.test)?;
    if evaluation.every == Some(0) {
        return Err(Refusal::new("evaluation.every", "must be at least 1, not 0"));
    }
    if evaluation.invariance_scenes.is_some_and(|scenes| scenes < 2) {
        return Err(Refusal::new("evaluation.invariance_scenes", "must be at least 2"));
    }
    if let Some(scenes) = evaluation.invariance_scenes {
        evaluation
            .test
            .scenes(scenes, 1)
            .map_err(|error| Refusal::new("evaluation.invariance_scenes", error))?;
    }
    if evaluation.protocols.is_empty() {
        return Err(Refusal::new("evaluation.protocols", "there is none"));
    }
    for (i, protocol) in evaluation.protocols.iter().enumerate() {
        let key = format!("evaluation.protocols[{i}]");
        protocol.check().map_err(|error| match error {
            EvalError::Protocol { key: setting, reason } => {
                Refusal::new(format!("{key}.{setting}"), reason)
            }
            other => Refusal::new(key, other),
        })?;
    }
    Ok(())
}
