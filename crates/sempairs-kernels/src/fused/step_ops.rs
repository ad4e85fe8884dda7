//! The optimiser steps of one parameter as a backend trait.

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, backend_extension};

use crate::step_rule::{AdamW, Sgd};

/// Steps of one parameter, `[length]`. CubeCL backends take lists of parameters instead.
#[backend_extension(Flex)]
pub trait StepOps: Backend {
    /// New weight and velocity; see [`sgd`](crate::sgd).
    fn sgd_step(
        weight: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        velocity: FloatTensor<Self>,
        rule: Sgd,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);

    /// New weight, first and second moment; see [`adamw`](crate::adamw).
    fn adamw_step(
        weight: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        first: FloatTensor<Self>,
        second: FloatTensor<Self>,
        rule: AdamW,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);

    /// Exponential moving average; see [`moving_averages`](crate::moving_averages).
    fn moving_average(
        copy: FloatTensor<Self>,
        other: FloatTensor<Self>,
        momentum: f64,
    ) -> FloatTensor<Self>;
}
