//! Mixed precision: the type of what flows through a network decides the type of its products.
//!
//! Weights stay in 32 bits, where small steps of an optimiser are not lost, and follow the type of their input
//! where they meet it; statistics, normalisation and softmax are computed in 32 bits and handed on in the type they
//! came in (Micikevicius et al., arXiv 1710.03740; bfloat16 needs no scaling of the loss, Kalamkar et al.,
//! arXiv 1905.12322). Gradients of weights come back in 32 bits, since a cast's gradient is cast back.

use burn::tensor::{DType, FloatDType, Tensor};

/// Whether the values have fewer than 32 bits.
pub(crate) fn is_reduced<const D: usize>(x: &Tensor<D>) -> bool {
    matches!(x.dtype(), DType::BF16 | DType::F16)
}

/// The tensor in another's type.
pub(crate) fn follow<const D: usize, const E: usize>(
    weight: Tensor<D>,
    x: &Tensor<E>,
) -> Tensor<D> {
    weight.cast(x.dtype())
}

/// The tensor in 32 bits, if it has fewer.
pub(crate) fn widen<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    if is_reduced(&x) { x.cast(FloatDType::F32) } else { x }
}
