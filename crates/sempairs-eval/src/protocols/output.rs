//! The output of evaluation protocols.

use std::collections::BTreeMap;

use crate::Predictions;

/// Output of [`EvaluationProtocol::predict`](crate::EvaluationProtocol::predict).
#[derive(Clone, Debug, PartialEq)]
pub struct ProtocolOutput {
    /// The classes of every test picture, ranked.
    pub predictions: Predictions,
    /// Other numbers by name, such as a chosen regularisation strength; they become the score's
    /// [`extra`](crate::Score::extra).
    pub extra: BTreeMap<String, f64>,
}

impl From<Predictions> for ProtocolOutput {
    fn from(predictions: Predictions) -> Self {
        Self { predictions, extra: BTreeMap::new() }
    }
}
