//! Mixed precision: an operation computes in the type of its input.
//!
//! Weights stay in 32 bits, so that small optimiser steps are not lost, and are cast to the type of
//! the input at each use. Statistics, normalisation and softmax are computed in 32 bits and
//! returned in the type of the input (Micikevicius et al., arXiv 1710.03740; bfloat16 needs no loss
//! scaling, Kalamkar et al., arXiv 1905.12322). Gradients of weights are 32-bit, since the gradient
//! of a cast is cast back.

use burn::tensor::{DType, FloatDType, Tensor};

/// Whether the tensor has 16-bit elements.
pub(crate) fn is_reduced<const D: usize>(x: &Tensor<D>) -> bool {
    matches!(x.dtype(), DType::BF16 | DType::F16)
}

/// The tensor cast to the type of `x`.
pub(crate) fn cast_like<const D: usize, const E: usize>(
    weight: Tensor<D>,
    x: &Tensor<E>,
) -> Tensor<D> {
    weight.cast(x.dtype())
}

/// The tensor cast to 32-bit floats if it has 16-bit elements, and unchanged otherwise.
pub(crate) fn widen<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    if is_reduced(&x) { x.cast(FloatDType::F32) } else { x }
}
