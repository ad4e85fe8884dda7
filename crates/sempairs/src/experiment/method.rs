use sempairs_objective::{ObjectiveError, SimClrConfig};
use serde::{Deserialize, Serialize};

/// Which objective, with its constants.
///
/// A method more is a variant here and an arm in [`each_method`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "snake_case")]
pub enum MethodConfig {
    /// SimCLR.
    #[serde(rename = "simclr")]
    SimClr(SimClrConfig),
}

/// Evaluates an expression with the configuration of whichever method it is. The methods share no type, only
/// what they can do.
macro_rules! each_method {
    ($method:expr, $config:ident => $body:expr) => {
        match $method {
            $crate::experiment::MethodConfig::SimClr($config) => $body,
        }
    };
}
pub(crate) use each_method;

impl MethodConfig {
    /// Whether the values of the method are in their ranges.
    ///
    /// # Errors
    ///
    /// [`ObjectiveError::Config`] with the key within the method's table.
    pub fn check(&self) -> Result<(), ObjectiveError> {
        each_method!(self, config => config.check())
    }
}
