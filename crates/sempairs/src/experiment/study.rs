//! Studies: the description of a comparison as a Rust value.

use std::path::PathBuf;

use sempairs_augment::Augmentation;
use sempairs_backbone::{BackboneConfig, BackboneFactory};
use sempairs_data::{Identity, Pairing};
use sempairs_train::{
    LearningRate, LoaderConfig, OptimizerConfig, Precision, Scaling, TrainConfig,
};
use serde::{Deserialize, Serialize, Serializer};

use super::{Evaluation, Evaluations, MethodConfig, Objective, Pictures, ViewsConfig};

/// A comparison of arms that differ only in their pairs. It holds everything that the results
/// depend on.
///
/// [`Runner::compare`](crate::run::Runner::compare) runs a study. The TOML file of an
/// [experiment](crate::experiment) describes a study of built-in parts; a program can build a study
/// with its own method `M`, backbone `B` and [pictures](Pictures::Own):
///
/// ```no_run
/// use sempairs::augment::Augmentation;
/// use sempairs::backbone::{Architecture, BackboneConfig};
/// use sempairs::experiment::Pictures;
/// use sempairs::objective::SimClrConfig;
/// use sempairs::{Study, device, run::Runner};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let [train, test] = ["photos/train", "photos/test"].map(Pictures::folder);
/// let backbone = BackboneConfig::new(Architecture::Resnet18);
/// let study = Study::new("photos", train.clone(), backbone, SimClrConfig::paper())
///     .views(Augmentation::Simclr, 64)
///     .evaluated_on("photos", train, test);
/// println!("{}", Runner::new("runs", device::open("flex")?, "flex").compare(&study)?);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound(serialize = "M: Objective, B: BackboneFactory"))]
pub struct Study<M = MethodConfig, B = BackboneConfig> {
    /// Name of the study and of its folder.
    pub name: String,
    /// The [preset](super::presets) that supplies every setting the study does not set itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preset: Option<String>,
    /// Folder of an earlier study whose finished runs are continued with more steps, each arm and
    /// seed from the run of the same arm and seed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extends: Option<PathBuf>,
    /// Pre-training pictures of all arms.
    pub pictures: Pictures,
    /// The arms to compare: same network, same data order, same augmentation, different pairs.
    pub arms: Vec<Arm>,
    /// Random seeds; each arm is trained once per seed.
    pub seeds: Vec<u64>,
    /// Augmentation and view size.
    pub views: ViewsConfig,
    /// Configuration of the backbone.
    #[serde(serialize_with = "backbone")]
    pub backbone: B,
    /// Configuration of the self-supervised method.
    #[serde(serialize_with = "method")]
    pub method: M,
    /// Number of steps, optimiser and learning rate.
    pub training: Training,
    /// Downstream data and evaluation protocols, for each data set that a run is scored on.
    pub evaluation: Evaluations,
}

/// A [`Study`] of built-in parts, as described by a TOML file.
pub type Experiment = Study;

/// One arm of a comparison: a name and the way its pairs are drawn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Arm {
    /// A short name, such as `sp`.
    pub name: String,
    /// Rule that selects the partner of a picture.
    pub pairing: Pairing,
    /// Number of pictures per class that this arm trains on; all pictures if omitted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_class: Option<usize>,
}

/// Pre-training settings, shared by all arms. All arms take the same number of steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Training {
    /// Number of pairs per batch.
    pub batch: usize,
    /// Length of a run in optimiser steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<usize>,
    /// Length of a run in epochs of the first arm; an alternative to `steps`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epochs: Option<usize>,
    /// Optimiser and weight decay.
    pub optimizer: OptimizerConfig,
    /// Learning rate and its schedule.
    pub learning_rate: LearningRate,
    /// Maximum norm of each parameter tensor's gradient; see [`TrainConfig::clip`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clip: Option<f64>,
    /// Dtype of the networks' matrix products and convolutions.
    #[serde(default)]
    pub precision: Precision,
    /// Number of steps between two lines of the metrics log.
    #[serde(default = "log_every")]
    pub log_every: usize,
    /// Number of steps between two checkpoints; one checkpoint per epoch if omitted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint_every: Option<usize>,
}

fn log_every() -> usize {
    10
}

impl Arm {
    /// An arm that trains on all pictures.
    pub fn new(name: impl Into<String>, pairing: Pairing) -> Self {
        Self { name: name.into(), pairing, per_class: None }
    }
}

impl Training {
    /// AdamW with PyTorch's defaults except for a weight decay of 1e-4; linear warm-up over the
    /// first tenth of the steps, then cosine decay to zero, as in [`TrainConfig::adamw`].
    pub fn adamw(batch: usize, steps: usize, learning_rate: f64) -> Self {
        let config = TrainConfig::adamw(0, batch, steps, learning_rate);
        Self {
            batch,
            steps: Some(steps),
            epochs: None,
            optimizer: config.optimizer,
            learning_rate: LearningRate { scaling: Scaling::None, ..config.learning_rate },
            clip: config.clip,
            precision: config.precision,
            log_every: config.log_every,
            checkpoint_every: None,
        }
    }
}

impl<M: Objective, B: BackboneFactory> Study<M, B> {
    /// A study of augmented pairs (`ap`) against semantic pairs drawn within each class (`sp`),
    /// with one seed and SimCLR's augmentation at 32 pixels: 200 steps of AdamW at a learning rate
    /// of 1e-3 with batches of 64 pairs, evaluated on the pre-training pictures. The builder
    /// methods and the public fields change these defaults.
    pub fn new(
        name: impl Into<String>,
        pictures: impl Into<Pictures>,
        backbone: B,
        method: M,
    ) -> Self {
        let pictures = pictures.into();
        Self {
            name: name.into(),
            preset: None,
            extends: None,
            arms: vec![
                Arm::new("ap", Pairing::Same { file: None }),
                Arm::new("sp", Pairing::RandomInClass),
            ],
            seeds: vec![0],
            views: ViewsConfig::new(Augmentation::Simclr, 32),
            backbone,
            method,
            training: Training::adamw(64, 200, 1e-3),
            evaluation: Evaluation::new("the pictures", pictures.clone(), pictures.clone()).into(),
            pictures,
        }
    }

