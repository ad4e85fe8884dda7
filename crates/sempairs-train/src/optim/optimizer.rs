use std::collections::HashMap;

use burn::grad_clipping::GradientClipping;
use burn::module::Module;
use burn::optim::GradientsParams;
use sempairs_kernels::Sgd;
use serde::{Deserialize, Serialize};

use super::adamw::AdamWOptimizer;
use super::rates::Rates;
use super::sgd::SgdOptimizer;
use super::weight_decay::SharedWeightDecay;
use crate::limits::DECAYS;
use crate::{ConfigError, LarsConfig};

/// Configuration of an optimiser: SGD, AdamW or LARS. Where Burn's defaults differ from PyTorch's,
/// the defaults are PyTorch's.
///
/// `exclude_vectors` excludes 1-D parameters (biases and the parameters of normalisation layers)
/// from weight decay and, with LARS, from the trust ratio.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "snake_case", deny_unknown_fields)]
pub enum OptimizerConfig {
    /// Stochastic gradient descent.
    Sgd {
        /// Momentum, without dampening.
        #[serde(default = "momentum")]
        momentum: f64,
        /// Weight decay (L2 penalty), added to the gradient.
        #[serde(default)]
        weight_decay: f64,
        /// Use Nesterov momentum.
        #[serde(default)]
        nesterov: bool,
        /// Exclude 1-D parameters from weight decay. MoCo and SimSiam decay all parameters.
        #[serde(default)]
        exclude_vectors: bool,
    },
    /// Adam with decoupled weight decay. Source: Loshchilov and Hutter (2019).
    #[serde(rename = "adamw")]
    AdamW {
        /// Decay rates of the first and second moment.
        #[serde(default = "betas")]
        betas: [f32; 2],
        /// Decoupled weight decay.
        #[serde(default = "decay")]
        weight_decay: f64,
        /// Final weight decay of a cosine schedule; constant if omitted. DINO increases it from
        /// 0.04 to 0.4 (Caron et al., 2021, section 3.2).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        final_weight_decay: Option<f64>,
        /// Exclude 1-D parameters from weight decay, as in DINO.
        #[serde(default)]
        exclude_vectors: bool,
    },
    /// Layer-wise adaptive rate scaling.
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

/// Adam's epsilon: PyTorch's default.
const EPSILON: f32 = 1e-8;

impl OptimizerConfig {
    /// SGD with momentum 0.9; all parameters are decayed.
    pub fn sgd(weight_decay: f64) -> Self {
        Self::Sgd { momentum: momentum(), weight_decay, nesterov: false, exclude_vectors: false }
    }

    /// AdamW with PyTorch's betas and a constant weight decay of all parameters.
    pub fn adamw(weight_decay: f64) -> Self {
        Self::AdamW {
            betas: betas(),
            weight_decay,
            final_weight_decay: None,
            exclude_vectors: false,
        }
    }

    /// Creates the optimiser, with the initial weight decay.
    pub fn init(&self) -> Optimizer {
        self.init_with(&SharedWeightDecay::new(self.decay()[0]), 1.0)
    }

    /// Creates the optimiser. AdamW uses the current value of `decay` instead of the configured
    /// weight decay; `vector_rate` is the learning rate of 1-D parameters divided by that of all
    /// others.
    pub fn init_with(&self, decay: &SharedWeightDecay, vector_rate: f64) -> Optimizer {
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

    /// Weight decay at the first and at the last step.
    pub fn decay(&self) -> [f64; 2] {
        match self {
            Self::Sgd { weight_decay, .. } => [*weight_decay; 2],
            Self::AdamW { weight_decay, final_weight_decay, .. } => {
                [*weight_decay, final_weight_decay.unwrap_or(*weight_decay)]
            }
            Self::Lars(config) => [config.weight_decay; 2],
        }
    }

    /// Checks that all values are in their ranges.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] for a value out of its range.
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

/// Optimiser with its state: the moments of AdamW, or the velocities of SGD and LARS.
///
/// Parameters with the same update rule are updated by a single call of [`sempairs_kernels::sgd`]
/// or [`sempairs_kernels::adamw`], which on a GPU takes one or two launches for many parameters.
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
    /// Clips the gradient of each parameter to the norm `max_norm`.
    pub fn with_clipping(self, max_norm: f64) -> Self {
        let clipping = GradientClipping::Norm(max_norm as f32);
        let kind = match self.kind {
            Kind::AdamW(mut adamw) => {
                adamw.clipping = Some(clipping);
                Kind::AdamW(adamw)
            }
            Kind::Sgd(mut sgd) => {
                sgd.clipping = Some(clipping);
                Kind::Sgd(sgd)
            }
        };
        Self { kind }
    }

    /// Updates the parameters that have a gradient.
    pub fn step<M: Module>(
        &mut self,
        rates: impl Into<Rates>,
        module: M,
        gradients: GradientsParams,
    ) -> M {
        let rates = rates.into();
        match &mut self.kind {
            Kind::Sgd(sgd) => sgd.step(&rates, module, gradients),
            Kind::AdamW(adamw) => adamw.step(&rates, module, gradients),
        }
    }

    /// Serialises the state, for [`with_bytes`](Self::with_bytes).
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        match &self.kind {
            Kind::Sgd(sgd) => sgd.to_bytes(),
            Kind::AdamW(adamw) => adamw.to_bytes(),
        }
    }

    /// Restores the state written by [`to_bytes`](Self::to_bytes), or returns the reason why it is
    /// invalid.
    pub(crate) fn with_bytes(self, bytes: Vec<u8>) -> Result<Self, String> {
        let kind = match self.kind {
            Kind::Sgd(sgd) => Kind::Sgd(sgd.with_bytes(&bytes)?),
            Kind::AdamW(adamw) => Kind::AdamW(adamw.with_bytes(bytes)?),
        };
        Ok(Self { kind })
    }
}
