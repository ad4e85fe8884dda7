//! Studies: what is compared, as a value of the library.

use std::path::PathBuf;

use sempairs_augment::Augmentation;
use sempairs_backbone::{BackboneConfig, BackboneFactory};
use sempairs_data::Pairing;
use sempairs_eval::{Identity, Protocol};
use sempairs_train::{
    LearningRate, LoaderConfig, OptimizerConfig, Precision, Scaling, TrainConfig,
};
use serde::{Deserialize, Serialize, Serializer};

use crate::experiment::{MethodConfig, Objective, Pictures, Views};

/// A comparison of arms that differ in their pairs alone: everything that its results depend on.
///
/// [`Runner::compare`](crate::run::Runner::compare) runs it. A TOML file of an
/// [experiment](crate::experiment) describes a study of built-in parts; a program can build one with
/// a method `M`, a backbone `B` and [pictures](Pictures::Own) of its own:
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
    /// The name of the study and of its folder.
    pub name: String,
    /// The [preset](crate::presets) that it starts from: what it does not say itself is as there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preset: Option<String>,
    /// The folder of an earlier study whose finished runs this one continues, arm by arm and seed by
    /// seed, with more steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extends: Option<PathBuf>,
    /// The pictures that all arms learn from.
    pub pictures: Pictures,
    /// The arms that are compared: same network, same order, same augmentation, other pairs.
    pub arms: Vec<Arm>,
    /// The random seeds; each arm is trained once for each of them.
    pub seeds: Vec<u64>,
    /// The augmentation.
    pub views: Views,
    /// The network.
    #[serde(serialize_with = "backbone")]
    pub backbone: B,
    /// The objective.
    #[serde(serialize_with = "method")]
    pub method: M,
    /// Length, optimiser and learning rate.
    pub training: Training,
    /// The data and the protocols of the scores.
    pub evaluation: Evaluation,
}

/// One side of a comparison: how pairs are drawn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Arm {
    /// A short name, such as `sp`.
    pub name: String,
    /// How the partner of a picture is found.
    pub pairing: Pairing,
    /// Pictures of each class that this arm learns from; all if it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_class: Option<usize>,
}

/// The pre-training of every arm. All arms take the same number of steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Training {
    /// Pairs per batch.
    pub batch: usize,
    /// Length of a run in steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<usize>,
    /// Length of a run in epochs of the first arm, instead of steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epochs: Option<usize>,
    /// The optimiser.
    pub optimizer: OptimizerConfig,
    /// The learning rate and its schedule.
    pub learning_rate: LearningRate,
    /// The largest norm of each tensor's gradient; see [`TrainConfig::clip`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clip: Option<f64>,
    /// The dtype of the networks' matrix products.
    #[serde(default)]
    pub precision: Precision,
    /// Steps between two lines of metrics.
    #[serde(default = "log_every")]
    pub log_every: usize,
    /// Steps between two checkpoints; one per epoch if it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint_every: Option<usize>,
}

fn log_every() -> usize {
    10
}

/// The downstream data that backbones are scored on, the protocols, and when they are applied.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evaluation {
    /// The name of the data in the scores.
    pub dataset: String,
    /// The training pictures of the protocols.
    pub train: Pictures,
    /// The test pictures.
    pub test: Pictures,
    /// Steps between two scores; only the end is scored if it is left out. Step 0, the untrained
    /// network, always is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<usize>,
    /// The protocols; the first one heads the tables.
    #[serde(default = "protocols")]
    pub protocols: Vec<Protocol>,
    /// Scenes of each class for the invariance report; none is made if it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invariance_scenes: Option<usize>,
}

fn protocols() -> Vec<Protocol> {
    ["probe", "knn"].map(|name| name.parse().expect("a built-in protocol")).to_vec()
}

impl Arm {
    /// An arm with all pictures.
    pub fn new(name: impl Into<String>, pairing: Pairing) -> Self {
        Self { name: name.into(), pairing, per_class: None }
    }
}

