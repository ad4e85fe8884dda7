//! Optimiser steps and moving averages over lists of parameters.

use burn::tensor::Tensor;

#[cfg(feature = "cube")]
use crate::cube;
use crate::reference;

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

/// Step of SGD or LARS over a list of parameters.
///
/// Returns the new weights and velocities. On a GPU a bin of up to 32 tensors takes one launch,
/// with LARS two. Tensors must not be tracked by autodiff; the results of one call share a buffer.
///
/// # Shapes
/// - `weights`, `gradients`, `velocities`, both outputs: one `[length]` per parameter
///
/// # Panics
/// If the lists or the lengths of their tensors differ.
pub fn sgd(
    weights: Vec<Tensor<1>>,
    gradients: Vec<Tensor<1>>,
    velocities: Vec<Tensor<1>>,
    rule: &Sgd,
) -> (Vec<Tensor<1>>, Vec<Tensor<1>>) {
    same_lengths(&weights, &gradients);
    same_lengths(&weights, &velocities);
    #[cfg(feature = "cube")]
    if [&weights, &gradients, &velocities].into_iter().all(|list| cube::supports_all(list)) {
        return cube::sgd(&weights, &gradients, &velocities, rule);
    }
    reference::sgd(weights, gradients, velocities, rule)
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

/// Step of AdamW over a list of parameters that have taken the same number of steps.
///
/// Returns the new weights and moments. On a GPU a bin of up to 32 tensors takes one launch.
/// Tensors must not be tracked by autodiff; the results of one call share a buffer.
///
/// # Shapes
/// - `weights`, `gradients`, both `moments`, all three outputs: one `[length]` per parameter
///
/// # Panics
/// If the lists or the lengths of their tensors differ.
pub fn adamw(
    weights: Vec<Tensor<1>>,
    gradients: Vec<Tensor<1>>,
    moments: [Vec<Tensor<1>>; 2],
    rule: &AdamW,
) -> (Vec<Tensor<1>>, [Vec<Tensor<1>>; 2]) {
    let [first, second] = &moments;
    for list in [&gradients, first, second] {
        same_lengths(&weights, list);
    }
    #[cfg(feature = "cube")]
    if [&weights, &gradients, first, second].into_iter().all(|list| cube::supports_all(list)) {
        return cube::adamw([&weights, &gradients, first, second], rule);
    }
    reference::adamw(weights, gradients, moments, rule)
}

/// Exponential moving averages of a list of tensors:
/// `momentum · copyᵢ + (1 − momentum) · otherᵢ`.
///
/// On a GPU a bin of up to 32 tensors takes one launch. Tensors must not be tracked by autodiff;
/// the results of one call share a buffer.
///
/// # Shapes
/// - `copies`, `others`, output: one `[length]` per tensor
///
/// # Panics
/// If the lists or the lengths of their tensors differ.
pub fn moving_averages(
    copies: Vec<Tensor<1>>,
    others: Vec<Tensor<1>>,
    momentum: f64,
) -> Vec<Tensor<1>> {
    same_lengths(&copies, &others);
    #[cfg(feature = "cube")]
    if cube::supports_all(&copies) && cube::supports_all(&others) {
        return cube::moving_averages(&copies, &others, momentum);
    }
    reference::moving_averages(copies, others, momentum)
}

fn same_lengths(a: &[Tensor<1>], b: &[Tensor<1>]) {
    assert_eq!(a.len(), b.len(), "every list must have one tensor per parameter");
    for (a, b) in a.iter().zip(b) {
        assert_eq!(a.dims(), b.dims(), "the tensors of a parameter must have equal lengths");
    }
}
