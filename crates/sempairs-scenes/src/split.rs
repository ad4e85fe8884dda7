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
    /// Classes of neither, with the nuisance factors of the downstream splits, to train a probe on
    /// while settings are chosen. Results are reported for the downstream splits, on whose classes
    /// no setting has been chosen.
    ValidationTrain,
    /// Further pictures of these classes, to evaluate that probe on.
    ValidationTest,
}

impl SceneSplit {
    /// Name of the split.
    pub fn name(self) -> &'static str {
        match self {
            SceneSplit::Pretrain => "pretrain",
            SceneSplit::DownstreamTrain => "downstream-train",
            SceneSplit::DownstreamTest => "downstream-test",
            SceneSplit::ValidationTrain => "validation-train",
            SceneSplit::ValidationTest => "validation-test",
        }
    }

    /// All splits. Their order is part of the random keys of the pictures.
    pub const ALL: [SceneSplit; 5] = [
        SceneSplit::Pretrain,
        SceneSplit::DownstreamTrain,
        SceneSplit::DownstreamTest,
        SceneSplit::ValidationTrain,
        SceneSplit::ValidationTest,
    ];

    /// The distribution of the split's nuisance factors.
    pub fn distribution(self) -> Distribution {
        match self {
            SceneSplit::Pretrain => Distribution::pretrain(),
            SceneSplit::DownstreamTrain
            | SceneSplit::DownstreamTest
            | SceneSplit::ValidationTrain
            | SceneSplit::ValidationTest => Distribution::downstream(),
        }
    }
}