impl Training {
    /// AdamW with PyTorch's constants but for a weight decay of 1e-4; warm-up over a tenth of the
    /// steps, then a cosine to zero: [`TrainConfig::adamw`].
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

impl Evaluation {
    /// The linear probe and k-NN, before the first step and after the last.
    pub fn new(
        dataset: impl Into<String>,
        train: impl Into<Pictures>,
        test: impl Into<Pictures>,
    ) -> Self {
        Self {
            dataset: dataset.into(),
            train: train.into(),
            test: test.into(),
            every: None,
            protocols: protocols(),
            invariance_scenes: None,
        }
    }
}

impl<M: Objective, B: BackboneFactory> Study<M, B> {
    /// Augmented pairs (`ap`) against semantic pairs drawn within each class (`sp`), for one seed,
    /// with SimCLR's augmentation at 32 pixels: 200 steps of AdamW at 1e-3 in batches of 64; scored
    /// on the pictures themselves. The other methods and the public fields change that.
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
            views: Views::new(Augmentation::Simclr, 32),
            backbone,
            method,
            training: Training::adamw(64, 200, 1e-3),
            evaluation: Evaluation::new("the pictures", pictures.clone(), pictures.clone()),
            pictures,
        }
    }

    /// Sets the arms. The first one is what the others are compared with.
    pub fn arms(mut self, arms: impl Into<Vec<Arm>>) -> Self {
        self.arms = arms.into();
        self
    }

    /// Sets the random seeds; a confidence interval takes at least two.
    pub fn seeds(mut self, seeds: impl Into<Vec<u64>>) -> Self {
        self.seeds = seeds.into();
        self
    }

    /// Sets the augmentation, for views of `size` by `size` pixels.
    pub fn views(mut self, augmentation: Augmentation, size: usize) -> Self {
        self.views = Views::new(augmentation, size);
        self
    }

    /// Sets length, optimiser and learning rate.
    pub fn training(mut self, training: Training) -> Self {
        self.training = training;
        self
    }

    /// Sets the downstream data, scored by the linear probe and k-NN; see [`Evaluation::new`].
    pub fn evaluated_on(
        mut self,
        dataset: impl Into<String>,
        train: impl Into<Pictures>,
        test: impl Into<Pictures>,
    ) -> Self {
        self.evaluation = Evaluation::new(dataset, train, test);
        self
    }

    /// The study as it is written into a run's directory: every key, defaults included.
    ///
    /// # Panics
    ///
    /// If the configuration of a foreign method or backbone cannot be serialised as a table.
    pub fn to_toml(&self) -> String {
        toml::to_string(self).expect("the configuration of a method or a backbone is plain data")
    }

    /// A hash of the whole study: two with the same one say the same.
    pub fn identity(&self) -> Identity {
        Identity::new().and(self.to_toml().as_bytes())
    }

    /// The identity of one run: of all that its weights depend on, so that a longer list of seeds can use the
    /// runs that are there.
    ///
    /// How a run is scored, logged and saved is no part of it. But other protocols can score a finished run
    /// at its last step alone, since only the last checkpoint is kept.
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
            },
            ..self.clone()
        };
        run.identity()
    }

    /// The trainer's configuration for a run of one seed.
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

/// Writes a method's configuration with its name.
fn method<M: Objective, S: Serializer>(method: &M, to: S) -> Result<S::Ok, S::Error> {
    match method.names_itself() {
        true => method.serialize(to),
        false => named(method.name(), method, to),
    }
}

/// Writes a backbone's configuration with its name.
fn backbone<B: BackboneFactory, S: Serializer>(backbone: &B, to: S) -> Result<S::Ok, S::Error> {
    match backbone.names_itself() {
        true => backbone.serialize(to),
        false => named(backbone.name(), backbone, to),
    }
}

/// Writes a table with a name in it. What has no value, which TOML cannot say, is left out.
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
        // A configuration without constants.
        Value::Null => serde_json::Map::new(),
        Value::Object(table) => table,
        other => return Err(S::Error::custom(format!("`{name}` is configured by {other}"))),
    };
    table.insert("name".into(), name.into());
    without_null(Value::Object(table)).serialize(to)
}
