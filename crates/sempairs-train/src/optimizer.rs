use burn::optim::decay::WeightDecayConfig;
use burn::optim::momentum::MomentumConfig;
use burn::optim::{AdamWConfig, ModuleOptimizer, SgdConfig};
use serde::{Deserialize, Serialize};

use crate::{LarsConfig, TrainError};

/// What turns gradients into steps. The defaults are PyTorch's where Burn's differ.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "snake_case", deny_unknown_fields)]
pub enum OptimizerConfig {
    /// Stochastic gradient descent; the decay is added to the gradient of every parameter.
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
    },
    /// Adam with decoupled decay on every parameter. Source: Loshchilov and Hutter (2019).
    #[serde(rename = "adamw")]
    AdamW {
        /// Decay of the mean of gradients and of their squares.
        #[serde(default = "betas")]
        betas: [f32; 2],
        /// Decoupled decay.
        #[serde(default = "decay")]
        weight_decay: f32,
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

fn decay() -> f32 {
    1e-2
}

impl OptimizerConfig {
    /// The optimiser of a whole module.
    pub fn init(&self) -> ModuleOptimizer {
        match self {
            Self::Sgd { momentum, weight_decay, nesterov } => SgdConfig::new()
                .with_momentum((*momentum > 0.0).then(|| {
                    MomentumConfig::new()
                        .with_momentum(*momentum)
                        .with_dampening(0.0)
                        .with_nesterov(*nesterov)
                }))
                .with_weight_decay(
                    (*weight_decay > 0.0).then(|| WeightDecayConfig::new(*weight_decay as f32)),
                )
                .init(),
            Self::AdamW { betas, weight_decay } => AdamWConfig::new()
                .with_beta_1(betas[0])
                .with_beta_2(betas[1])
                .with_epsilon(1e-8)
                .with_weight_decay(*weight_decay)
                .init(),
            Self::Lars(config) => ModuleOptimizer::from(config.build()),
        }
    }

    /// # Errors
    ///
    /// [`TrainError::Config`] for a constant out of its range.
    pub fn check(&self) -> Result<(), TrainError> {
        let inside = |key: &str, value: f64, most: f64| {
            if (0.0..most).contains(&value) {
                return Ok(());
            }
            Err(TrainError::config(
                format!("optimizer.{key}"),
                format!("must lie in 0..{most}, not {value}"),
            ))
        };
        match self {
            Self::Sgd { momentum, weight_decay, .. } => {
                inside("momentum", *momentum, 1.0)?;
                inside("weight_decay", *weight_decay, f64::MAX)
            }
            Self::AdamW { betas, weight_decay } => {
                inside("betas", betas[0].into(), 1.0)?;
                inside("betas", betas[1].into(), 1.0)?;
                inside("weight_decay", (*weight_decay).into(), f64::MAX)
            }
            Self::Lars(config) => {
                inside("momentum", config.momentum, 1.0)?;
                inside("weight_decay", config.weight_decay, f64::MAX)?;
                inside("trust", config.trust, f64::MAX)
            }
        }
    }
}
