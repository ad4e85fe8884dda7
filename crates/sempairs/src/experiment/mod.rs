//! An experiment as a person writes it: one TOML file that says which pictures, which pairs, which
//! views, which network, which objective, how long, and how it is scored.
//!
//! Unknown keys are errors. `[[vary]]` tables make a grid of experiments from one file, and every
//! experiment has an [`identity`](Experiment::identity), a hash of everything it says, which its
//! checkpoints and its results carry.

mod assign;
pub mod bounds;
mod check;
pub(crate) mod differences;
mod locals;
mod method;
mod misfit;
mod names;
mod opened;
mod pictures;
mod refusal;
mod sizes;
mod vary;
mod views;
pub(crate) mod written;

use std::path::Path;

use sempairs_backbone::BackboneConfig;
use sempairs_data::pairing::Pairing;
use sempairs_eval::{Identity, Protocol};
use sempairs_train::{LearningRate, LoaderConfig, OptimizerConfig, Precision, TrainConfig};
use serde::{Deserialize, Serialize};

pub use assign::{parse_assignment, set};
pub use locals::LocalViews;
pub use method::MethodConfig;
pub(crate) use method::each_method;
pub use opened::Opened;
pub use pictures::{Cache, Classes, Pictures};
pub use vary::read_grid;
pub use views::Views;

use crate::Error;

/// Everything that an experiment's results depend on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Experiment {
    /// What to call it; the name of its folder.
    pub name: String,
    /// The [preset](crate::presets) that it starts from: what it does not say itself is as there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preset: Option<String>,
    /// The pictures to learn from.
    pub pictures: Pictures,
    /// The arms that are compared: same network, same order, same augmentation, other pairs.
    pub arms: Vec<Arm>,
    /// One run of each arm for each of these.
    pub seeds: Vec<u64>,
    /// The augmentation.
    pub views: Views,
    /// The network.
    pub backbone: BackboneConfig,
    /// The objective.
    pub method: MethodConfig,
    /// How long, in what steps.
    pub training: Training,
    /// How it is scored.
    pub evaluation: Evaluation,
}

/// One side of a comparison: where partners come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Arm {
    /// A short name, such as `sp`.
    pub name: String,
    /// Where a picture's partner comes from.
    pub pairing: Pairing,
    /// Pictures of each class that this arm learns from; all if it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_class: Option<usize>,
}

/// The pre-training of every arm. All arms take the same number of steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Training {
    /// Pairs in a batch.
    pub batch: usize,
    /// Steps of a run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<usize>,
    /// Epochs of a run, instead of steps: those of the first arm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epochs: Option<usize>,
    /// What turns gradients into steps.
    pub optimizer: OptimizerConfig,
    /// How far.
    pub learning_rate: LearningRate,
    /// The greatest length of each tensor's gradient; see [`TrainConfig::clip`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clip: Option<f64>,
    /// The type of the networks' products.
    #[serde(default)]
    pub precision: Precision,
    /// Steps between two lines of metrics.
    #[serde(default = "log_every")]
    pub log_every: usize,
    /// Steps between two checkpoints; one an epoch if it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint_every: Option<usize>,
}

fn log_every() -> usize {
    10
}

/// The unseen data that backbones are scored on, and when.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evaluation {
    /// What to call the data in the scores.
    pub dataset: String,
    /// Pictures that protocols learn from.
    pub train: Pictures,
    /// Pictures that are scored.
    pub test: Pictures,
    /// Steps between two scores; only the end is scored if it is left out. Step 0, the untrained
    /// network, always is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<usize>,
    /// How it is scored; the first protocol heads the tables.
    #[serde(default = "protocols")]
    pub protocols: Vec<Protocol>,
    /// Scenes of each class for the invariance report; none is made if it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invariance_scenes: Option<usize>,
}

fn protocols() -> Vec<Protocol> {
    ["probe", "knn"].map(|name| name.parse().expect("a built-in protocol")).to_vec()
}

impl Experiment {
    /// Parses one experiment without `[[vary]]`; `file` is what errors call the text.
    ///
    /// # Errors
    ///
    /// [`Error::Experiment`] with the line and, for a misspelt name, the nearest right one.
    pub fn parse(text: &str, file: &str) -> Result<Self, Error> {
        vary::parse_text(text, file)
    }

    /// The experiment as it is written into a run's directory: every key, defaults included.
    pub fn to_toml(&self) -> String {
        toml::to_string(self).expect("an experiment is plain data")
    }

    /// A hash of the whole experiment: two with the same one say the same.
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

    /// The trainer's constants for a run of one seed.
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

/// Reads a file of experiments: one, or the grid that its `[[vary]]` tables span, each with the
/// assignments of `overrides` (`training.steps=100`) made first.
///
/// # Errors
///
/// [`Error::Io`] and [`Error::Experiment`] with the file's name, or the assignment's if that is at fault.
pub fn read(path: &Path, overrides: &[String]) -> Result<Vec<Experiment>, Error> {
    let bytes = std::fs::read(path).map_err(|e| Error::io(path, e))?;
    let file = path.display().to_string();
    match str::from_utf8(&bytes) {
        Ok(text) => read_grid(text, &file, overrides),
        Err(error) => Err(Error::experiment(file, not_utf8(&bytes, error.valid_up_to()))),
    }
}

/// What to say of a text whose first byte that is no UTF-8 is at `bad`.
fn not_utf8(text: &[u8], bad: usize) -> String {
    let line = 1 + text[..bad].iter().filter(|&&byte| byte == b'\n').count();
    format!("line {line}: the byte {:#04X} is no UTF-8; save the file as UTF-8", text[bad])
}
