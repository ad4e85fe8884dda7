//! Convolution by cuDNN on CUDA devices, with sums in 32 bits.
//!
//! cuDNN is proprietary. Nothing of it is linked or shipped: it is loaded at run time where it is
//! installed, and where it is not, or does not take a convolution, the caller takes another path. A
//! line of log says why, once a reason.
//!
//! Feature maps and filters are handed over with the channels innermost, in 32-bit floats or bf16.
//! The first convolution of a kind (pass, shapes, stride, padding, type) asks cuDNN for its
//! algorithms and keeps the first that is deterministic, takes 256 MiB of memory at most beside its
//! tensors, and is accepted; `SEMPAIRS_CUDNN_FIND=1` has them timed instead of guessed. Its weight
//! gradients of bf16 are rounded to bf16 once, at the end of each sum: these calls of cuDNN make no
//! 32-bit output of 16-bit factors.

mod device;
mod library;
mod plan;
mod problem;
mod session;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, LazyLock, Mutex};

use burn::backend::TensorMetadata;
use burn::tensor::DType;
use burn_cubecl::CubeDevice;
use burn_cubecl::cubecl::device::DeviceId;
use burn_cubecl::cubecl::server::Handle;
use burn_cubecl::cubecl::std::tensor::into_contiguous;
use burn_cubecl::kernel::cast;
use burn_cubecl::tensor::CubeTensor;

use self::device::Cuda;
use self::plan::{Plans, Refusal, convolve, locked};
use self::problem::{Pass, Problem, Unfit};
use crate::cube::launch::{elem_type, empty};
use crate::cube::layers::layout::{channels_last, maps};

/// `y`, as [`forward`](super::forward) defines it; none if cuDNN does not make it.
pub(super) fn forward(
    x: &CubeTensor,
    weight: &CubeTensor,
    stride: [usize; 2],
    padding: [usize; 2],
) -> Option<CubeTensor> {
    let [shape, filters] = [x, weight].map(|tensor| tensor.shape().dims());
    let problem = problem(x, Pass::Forward, shape, filters, stride, padding)?;
    made(&problem, x, &cast(weight.clone(), x.dtype))
}

/// `∂L/∂x`, as [`input_gradient`](super::input_gradient) defines it; none if cuDNN does not
/// make it.
pub(super) fn input_gradient(
    weight: &CubeTensor,
    gradient: &CubeTensor,
    input: [usize; 4],
    stride: [usize; 2],
    padding: [usize; 2],
) -> Option<CubeTensor> {
    let problem = problem(gradient, Pass::Input, input, weight.shape().dims(), stride, padding)?;
    made(&problem, &cast(weight.clone(), gradient.dtype), gradient)
}

/// `∂L/∂weight` in 32 bits, as [`weight_gradient`](super::weight_gradient) defines it; none if
/// cuDNN does not make it.
pub(super) fn weight_gradient(
    x: &CubeTensor,
    gradient: &CubeTensor,
    filters: [usize; 4],
    stride: [usize; 2],
    padding: [usize; 2],
) -> Option<CubeTensor> {
    let problem = problem(x, Pass::Weight, x.shape().dims(), filters, stride, padding)?;
    let made = made(&problem, x, &cast(gradient.clone(), x.dtype))?;
    Some(cast(made, DType::F32))
}

/// The problem, if cuDNN can be asked for it.
fn problem(
    on: &CubeTensor,
    pass: Pass,
    x: [usize; 4],
    filters: [usize; 4],
    stride: [usize; 2],
    padding: [usize; 2],
) -> Option<Problem> {
    if !matches!(on.device, CubeDevice::Cuda(_)) {
        return None;
    }
    if let Err(reason) = library::usable() {
        return without(reason);
    }
    match Problem::new(pass, on.dtype, x, filters, stride, padding) {
        Ok(problem) => Some(problem),
        Err(Unfit::Type(dtype)) => without(&format!("{} is not asked of it", dtype.name())),
        Err(Unfit::Size) => without("a tensor is empty, or has 2^31 elements or more"),
    }
}

/// What a pass makes of `a` and `b`, channels innermost, in their type.
fn made(problem: &Problem, a: &CubeTensor, b: &CubeTensor) -> Option<CubeTensor> {
    let plans = plans(a.client.service_id().device);
    if locked(&plans).refuse(problem) {
        return None;
    }
    let [a, b] = [a, b].map(|operand| aligned(channels_last(operand.clone())));
    let [n, c, h, w] = problem.output();
    let out = empty(&a, [n, h, w, c], a.dtype);
    let device = Cuda::new(&out.client, &out.handle);
    let operands = [&a, &b, &out].map(|operand| operand.handle.clone());
    match convolve(&plans, &device, problem, operands, *FIND) {
        Ok(()) => Some(maps(out)),
        Err(Refusal::Known) => None,
        Err(Refusal::New(reason)) => without(&format!("{reason} ({problem:?})")),
    }
}

/// Whether `SEMPAIRS_CUDNN_FIND=1` has algorithms timed, read once a process.
static FIND: LazyLock<bool> =
    LazyLock::new(|| std::env::var("SEMPAIRS_CUDNN_FIND").is_ok_and(|value| value == "1"));

/// Known to all threads that ask for convolutions.
type Shared = Arc<Mutex<Plans<Handle>>>;

/// The plans of a device.
fn plans(device: DeviceId) -> Shared {
    static PLANS: LazyLock<Mutex<HashMap<DeviceId, Shared>>> = LazyLock::new(Mutex::default);
    locked(&PLANS).entry(device).or_default().clone()
}

/// Bytes to whose multiples tensor cores want addresses to be.
const ALIGNMENT: u64 = 16;

/// A row-major tensor that starts at a multiple of [`ALIGNMENT`]: a copy if it is a part of a
/// buffer that does not.
fn aligned(tensor: CubeTensor) -> CubeTensor {
    // Buffers themselves start at multiples of 256 at least.
    if tensor.handle.offset_start.unwrap_or(0).is_multiple_of(ALIGNMENT) {
        return tensor;
    }
    let CubeTensor { client, device, dtype, .. } = tensor.clone();
    let copy = into_contiguous(&client, tensor.binding(), elem_type(dtype));
    CubeTensor::new(client, copy.handle, *copy.metadata, device, dtype)
}

/// Says, the first time, why cuDNN is not used.
fn without<T>(reason: &str) -> Option<T> {
    static SAID: LazyLock<Mutex<HashSet<String>>> = LazyLock::new(Mutex::default);
    if locked(&SAID).insert(reason.to_string()) {
        sempairs_internal::note!("a convolution is made without cuDNN: {reason}");
    }
    None
}
