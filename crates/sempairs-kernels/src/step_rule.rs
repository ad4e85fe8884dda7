//! Hyper-parameters of the optimiser steps.

/// Hyper-parameters of a step of SGD with momentum, or of LARS if there is a trust ratio.
///
/// With the gradient `g` of a weight `w` and its velocity `b`:
///
/// - `h = ratio · (g + decay · w)`
/// - `b ← momentum · b + h`
/// - `w ← w − rate · b`, or with Nesterov momentum `w ← w − rate · (h + momentum · b)`
///
/// If `rate_inside`, the learning rate multiplies `h` instead of the change of `w`. Sources:
/// Sutskever et al., "On the importance of initialization and momentum in deep learning" (2013), as
/// PyTorch implements it; You et al., "Large Batch Training of Convolutional Networks" (2017).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sgd {
    /// Learning rate.
    pub rate: f64,
    /// Momentum coefficient.
    pub momentum: f64,
    /// Weight decay (L2 penalty), added to the gradient.
    pub decay: f64,
    /// Whether to use Nesterov momentum.
    pub nesterov: bool,
    /// Whether the learning rate is part of the velocity.
    pub rate_inside: bool,
    /// Trust ratio of LARS; `None` is plain SGD.
    pub ratio: Option<Ratio>,
}

/// Trust ratio of LARS, computed per tensor from Euclidean norms (You et al., "Large Batch Training
/// of Convolutional Networks", 2017). It is 1 where a norm is zero.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Ratio {
    /// `trust · |w| / |g + decay · w|`.
    OfDecayed {
        /// The trust coefficient.
        trust: f64,
    },
    /// `r = trust · |w| / (|g| + decay · |w|)`; if `limited`, `min(r / rate, 1)`.
    OfParts {
        /// The trust coefficient.
        trust: f64,
        /// Whether the ratio is clipped.
        limited: bool,
    },
}

impl Ratio {
    /// The trust coefficient.
    pub fn trust(self) -> f64 {
        match self {
            Self::OfDecayed { trust } | Self::OfParts { trust, .. } => trust,
        }
    }
}

/// Hyper-parameters of a step of AdamW (Loshchilov and Hutter, arXiv 1711.05101), as in PyTorch.
///
/// With the gradient `g` of a weight `w`, the moments `m` and `v`, which start at zero, and the
/// step number `t`:
///
/// - `m ← β₁ m + (1 − β₁) g`
/// - `v ← β₂ v + (1 − β₂) g²`
/// - `m̂ = m / (1 − β₁ᵗ)`, `v̂ = v / (1 − β₂ᵗ)`
/// - `w ← (1 − rate · decay) w − rate · m̂ / (√v̂ + ε)`
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdamW {
    /// Learning rate.
    pub rate: f64,
    /// Decay rates of the two moments, `β₁` and `β₂`.
    pub betas: [f32; 2],
    /// Term added to the denominator for numerical stability, `ε`.
    pub epsilon: f32,
    /// Decoupled weight decay.
    pub decay: f64,
    /// Step number, starting at 1.
    pub time: usize,
}

impl AdamW {
    /// Factor that decays a weight, `1 − rate · decay`.
    pub(crate) fn decay_factor(&self) -> f64 {
        1.0 - self.rate * self.decay
    }

    /// Bias corrections of the two moments, `1 − βᵗ`.
    pub(crate) fn corrections(&self) -> [f32; 2] {
        let time = i32::try_from(self.time).unwrap_or(i32::MAX);
        self.betas.map(|beta| 1.0 - beta.powi(time))
    }
}
