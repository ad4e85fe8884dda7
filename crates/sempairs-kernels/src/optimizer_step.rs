//! Optimiser steps and moving averages over lists of parameters.

use burn::backend::Dispatch;
use burn::tensor::Tensor;

#[cfg(feature = "cube")]
use crate::cube;
use crate::fused::StepOps;
use crate::reference;
use crate::step_rule::{AdamW, Sgd};
use crate::support::supports_steps;

/// Step of SGD or LARS over a list of parameters.
///
/// Returns the new weights and velocities. On a GPU a bin of up to 32 tensors takes one launch,
/// with LARS two, and the results of one call share a buffer. On the CPU a parameter takes one pass
/// over memory, with LARS two. Tensors must not be tracked by autodiff.
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
    if supports_steps([&weights, &gradients, &velocities]) {
        let step = |((weight, gradient), velocity)| {
            let [weight, gradient, velocity] =
                [weight, gradient, velocity].map(Tensor::<1>::into_dispatch);
            let (weight, velocity) = Dispatch::sgd_step(weight, gradient, velocity, *rule);
            (Tensor::from_dispatch(weight), Tensor::from_dispatch(velocity))
        };
        return weights.into_iter().zip(gradients).zip(velocities).map(step).unzip();
    }
    reference::sgd(weights, gradients, velocities, rule)
}

/// Step of AdamW over a list of parameters that have taken the same number of steps.
///
/// Returns the new weights and moments. On a GPU a bin of up to 32 tensors takes one launch, and
/// the results of one call share a buffer. On the CPU a parameter takes one pass over memory.
/// Tensors must not be tracked by autodiff.
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
    if supports_steps([&weights, &gradients, first, second]) {
        let step = |(((weight, gradient), first), second)| {
            let [weight, gradient, first, second] =
                [weight, gradient, first, second].map(Tensor::<1>::into_dispatch);
            let (weight, first, second) =
                Dispatch::adamw_step(weight, gradient, first, second, *rule);
            let [weight, first, second] = [weight, first, second].map(Tensor::from_dispatch);
            (weight, (first, second))
        };
        let [first, second] = moments;
        let all = weights.into_iter().zip(gradients).zip(first).zip(second);
        let (weights, (first, second)) = all.map(step).unzip();
        return (weights, [first, second]);
    }
    reference::adamw(weights, gradients, moments, rule)
}

/// Exponential moving averages of a list of tensors:
/// `momentum · copyᵢ + (1 − momentum) · otherᵢ`.
///
/// On a GPU a bin of up to 32 tensors takes one launch, and the results of one call share a buffer.
/// On the CPU a tensor takes one pass over memory. Tensors must not be tracked by autodiff.
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
    if supports_steps([&copies, &others]) {
        let average = |(copy, other): (Tensor<1>, Tensor<1>)| {
            let (copy, other) = (copy.into_dispatch(), other.into_dispatch());
            Tensor::from_dispatch(Dispatch::moving_average(copy, other, momentum))
        };
        return copies.into_iter().zip(others).map(average).collect();
    }
    reference::moving_averages(copies, others, momentum)
}

fn same_lengths(a: &[Tensor<1>], b: &[Tensor<1>]) {
    assert_eq!(a.len(), b.len(), "every list must have one tensor per parameter");
    for (a, b) in a.iter().zip(b) {
        assert_eq!(a.dims(), b.dims(), "the tensors of a parameter must have equal lengths");
    }
}
