use serde::{Deserialize, Serialize};

use super::Distribution;

/// Split of the built-in scenes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SceneSplit {
    /// Classes and nuisance factors for pre-training.
    Pretrain,
    /// Other classes with other nuisance factors, to train a probe on.
    DownstreamTrain,
    /// Further pictures of these classes, to evaluate the probe on.
    DownstreamTest,
}

impl SceneSplit {
    /// Name of the split.
    pub fn name(self) -> &'static str {
        match self {
            SceneSplit::Pretrain => "pretrain",
            SceneSplit::DownstreamTrain => "downstream-train",
            SceneSplit::DownstreamTest => "downstream-test",
        }
    }

    /// The distribution of the split's nuisance factors.
    pub fn distribution(self) -> Distribution {
        match self {
            SceneSplit::Pretrain => Distribution::pretrain(),
            SceneSplit::DownstreamTrain | SceneSplit::DownstreamTest => Distribution::downstream(),
        }
    }
}
