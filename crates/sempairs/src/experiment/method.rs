use sempairs_objective::{
    BarlowTwinsConfig, ByolConfig, DclConfig, DinoConfig, MoCoConfig, NnClrConfig, ObjectiveError,
    SimClrConfig, SimSiamConfig, SupConConfig, SwavConfig, VicRegConfig,
};
use serde::{Deserialize, Serialize};

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

    /// Whether the values of the method are in their ranges.
    ///
    /// # Errors
    ///
    /// [`ObjectiveError::Config`] with the key within the method's table.
    pub fn check(&self) -> Result<(), ObjectiveError> {
        each_method!(self, config => config.check())
    }
}
