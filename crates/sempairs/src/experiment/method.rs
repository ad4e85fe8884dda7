use sempairs_objective::{
    BarlowTwinsConfig, ByolConfig, DclConfig, DinoConfig, MoCoConfig, NnClrConfig, ObjectiveError,
    ProjectorConfig, SimClrConfig, SimSiamConfig, SupConConfig, SwavConfig, VicRegConfig,
};
use serde::{Deserialize, Serialize};

use super::sizes::Kept;

/// Which objective, with its constants.
///
/// A method more is a variant here and an arm in the macro below.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "snake_case")]
pub enum MethodConfig {
    /// SimCLR.
    #[serde(rename = "simclr")]
    SimClr(SimClrConfig),
    /// MoCo v2.
    #[serde(rename = "moco")]
    MoCo(MoCoConfig),
    /// BYOL.
    Byol(ByolConfig),
    /// SimSiam.
    #[serde(rename = "simsiam")]
    SimSiam(SimSiamConfig),
    /// SwAV.
    Swav(SwavConfig),
    /// DINO.
    Dino(DinoConfig),
    /// Barlow Twins.
    BarlowTwins(BarlowTwinsConfig),
    /// VICReg.
    #[serde(rename = "vicreg")]
    VicReg(VicRegConfig),
    /// SupCon.
    #[serde(rename = "supcon")]
    SupCon(SupConConfig),
    /// Decoupled contrastive learning.
    Dcl(DclConfig),
    /// NNCLR.
    #[serde(rename = "nnclr")]
    NnClr(NnClrConfig),
}

/// Evaluates an expression with the configuration of whichever method it is. The methods share no type, only
/// what they can do.
macro_rules! each_method {
    ($method:expr, $config:ident => $body:expr) => {
        match $method {
            $crate::experiment::MethodConfig::SimClr($config) => $body,
            $crate::experiment::MethodConfig::MoCo($config) => $body,
            $crate::experiment::MethodConfig::Byol($config) => $body,
            $crate::experiment::MethodConfig::SimSiam($config) => $body,
            $crate::experiment::MethodConfig::Swav($config) => $body,
            $crate::experiment::MethodConfig::Dino($config) => $body,
            $crate::experiment::MethodConfig::BarlowTwins($config) => $body,
            $crate::experiment::MethodConfig::VicReg($config) => $body,
            $crate::experiment::MethodConfig::SupCon($config) => $body,
            $crate::experiment::MethodConfig::Dcl($config) => $body,
            $crate::experiment::MethodConfig::NnClr($config) => $body,
        }
    };
}
pub(crate) use each_method;

impl MethodConfig {
    /// The name in an experiment's file.
    pub fn name(&self) -> String {
        let written = serde_json::to_value(self).expect("a method is plain data");
        written["name"].as_str().expect("every method is tagged by its name").to_owned()
    }

    /// The tensors that the method keeps on top of a backbone of so many features, and the squares
    /// of its loss.
    pub(super) fn kept(&self, features: usize) -> Vec<Kept> {
        let projector = each_method!(self, config => &config.projector);
        let (mut kept, width) = (layers("projector", projector, features), projector.output);
        let mut further = |key: &str, rows, learned| {
            kept.push(Kept { key: key.into(), rows, columns: width, learned });
        };
        match self {
            Self::SimClr(_) | Self::SupCon(_) | Self::Dcl(_) => {}
            Self::MoCo(moco) => further("queue", moco.queue, false),
            Self::Swav(swav) => {
                further("prototypes", swav.prototypes, true);
                further("queue.size", swav.queue.map_or(0, |queue| queue.size), false);
            }
            Self::Dino(dino) => further("prototypes", dino.prototypes, true),
            // Of each component with each other.
            Self::BarlowTwins(_) | Self::VicReg(_) => further("projector.output", width, false),
            Self::NnClr(nnclr) => further("support", nnclr.support, false),
            Self::Byol(_) | Self::SimSiam(_) => {}
        }
        let predictor = match self {
            Self::Byol(config) => Some(&config.predictor),
            Self::SimSiam(config) => Some(&config.predictor),
            Self::NnClr(config) => Some(&config.predictor),
            _ => None,
        };
        kept.extend(
            predictor.into_iter().flat_map(|predictor| layers("predictor", predictor, width)),
        );
        kept
    }

    /// Whether the method can learn from so many pairs in batches of so many.
    ///
    /// # Errors
    ///
    /// [`ObjectiveError::Config`] with the key within the method's table whose value does not fit.
    pub fn check_data(&self, batch: usize, pairs: usize) -> Result<(), ObjectiveError> {
        match self {
            Self::MoCo(config) => config.check_data(batch, pairs),
            Self::Swav(config) => config.check_data(batch, pairs),
            Self::NnClr(config) => config.check_data(batch, pairs),
            Self::SimClr(_) | Self::Byol(_) | Self::SimSiam(_) | Self::Dino(_) => Ok(()),
            Self::BarlowTwins(_) | Self::VicReg(_) | Self::SupCon(_) | Self::Dcl(_) => Ok(()),
        }
    }

    /// Whether the values of the method are in their ranges.
    ///
    /// # Errors
    ///
    /// [`ObjectiveError::Config`] with the key within the method's table.
    pub fn check(&self) -> Result<(), ObjectiveError> {
        each_method!(self, config => config.check())
    }
}

/// The weights of a head's layers.
fn layers(table: &str, head: &ProjectorConfig, features: usize) -> Vec<Kept> {
    let hidden = head.hidden.iter().enumerate();
    let hidden = hidden.map(|(i, width)| (format!("{table}.hidden[{i}]"), *width));
    let mut rows = features;
    let layer = |(key, columns)| Kept {
        key,
        rows: std::mem::replace(&mut rows, columns),
        columns,
        learned: true,
    };
    hidden.chain([(format!("{table}.output"), head.output)]).map(layer).collect()
}
