use std::collections::HashMap;

use burn::grad_clipping::GradientClipping;
use burn::module::{Module, ParamGroup, ParamId};
use burn::optim::GradientsParams;
use sempairs_kernels::Sgd;
use serde::{Deserialize, Serialize};

use super::adamw::{AdamWOptimizer, Decay};
use super::sgd::SgdOptimizer;
use crate::limits::DECAYS;
use crate::{ConfigError, LarsConfig};

/// What turns gradients into steps. The defaults are PyTorch's where Burn's differ.
///
/// `exclude_vectors` leaves tensors of one dimension, that is biases and the weights of norms, out
/// of the decay (and, with LARS, out of the adaptation).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "snake_case", deny_unknown_fields)]
pub enum OptimizerConfig {
    /// Stochastic gradient descent; the decay is added to the gradient.
    Sgd {
        /// Classic momentum, without dampening.
        #[serde(default = "momentum")]
        momentum: f64,
        /// L2 penalty.
        #[serde(default)]
        weight_decay: f64,
        /// Nesterov's look-ahead.
        #[serde(default)]
        nesterov: bool,
        /// Whether vectors are not decayed; MoCo and SimSiam decay everything.
        #[serde(default)]
        exclude_vectors: bool,
    },
    /// Adam with decoupled decay. Source: Loshchilov and Hutter (2019).
    #[serde(rename = "adamw")]
    AdamW {
        /// Decay of the mean of gradients and of their squares.
        #[serde(default = "betas")]
        betas: [f32; 2],
        /// Decoupled decay.
        #[serde(default = "decay")]
        weight_decay: f64,
        /// What the decay ends at, along half a cosine over the run; it stays the same if left out.
        /// DINO goes from 0.04 to 0.4 (Caron et al., 2021, section 3.2).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        final_weight_decay: Option<f64>,
        /// Whether vectors are not decayed, as in DINO.
        #[serde(default)]
        exclude_vectors: bool,
    },
    /// Layer-wise adaptive rates.
    Lars(LarsConfig),
}

fn momentum() -> f64 {
    0.9
}

fn betas() -> [f32; 2] {
    [0.9, 0.999]
}

fn decay() -> f64 {
    1e-2
}

/// The constant that keeps Adam from dividing by zero: PyTorch's default.
const EPSILON: f32 = 1e-8;

impl OptimizerConfig {
    /// SGD with momentum 0.9, decaying every parameter.
    pub fn sgd(weight_decay: f64) -> Self {
        Self::Sgd { momentum: momentum(), weight_decay, nesterov: false, exclude_vectors: false }
    }

    /// AdamW with PyTorch's betas, decaying every parameter alike and at all times.
    pub fn adamw(weight_decay: f64) -> Self {
        Self::AdamW {
            betas: betas(),
            weight_decay,
            final_weight_decay: None,
            exclude_vectors: false,
        }
    }

    /// The optimiser of a whole network, its decay that of the first step.
    pub fn init(&self) -> Optimizer {
        self.init_with(&Decay::new(self.decay()[0]), 1.0)
    }

    /// The optimiser of a whole network. AdamW reads `decay`, which may change, in place of its
    /// own; `vector_rate` is the learning rate of vectors over that of all others.
    pub fn init_with(&self, decay: &Decay, vector_rate: f64) -> Optimizer {
        let kind = match self {
            Self::Sgd { momentum, weight_decay, nesterov, exclude_vectors } => {
                let rule = |decay: f64| Sgd {
                    rate: 0.0,
                    momentum: *momentum,
                    decay,
                    nesterov: *nesterov,
                    rate_inside: false,
                    ratio: None,
                };
                let of_vectors = if *exclude_vectors { 0.0 } else { *weight_decay };
                let (matrices, vectors) = (rule(*weight_decay), rule(of_vectors));
                Kind::Sgd(SgdOptimizer::new(matrices, vectors, vector_rate))
            }
            Self::AdamW { betas, exclude_vectors, .. } => Kind::AdamW(AdamWOptimizer {
                betas: *betas,
                epsilon: EPSILON,
                decay: decay.clone(),
                exclude_vectors: *exclude_vectors,
                vector_rate,
                clipping: None,
                moments: HashMap::new(),
            }),
            Self::Lars(config) => {
                let (matrices, vectors) = (config.rule(false), config.rule(true));
                Kind::Sgd(SgdOptimizer::new(matrices, vectors, vector_rate))
            }
        };
        Optimizer { kind }
    }

