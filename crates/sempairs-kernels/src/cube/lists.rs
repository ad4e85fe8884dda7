//! Conversion of lists of Burn tensors to CubeCL tensors and back; Burn dispatches no lists.

use burn::backend::{BackendTensor, DispatchAutodiffContext, DispatchTensor, DispatchTensorKind};
use burn::tensor::{DType, Int, Tensor};
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::tensor::CubeTensor;

use super::support::supports;
use super::{average, running};
use crate::step_rule::{AdamW, Sgd};

/// Whether the kernels support these tensors as one list: non-empty 32-bit floats on one CubeCL
/// device, not tracked by autodiff.
pub(crate) fn supports_all(tensors: &[Tensor<1>]) -> bool {
    let Some(first) = tensors.first() else { return false };
    let device = first.device();
    !device.is_autodiff()
        && supports(first)
        && tensors.iter().all(|tensor| {
            tensor.dtype() == DType::F32 && tensor.dims() != [0] && tensor.device() == device
        })
}

/// See [`sgd`](crate::sgd).
pub(crate) fn sgd(
    weights: &[Tensor<1>],
    gradients: &[Tensor<1>],
    velocities: &[Tensor<1>],
    rule: &Sgd,
) -> (Vec<Tensor<1>>, Vec<Tensor<1>>) {
    let [weights, gradients, velocities] = [weights, gradients, velocities].map(primitives);
    let stepped = super::sgd::step([&weights, &gradients, &velocities], rule);
    let [weights, velocities] = stepped.map(tensors);
    (weights, velocities)
}

/// See [`adamw`](crate::adamw()).
pub(crate) fn adamw(
    lists: [&[Tensor<1>]; 4],
    rule: &AdamW,
) -> (Vec<Tensor<1>>, [Vec<Tensor<1>>; 2]) {
    let [weights, gradients, first, second] = lists.map(primitives);
    let stepped = super::adamw::step([&weights, &gradients, &first, &second], rule);
    let [weights, first, second] = stepped.map(tensors);
    (weights, [first, second])
}

/// See [`moving_averages`](crate::moving_averages).
pub(crate) fn moving_averages(
    copies: &[Tensor<1>],
    others: &[Tensor<1>],
    momentum: f64,
) -> Vec<Tensor<1>> {
    tensors(average::averages(&primitives(copies), &primitives(others), momentum))
}

/// See [`running_statistics`](crate::running_statistics).
pub(crate) fn running_statistics(
    running: &[Tensor<1>; 2],
    batch: &[Tensor<1>; 2],
    momentum: f64,
    unbiased: f64,
) -> [Tensor<1>; 2] {
    let [running, batch] = [running, batch].map(|both| both.each_ref().map(primitive));
    running::updated(running, batch, momentum, unbiased).map(float_tensor)
}

fn primitives(tensors: &[Tensor<1>]) -> Vec<CubeTensor> {
    tensors.iter().map(primitive).collect()
}

fn tensors(primitives: Vec<CubeTensor>) -> Vec<Tensor<1>> {
    primitives.into_iter().map(float_tensor).collect()
}

/// The row-major primitive of a tensor.
///
/// # Panics
/// If the tensor is not on a CubeCL device.
pub(super) fn primitive(tensor: &Tensor<1>) -> CubeTensor {
    match tensor.clone().into_dispatch().kind {
        DispatchTensorKind::Cube(tensor) => into_contiguous(tensor.float()),
        other => unreachable!("{other:?} was found to be on a CubeCL device"),
    }
}

/// [`primitive`] of integers.
pub(super) fn int_primitive(tensor: Tensor<1, Int>) -> CubeTensor {
    match tensor.into_dispatch().kind {
        DispatchTensorKind::Cube(tensor) => into_contiguous(tensor.int()),
        other => unreachable!("{other:?} was found to be on a CubeCL device"),
    }
}

/// A primitive of floats as a tensor that is not tracked by autodiff.
pub(super) fn float_tensor<const D: usize>(primitive: CubeTensor) -> Tensor<D> {
    Tensor::from_dispatch(DispatchTensor {
        kind: DispatchTensorKind::Cube(BackendTensor::Float(primitive)),
        autodiff: DispatchAutodiffContext::Disabled,
    })
}
