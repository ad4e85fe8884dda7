//! The built-in protocols as one type.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{
    ConfigError, EvalError, EvaluationProtocol, FineTune, InputKind, Knn, Probe, ProtocolInput,
    ProtocolOutput, ProtocolSettings, SgdDino, SgdMoco,
};

/// A built-in evaluation protocol with its settings, as written in files.
///
/// ```
/// use sempairs_eval::{EvaluationProtocol, Protocol};
///
/// let protocol: Protocol = serde_json::from_str(r#"{ "kind": "knn", "k": 200 }"#).unwrap();
/// assert_eq!(protocol.name(), "knn-k200-t0.07");
/// assert_ne!(protocol.hash("views"), "knn".parse::<Protocol>().unwrap().hash("views"));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Protocol {
    /// Weighted k-nearest-neighbour classification.
    Knn(Knn),
    /// Linear probe by L-BFGS, with the regularisation selected on a held-out part of the training
    /// set.
    Probe(Probe),
    /// MoCo's linear classification on features of the fixed evaluation view.
    SgdMoco(SgdMoco),
    /// DINO's linear classification on class tokens of the last blocks, of the fixed evaluation
    /// view.
    SgdDino(SgdDino),
    /// Fine-tuning of the whole network.
    FineTune(FineTune),
}

impl Protocol {
    /// Names of the kinds in files. [`from_str`](Self::from_str) parses them, with default
    /// settings.
    pub const NAMES: [&'static str; 5] = ["knn", "probe", "sgd_moco", "sgd_dino", "fine_tune"];

    /// The protocol of this variant, which does what [`EvaluationProtocol`] asks of this type.
    pub fn as_dyn(&self) -> &dyn EvaluationProtocol {
        match self {
            Self::Knn(knn) => knn,
            Self::Probe(probe) => probe,
            Self::SgdMoco(sgd) => sgd,
            Self::SgdDino(sgd) => sgd,
            Self::FineTune(tune) => tune,
        }
    }
}

/// Conversions of the settings of each built-in protocol, whose files thereby need not name the
/// variants.
macro_rules! settings_from {
    ($($kind:ident)*) => {
        $(impl From<$kind> for ProtocolSettings {
            fn from(settings: $kind) -> Self {
                Protocol::$kind(settings).into()
            }
        })*
    };
}

settings_from!(Knn Probe SgdMoco SgdDino FineTune);

impl EvaluationProtocol for Protocol {
    fn name(&self) -> String {
        self.as_dyn().name()
    }

    fn settings(&self) -> ProtocolSettings {
        self.as_dyn().settings()
    }

    fn input_kind(&self) -> InputKind {
        self.as_dyn().input_kind()
    }

    fn check(&self) -> Result<(), ConfigError> {
        self.as_dyn().check()
    }

    fn limited_to(&self, pictures: usize) -> Option<Arc<dyn EvaluationProtocol>> {
        self.as_dyn().limited_to(pictures)
    }

    fn predict(&self, input: &ProtocolInput<'_>) -> Result<ProtocolOutput, EvalError> {
        self.as_dyn().predict(input)
    }
}

impl From<Protocol> for Arc<dyn EvaluationProtocol> {
    fn from(protocol: Protocol) -> Self {
        Arc::new(protocol)
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.name())
    }
}

impl FromStr for Protocol {
    type Err = ConfigError;

    fn from_str(name: &str) -> Result<Self, ConfigError> {
        match name {
            "knn" => Ok(Self::Knn(Knn::default())),
            "probe" => Ok(Self::Probe(Probe::default())),
            "sgd_moco" => Ok(Self::SgdMoco(SgdMoco::default())),
            "sgd_dino" => Ok(Self::SgdDino(SgdDino::default())),
            "fine_tune" => Ok(Self::FineTune(FineTune::default())),
            _ => {
                let known = Self::NAMES.join(", ");
                let reason = format!("there is no protocol `{name}`; known are {known}");
                Err(ConfigError::new("", reason).with_nearest(name, Self::NAMES))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A changed default changes all scores under that protocol. If a default must change, change
    /// this test and mention it in the release notes.
    #[test]
    fn the_defaults_have_not_changed() {
        let hashes = Protocol::NAMES.map(|name| name.parse::<Protocol>().unwrap().hash(""));
        assert_eq!(
            hashes.map(|hash| hash.to_string()),
            [
                "0a61f6a49de7df08",
                "511c56aa5a0e82f6",
                "5443d92f6248ff95",
                "30baa7f9a1c86b74",
                "5a08b90b6bf19d16",
            ]
        );
    }

    #[test]
    fn protocols_are_read_from_files_and_unknown_keys_are_errors() {
        let protocol: Protocol =
            serde_json::from_str(r#"{ "kind": "probe", "values": 45 }"#).unwrap();
        assert_eq!(protocol, Protocol::Probe(Probe { values: 45, ..Probe::default() }));
        for name in Protocol::NAMES {
            let parsed = serde_json::from_str(&format!(r#"{{ "kind": "{name}" }}"#));
            assert_eq!(parsed.ok(), name.parse::<Protocol>().ok(), "{name}");
        }
        let text = serde_json::to_string(&protocol).unwrap();
        assert_eq!(serde_json::from_str::<Protocol>(&text).unwrap(), protocol);
        let error = serde_json::from_str::<Protocol>(r#"{ "kind": "knn", "kk": 3 }"#).unwrap_err();
        assert!(error.to_string().contains("`kk`"), "{error}");
        let error = "knm".parse::<Protocol>().unwrap_err().to_string();
        assert!(error.contains("knm") && error.contains("sgd_moco"), "{error}");
    }

    /// Scores of a protocol by itself and as a variant have the same settings and the same hash.
    #[test]
    fn a_protocol_has_the_settings_of_its_variant() {
        for name in Protocol::NAMES {
            let protocol: Protocol = name.parse().unwrap();
            let inside = protocol.as_dyn();
            assert_eq!(inside.settings(), ProtocolSettings::BuiltIn(protocol.clone()), "{name}");
            assert_eq!(inside.hash("views"), protocol.hash("views"), "{name}");
        }
    }

    #[test]
    fn the_views_are_part_of_the_hash() {
        let knn = Protocol::Knn(Knn::default());
        assert_ne!(knn.hash("32 pixels"), knn.hash("64 pixels"));
    }
}