    /// The decay at the first and at the last step.
    pub fn decay(&self) -> [f64; 2] {
        match self {
            Self::Sgd { weight_decay, .. } => [*weight_decay; 2],
            Self::AdamW { weight_decay, final_weight_decay, .. } => {
                [*weight_decay, final_weight_decay.unwrap_or(*weight_decay)]
            }
            Self::Lars(config) => [config.weight_decay; 2],
        }
    }

    /// Whether all values are in their ranges.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] for a constant out of its range.
    pub fn check(&self) -> Result<(), ConfigError> {
        let share = |key: &str, value: f64| ConfigError::unless_share(key, value);
        let decay = |key: &str, value: f64| ConfigError::unless_within(key, value, DECAYS);
        match self {
            Self::Sgd { momentum, weight_decay, .. } => {
                share("momentum", *momentum)?;
                decay("weight_decay", *weight_decay)
            }
            Self::AdamW { betas, weight_decay, final_weight_decay, .. } => {
                share("betas[0]", betas[0].into())?;
                share("betas[1]", betas[1].into())?;
                decay("weight_decay", *weight_decay)?;
                decay("final_weight_decay", final_weight_decay.unwrap_or(0.0))
            }
            Self::Lars(config) => {
                share("momentum", config.momentum)?;
                decay("weight_decay", config.weight_decay)?;
                decay("trust", config.trust)
            }
        }
    }
}

/// The learning rates of a step.
#[derive(Clone)]
pub struct Rates {
    /// Of all parameters that have no other.
    pub all: f64,
    /// Parameters that move at another.
    pub group: Option<(ParamGroup, f64)>,
}

impl From<f64> for Rates {
    fn from(all: f64) -> Self {
        Self { all, group: None }
    }
}

impl Rates {
    /// The rate of a parameter, its path in the network's module joined by dots.
    pub(crate) fn of(&self, id: &ParamId, path: &str) -> f64 {
        match &self.group {
            Some((group, rate)) if group.matches(id, Some(path)) => *rate,
            _ => self.all,
        }
    }
}

/// The optimiser of a network with its state: the moments of AdamW, the velocities of SGD and LARS.
///
/// All parameters of a rule are handed to [`sempairs_kernels::sgd`] or [`sempairs_kernels::adamw`]
/// at once, which on a GPU is a launch or two for many.
#[derive(Clone)]
pub struct Optimizer {
    kind: Kind,
}

#[derive(Clone)]
enum Kind {
    AdamW(AdamWOptimizer),
    Sgd(SgdOptimizer),
}

impl Optimizer {
    /// The same, each parameter's gradient shortened before a step to be no longer than `longest`.
    pub fn with_clipping(self, longest: f64) -> Self {
        let clipping = GradientClipping::Norm(longest as f32);
        let kind = match self.kind {
            Kind::AdamW(mut adamw) => {
                adamw.clipping = Some(clipping);
                Kind::AdamW(adamw)
            }
            Kind::Sgd(mut descents) => {
                descents.clipping = Some(clipping);
                Kind::Sgd(descents)
            }
        };
        Self { kind }
    }

    /// Moves the parameters that have a gradient.
    pub fn step<M: Module>(
        &mut self,
        rates: impl Into<Rates>,
        module: M,
        gradients: GradientsParams,
    ) -> M {
        let rates = rates.into();
        match &mut self.kind {
            Kind::Sgd(descents) => descents.step(&rates, module, gradients),
            Kind::AdamW(adamw) => adamw.step(&rates, module, gradients),
        }
    }

    /// The state, for [`with_bytes`](Self::with_bytes).
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        match &self.kind {
            Kind::Sgd(descents) => descents.to_bytes(),
            Kind::AdamW(adamw) => adamw.to_bytes(),
        }
    }

    /// The same optimiser in a state of another of its kind; else the reason why not.
    pub(crate) fn with_bytes(self, bytes: Vec<u8>) -> Result<Self, String> {
        let kind = match self.kind {
            Kind::Sgd(descents) => Kind::Sgd(descents.with_bytes(&bytes)?),
            Kind::AdamW(adamw) => Kind::AdamW(adamw.with_bytes(bytes)?),
        };
        Ok(Self { kind })
    }
}
