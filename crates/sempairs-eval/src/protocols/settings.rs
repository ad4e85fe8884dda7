//! The settings of a protocol as they are stored with its scores.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::Protocol;

/// The settings of an [`EvaluationProtocol`](crate::EvaluationProtocol), stored with every score.
///
/// It is serialised as the settings themselves. An object whose `kind` is one of
/// [`Protocol::NAMES`] must be the settings of that protocol; anything else is custom.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum ProtocolSettings {
    /// The settings of a built-in protocol.
    BuiltIn(Protocol),
    /// The settings of any other protocol. By convention this is an object with the `kind` of
    /// protocol.
    Custom(Value),
}

impl From<Protocol> for ProtocolSettings {
    fn from(protocol: Protocol) -> Self {
        Self::BuiltIn(protocol)
    }
}

impl From<Value> for ProtocolSettings {
    fn from(settings: Value) -> Self {
        Self::Custom(settings)
    }
}

impl<'de> Deserialize<'de> for ProtocolSettings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        match value.get("kind").and_then(Value::as_str) {
            Some(kind) if Protocol::NAMES.contains(&kind) => {
                serde_json::from_value(value).map(Self::BuiltIn).map_err(D::Error::custom)
            }
            _ => Ok(Self::Custom(value)),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn settings_are_serialised_transparently_and_read_back() {
        for name in Protocol::NAMES {
            let protocol: Protocol = name.parse().unwrap();
            let text = serde_json::to_string(&ProtocolSettings::from(protocol.clone())).unwrap();
            assert_eq!(text, serde_json::to_string(&protocol).unwrap());
            let read: ProtocolSettings = serde_json::from_str(&text).unwrap();
            assert_eq!(read, ProtocolSettings::BuiltIn(protocol));
        }
        for custom in [json!({ "kind": "nearest_mean", "metric": "cosine" }), json!([1, 2.5])] {
            let settings = ProtocolSettings::from(custom);
            let text = serde_json::to_string(&settings).unwrap();
            assert_eq!(serde_json::from_str::<ProtocolSettings>(&text).unwrap(), settings);
        }
    }

    #[test]
    fn wrong_settings_of_a_built_in_protocol_are_an_error() {
        let read = serde_json::from_str::<ProtocolSettings>(r#"{ "kind": "knn", "kk": 3 }"#);
        let message = read.unwrap_err().to_string();
        assert!(message.contains("`kk`"), "{message}");
    }
}
