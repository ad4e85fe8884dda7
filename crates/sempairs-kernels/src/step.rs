//! What happens to all parameters of a network after a backward pass.

use burn::tensor::Tensor;

#[cfg(feature = "cube")]
use crate::cube;
use crate::reference;

/// A rule of descent for a list of weights. With the gradient `g` of a weight `w` and its velocity `b`:
///
/// `h = ratio · (g + decay · w)`, `b ← momentum · b + h`, `w ← w − rate · b`
///
/// or `w ← w − rate · (h + momentum · b)` with Nesterov's look-ahead; the rate multiplies `h` instead if it is inside.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Descent {
    /// The learning rate.
    pub rate: f64,
    /// Share of the velocity that is kept.
    pub momentum: f64,
    /// Weight decay, added to the gradient.
    pub decay: f64,
    /// Whether the step looks ahead.
    pub nesterov: bool,
    /// Whether the rate is taken into the velocity.
    pub rate_inside: bool,
    /// What LARS multiplies the update of a whole tensor by, if anything.
    pub ratio: Option<Ratio>,
}

/// The trust ratio of a tensor (You et al., "Large Batch Training of Convolutional Networks", 2017); it is 1 where
/// a norm is zero.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Ratio {
    /// `trust · |w| / |g + decay · w|`.
    OfDecayed {
        /// The trust coefficient.
        trust: f64,
    },
    /// `trust · |w| / (|g| + decay · |w|)`, which if limited becomes `min(ratio / rate, 1)`.
    OfParts {
        /// The trust coefficient.
        trust: f64,
        /// Whether it is limited.
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

/// Weights and velocities after a step by `rule`, in a launch or two for many tensors where it is fused.
///
/// All tensors are outside of any graph. The results of one call share memory.
///
/// # Shapes
/// - weights, gradients, velocities and both outputs: the same lengths, tensor by tensor
///
/// # Panics
/// If the lists or the lengths of their tensors disagree.
pub fn descend(
    weights: Vec<Tensor<1>>,
    gradients: Vec<Tensor<1>>,
    velocities: Vec<Tensor<1>>,
    rule: &Descent,
) -> (Vec<Tensor<1>>, Vec<Tensor<1>>) {
    same_lengths(&weights, &gradients);
    same_lengths(&weights, &velocities);
    #[cfg(feature = "cube")]
    if [&weights, &gradients, &velocities].into_iter().all(|list| cube::all_on(list)) {
        return cube::descend(&weights, &gradients, &velocities, rule);
    }
    reference::descend(weights, gradients, velocities, rule)
}

/// A step of Adam with decoupled decay (Loshchilov and Hutter, arXiv 1711.05101), as PyTorch and Burn take it. With the
/// gradient `g` of a weight `w`, its first and second moment `m` and `v`, and `t` the number of the step:
///
/// `m ← β₁ m + (1 − β₁) g`, `v ← β₂ v + (1 − β₂) g²`,
/// `w ← (1 − rate · decay) w − rate · (m / (1 − β₁ᵗ)) / (√(v / (1 − β₂ᵗ)) + ε)`
///
/// Moments are zero before the first step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdamW {
    /// The learning rate.
    pub rate: f64,
    /// Shares of the two moments that are kept, `β₁` and `β₂`.
    pub betas: [f32; 2],
    /// What keeps the quotient finite, `ε`.
    pub epsilon: f32,
    /// Weight decay, outside of the quotient.
    pub decay: f64,
    /// The number of the step, from 1.
    pub time: usize,
}

impl AdamW {
    /// What a weight is multiplied by before the step, `1 − rate · decay`.
    pub(crate) fn kept(&self) -> f64 {
        1.0 - self.rate * self.decay
    }

    /// What the moments are divided by, `1 − βᵗ`, for they began at zero.
    pub(crate) fn corrections(&self) -> [f32; 2] {
        let time = i32::try_from(self.time).unwrap_or(i32::MAX);
        self.betas.map(|beta| 1.0 - beta.powi(time))
    }
}

/// Weights, first and second moments after a step of AdamW, in one launch for many tensors where it is fused.
///
/// All tensors are outside of any graph. The results of one call share memory.
///
/// # Shapes
/// - weights, gradients, both moments and all three outputs: the same lengths, tensor by tensor
///
/// # Panics
/// If the lists or the lengths of their tensors disagree.
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
    if [&weights, &gradients, first, second].into_iter().all(|list| cube::all_on(list)) {
        return cube::adamw([&weights, &gradients, first, second], rule);
    }
    reference::adamw(weights, gradients, moments, rule)
}

/// Moving averages of many tensors, in one launch for many where it is fused:
/// `momentum · copyᵢ + (1 − momentum) · otherᵢ`.
///
/// All tensors are outside of any graph. The results of one call share memory.
///
/// # Shapes
/// - copies, others, output: the same lengths, tensor by tensor
///
/// # Panics
/// If the lists or the lengths of their tensors disagree.
pub fn moving_averages(
    copies: Vec<Tensor<1>>,
    others: Vec<Tensor<1>>,
    momentum: f64,
) -> Vec<Tensor<1>> {
    same_lengths(&copies, &others);
    #[cfg(feature = "cube")]
    if cube::all_on(&copies) && cube::all_on(&others) {
        return cube::moving_averages(&copies, &others, momentum);
    }
    reference::moving_averages(copies, others, momentum)
}

fn same_lengths(a: &[Tensor<1>], b: &[Tensor<1>]) {
    assert_eq!(a.len(), b.len(), "a tensor for each parameter");
    for (a, b) in a.iter().zip(b) {
        assert_eq!(a.dims(), b.dims(), "tensors of a parameter are of one length");
    }
}
