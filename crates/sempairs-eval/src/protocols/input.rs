//! The input of evaluation protocols.

use burn::tensor::Device;
use sempairs_augment::Pipeline;
use sempairs_data::PictureSource;
use sempairs_internal::ProgressBar;

use crate::{BoxedBackbone, ConfigError, EvalError, Features};

/// The kind of input that a protocol learns from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputKind {
    /// Frozen features of the backbone.
    Features,
    /// The class tokens of this number of last blocks of a vision transformer; the features of
    /// any other network.
    ClassTokens(usize),
    /// The network itself and the pictures.
    Network,
}

/// Input of [`EvaluationProtocol::predict`](crate::EvaluationProtocol::predict): what the protocol
/// learns from and what it predicts for, according to its [`InputKind`].
pub struct ProtocolInput<'a> {
    data: Data<'a>,
    progress: ProgressBar,
}

enum Data<'a> {
    Features(&'a Features, &'a [f32]),
    Network(NetworkInput<'a>),
}

/// The input of a protocol that trains the network ([`InputKind::Network`]).
#[derive(Clone, Copy)]
pub struct NetworkInput<'a> {
    /// The network in evaluation mode. It must not be changed: train `backbone.valid().train()`,
    /// since a clone shares the running statistics of batch normalisation.
    pub backbone: &'a BoxedBackbone,
    /// The training pictures, all of them with classes.
    pub train: &'a dyn PictureSource,
    /// The test pictures. Their classes may only be used for the score.
    pub test: &'a dyn PictureSource,
    /// The pipeline of the views of the test pictures.
    pub view: &'a Pipeline,
    /// Device of the network.
    pub device: &'a Device,
}

impl<'a> ProtocolInput<'a> {
    /// Input of training features with their classes, and of test features.
    ///
    /// # Shapes
    /// - queries: `[n, train.dim]`, row-major
    pub fn from_features(train: &'a Features, queries: &'a [f32]) -> Self {
        Self { data: Data::Features(train, queries), progress: ProgressBar::hidden() }
    }

    /// Input of a network and the pictures.
    pub fn from_network(network: NetworkInput<'a>) -> Self {
        Self { data: Data::Network(network), progress: ProgressBar::hidden() }
    }

    /// The training features with their classes, and the test features: `[n, train.dim]`,
    /// row-major.
    ///
    /// # Errors
    ///
    /// [`EvalError::Config`] if the input is a network.
    pub fn features(&self) -> Result<(&'a Features, &'a [f32]), EvalError> {
        match self.data {
            Data::Features(train, queries) => Ok((train, queries)),
            Data::Network(_) => {
                let reason = "needs features, but its input is a network; check `input_kind`";
                Err(ConfigError::new("kind", reason).into())
            }
        }
    }

    /// The network and the pictures.
    ///
    /// # Errors
    ///
    /// [`EvalError::Config`] if the input is features.
    pub fn network(&self) -> Result<NetworkInput<'a>, EvalError> {
        match self.data {
            Data::Network(network) => Ok(network),
            Data::Features(..) => {
                let reason = "trains the network, so features cannot be scored; use `Downstream`";
                Err(ConfigError::new("kind", reason).into())
            }
        }
    }

    /// Sets the number of steps of the progress bar, if one is shown.
    pub fn set_steps(&self, steps: u64) {
        self.progress.set_length(steps);
    }

    /// Advances the progress bar by a number of steps.
    pub fn advance(&self, steps: u64) {
        self.progress.inc(steps);
    }

    pub(crate) fn progress(&self) -> &ProgressBar {
        &self.progress
    }

    pub(crate) fn with_progress(self, progress: ProgressBar) -> Self {
        Self { progress, ..self }
    }
}