    /// Sets the arms. The first arm is the one that the others are compared with.
    pub fn arms(mut self, arms: impl Into<Vec<Arm>>) -> Self {
        self.arms = arms.into();
        self
    }

    /// Sets the random seeds. A confidence interval needs at least two.
    pub fn seeds(mut self, seeds: impl Into<Vec<u64>>) -> Self {
        self.seeds = seeds.into();
        self
    }

    /// Sets the augmentation, for views of `size` by `size` pixels.
    pub fn views(mut self, augmentation: Augmentation, size: usize) -> Self {
        self.views = ViewsConfig::new(augmentation, size);
        self
    }

    /// Sets the number of steps, the optimiser and the learning rate.
    pub fn training(mut self, training: Training) -> Self {
        self.training = training;
        self
    }

    /// Sets the downstream data, in place of all data sets set before, with linear probe and k-NN
    /// as protocols; see [`Evaluation::new`].
    pub fn evaluated_on(
        mut self,
        dataset: impl Into<String>,
        train: impl Into<Pictures>,
        test: impl Into<Pictures>,
    ) -> Self {
        self.evaluation = Evaluation::new(dataset, train, test).into();
        self
    }

    /// Adds a further data set that the same runs are scored on, as
    /// [`evaluated_on`](Self::evaluated_on) sets the first. Its name must differ from the others.
    pub fn also_evaluated_on(
        mut self,
        dataset: impl Into<String>,
        train: impl Into<Pictures>,
        test: impl Into<Pictures>,
    ) -> Self {
        self.evaluation.push(Evaluation::new(dataset, train, test));
        self
    }

    /// Returns the study as TOML with every key, including those with default values. This is the
    /// text that is written into a run's directory.
    ///
    /// # Panics
    ///
    /// If the configuration of an external method or backbone cannot be serialised as a table.
    pub fn to_toml(&self) -> String {
        toml::to_string(self).expect("the configuration of a method or a backbone is plain data")
    }

    /// A hash of the whole study; two studies with equal hashes have equal settings.
    pub fn identity(&self) -> Identity {
        Identity::new().and(self.to_toml().as_bytes())
    }

    /// The identity of one run: a hash of all settings that its weights depend on. A study with
    /// more seeds can therefore reuse existing runs.
    ///
    /// Evaluation, logging and checkpointing are not part of the identity. Protocols and data sets
    /// that are added later can score a finished run only at step 0 and at its last step, since
    /// only the last checkpoint is kept.
    pub fn run_identity(&self, arm: &Arm, seed: u64) -> Identity {
        let run = Self {
            name: "run".into(),
            preset: None,
            extends: None,
            arms: vec![Arm { name: "arm".into(), ..arm.clone() }],
            seeds: vec![seed],
            training: Training {
                log_every: log_every(),
                checkpoint_every: None,
                ..self.training.clone()
            },
            evaluation: Evaluation {
                dataset: String::new(),
                every: None,
                protocols: Vec::new(),
                invariance_scenes: None,
                train: self.pictures.clone(),
                test: self.pictures.clone(),
            }
            .into(),
            ..self.clone()
        };
        run.identity()
    }

    /// Returns the trainer's configuration for the run of one seed.
    pub fn train_config(&self, seed: u64, steps: usize, loader: &LoaderConfig) -> TrainConfig {
        let training = &self.training;
        TrainConfig {
            seed,
            batch: training.batch,
            steps,
            optimizer: training.optimizer.clone(),
            learning_rate: training.learning_rate.clone(),
            clip: training.clip,
            precision: training.precision,
            loader: loader.clone(),
            log_every: training.log_every,
            checkpoint_every: training.checkpoint_every,
        }
    }
}

/// Serialises a method's configuration together with the method's name.
fn method<M: Objective, S: Serializer>(method: &M, to: S) -> Result<S::Ok, S::Error> {
    match method.names_itself() {
        true => method.serialize(to),
        false => named(method.name(), method, to),
    }
}

/// Serialises a backbone's configuration together with the backbone's name.
fn backbone<B: BackboneFactory, S: Serializer>(backbone: &B, to: S) -> Result<S::Ok, S::Error> {
    match backbone.names_itself() {
        true => backbone.serialize(to),
        false => named(backbone.name(), backbone, to),
    }
}

/// Serialises a table with an added `name` key. Null values are omitted, as TOML has no null.
fn named<T: Serialize, S: Serializer>(name: String, table: &T, to: S) -> Result<S::Ok, S::Error> {
    use serde::ser::Error;
    use serde_json::Value;

    fn without_null(value: Value) -> Value {
        match value {
            Value::Object(table) => Value::Object(
                table
                    .into_iter()
                    .filter(|(_, value)| !value.is_null())
                    .map(|(key, value)| (key, without_null(value)))
                    .collect(),
            ),
            other => other,
        }
    }
    let mut table = match serde_json::to_value(table).map_err(S::Error::custom)? {
        // A configuration without fields.
        Value::Null => serde_json::Map::new(),
        Value::Object(table) => table,
        other => {
            return Err(S::Error::custom(format!(
                "the configuration of `{name}` must be a table, not {other}"
            )));
        }
    };
    table.insert("name".into(), name.into());
    without_null(Value::Object(table)).serialize(to)
}
