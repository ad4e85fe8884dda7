//! The input of a protocol together with the classes that its predictions are compared with.

use sempairs_internal::ProgressBar;

use super::class_mapping::matched;
use crate::features::{check_finite, labels};
use crate::{EvalError, Features, NetworkInput, ProtocolInput};

/// What a score is computed from.
pub(crate) struct LabelledInput<'a> {
    /// The input of the protocol.
    pub input: ProtocolInput<'a>,
    /// Names of the classes of the training set.
    pub classes: &'a [String],
    /// Number of training pictures.
    pub n_train: usize,
    /// Class of each test picture, as an index into `classes`.
    pub labels: Vec<usize>,
}

impl<'a> LabelledInput<'a> {
    /// Features of the training and of the test set; errors name the data set.
    ///
    /// # Errors
    ///
    /// As [`EvaluationProtocol::score`](crate::EvaluationProtocol::score).
    pub fn from_features(
        dataset: &str,
        [train, test]: [&'a Features; 2],
    ) -> Result<Self, EvalError> {
        for (set, what) in [(train, "training"), (test, "test")] {
            if set.is_empty() {
                return Err(EvalError::TooFew { what: format!("{dataset}, {what}"), found: 0 });
            }
        }
        if train.dim != test.dim {
            let reason = format!("{} and {} features", train.dim, test.dim);
            return Err(EvalError::Mismatch { reason });
        }
        let labels = matched(&train.classes, &test.classes, &test.labels)?;
        [&train.values, &test.values].into_iter().try_for_each(|values| check_finite(values))?;
        let input = ProtocolInput::from_features(train, &test.values);
        Ok(Self { input, classes: &train.classes, n_train: train.len(), labels })
    }

    /// The network and the pictures.
    ///
    /// # Errors
    ///
    /// [`EvalError::Unlabelled`] for a test picture without a class; [`EvalError::Mismatch`] for
    /// one of a class that the training set does not have.
    pub fn from_network(network: NetworkInput<'a>) -> Result<Self, EvalError> {
        let NetworkInput { train, test, .. } = network;
        let labels = matched(train.classes(), test.classes(), &labels(test)?)?;
        let input = ProtocolInput::from_network(network);
        Ok(Self { input, classes: train.classes(), n_train: train.len(), labels })
    }

    pub fn with_progress(self, progress: ProgressBar) -> Self {
        Self { input: self.input.with_progress(progress), ..self }
    }
}
