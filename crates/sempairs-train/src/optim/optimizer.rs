use std::collections::HashMap;

use burn::grad_clipping::GradientClipping;
use burn::module::{Module, ParamGroup, ParamId};
use burn::optim::GradientsParams;
use sempairs_kernels::Sgd;
use serde::{Deserialize, Serialize};

use super::adamw::{Decay, Decoupled};
use super::sgd::Descents;
use crate::limits::DECAYS;
use crate::{LarsConfig, TrainError};

/// Configuration of the optimiser. Where the defaults of PyTorch and Burn differ, these are
/// PyTorch's.
///
/// `exclude_vectors` excludes 1-D parameters (biases and the parameters of normalisation layers)
/// from weight decay and, with LARS, from the trust ratio.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "snake_case", deny_unknown_fields)]
pub enum OptimizerConfig {
    /// Stochastic gradient descent with L2 regularisation: weight decay is added to the gradient.
    Sgd {
        /// Momentum, without dampening.
        #[serde(default = "momentum")]
        momentum: f64,
        /// Weight decay (L2 penalty).
        #[serde(default)]
        weight_decay: f64,
        /// Use Nesterov momentum.
        #[serde(default)]
        nesterov: bool,
        /// Exclude 1-D parameters from weight decay; MoCo and SimSiam decay all parameters.
        #[serde(default)]
        exclude_vectors: bool,
    },
    /// Adam with decoupled weight decay. Source: Loshchilov and Hutter (2019).
    #[serde(rename = "adamw")]
    AdamW {
        /// Decay rates of the first and second moments.
        #[serde(default = "betas")]
        betas: [f32; 2],
        /// Decoupled weight decay.
        #[serde(default = "decay")]
        weight_decay: f64,
        /// Weight decay at the end of the run, reached along a half cosine; constant if omitted.
        /// DINO goes from 0.04 to 0.4 (Caron et al., 2021, section 3.2).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        final_weight_decay: Option<f64>,
        /// Exclude 1-D parameters from weight decay, as DINO does.
        #[serde(default)]
        exclude_vectors: bool,
    },
    /// LARS, layer-wise adaptive rate scaling.
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

/// Constant `epsilon` in Adam's denominator: PyTorch's default.
const EPSILON: f32 = 1e-8;

impl OptimizerConfig {
    /// SGD with momentum 0.9 and weight decay of all parameters.
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

    /// Creates the optimiser of a network, with the weight decay of the first step.
    pub fn init(&self) -> Optimizer {
        self.init_with(&Decay::new(self.decay()[0]), 1.0)
    }

    /// Creates the optimiser of a network. AdamW uses `decay`, which may change during training,
    /// instead of the configured value. `vector_rate` is the learning rate of 1-D parameters
    /// divided by that of all others.
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
                Kind::Descent(Descents::new(matrices, vectors, vector_rate))
            }
            Self::AdamW { betas, exclude_vectors, .. } => Kind::AdamW(Decoupled {
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
                Kind::Descent(Descents::new(matrices, vectors, vector_rate))
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

    /// Checks that all values are in their permitted ranges.
    ///
    /// # Errors
    ///
    /// [`TrainError::Config`] for a constant out of its range.
    pub fn check(&self) -> Result<(), TrainError> {
        let share = |key: &str, value: f64| {
            if (0.0..1.0).contains(&value) {
                return Ok(());
            }
            let reason = format!("must be at least 0 and less than 1, not {value}");
            Err(TrainError::config(format!("optimizer.{key}"), reason))
        };
        let decay = |key: &str, value: f64| {
            TrainError::unless_within(&format!("optimizer.{key}"), value, DECAYS)
        };
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

/// Learning rates of one step.
#[derive(Clone)]
pub struct Rates {
    /// Learning rate of all parameters outside `group`.
    pub all: f64,
    /// Parameters with a different learning rate, and that rate.
    pub group: Option<(ParamGroup, f64)>,
}

impl From<f64> for Rates {
    fn from(all: f64) -> Self {
        Self { all, group: None }
    }
}

impl Rates {
    /// Learning rate of a parameter; `path` is its path in the module, joined by dots.
    pub(crate) fn of(&self, id: &ParamId, path: &str) -> f64 {
        match &self.group {
            Some((group, rate)) if group.matches(id, Some(path)) => *rate,
            _ => self.all,
        }
    }
}

/// Optimiser of a network with its state: the moments of AdamW, or the momentum buffers of SGD and
/// LARS.
///
/// SGD and LARS update all parameters with the same rule in one call of
/// [`sempairs_kernels::descend`], which on a GPU needs one or two kernel launches for many
/// parameters. AdamW updates one parameter at a time, with Burn's operations or with one launch of
/// [`sempairs_kernels::adamw`].
#[derive(Clone)]
pub struct Optimizer {
    kind: Kind,
}

#[derive(Clone)]
enum Kind {
    AdamW(Decoupled),
    Descent(Descents),
}

impl Optimizer {
    /// Adds gradient clipping: the gradient of each parameter is scaled down to an L2 norm of at
    /// most `longest`.
    pub fn with_clipping(self, longest: f64) -> Self {
        let clipping = GradientClipping::Norm(longest as f32);
        let kind = match self.kind {
            Kind::AdamW(mut adamw) => {
                adamw.clipping = Some(clipping);
                Kind::AdamW(adamw)
            }
            Kind::Descent(mut descents) => {
                descents.clipping = Some(clipping);
                Kind::Descent(descents)
            }
        };
        Self { kind }
    }

    /// Updates the parameters that have a gradient and returns the module.
    pub fn step<M: Module>(
        &mut self,
        rates: impl Into<Rates>,
        module: M,
        gradients: GradientsParams,
    ) -> M {
        let rates = rates.into();
        match &mut self.kind {
            Kind::Descent(descents) => descents.step(&rates, module, gradients),
            Kind::AdamW(adamw) => adamw.step(&rates, module, gradients),
        }
    }

    /// Serialises the state, for [`with_bytes`](Self::with_bytes).
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        match &self.kind {
            Kind::Descent(descents) => descents.to_bytes(),
            // Writing to memory fails only if memory runs out.
            Kind::AdamW(adamw) => {
                let record = adamw.to_record().into_bytes();
                record.expect("an optimiser's record is serialisable").to_vec()
            }
        }
    }

    /// Restores the serialised state of an optimiser of the same kind; on failure returns the
    /// reason.
    pub(crate) fn with_bytes(self, bytes: Vec<u8>) -> Result<Self, String> {
        let kind = match self.kind {
            Kind::Descent(descents) => Kind::Descent(descents.with_bytes(&bytes)?),
            Kind::AdamW(adamw) => Kind::AdamW(adamw.with_bytes(bytes)?),
        };
        Ok(Self { kind })
    }
}
