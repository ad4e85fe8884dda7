//! Convolution by cuDNN on CUDA devices, accumulating in 32 bits.
//!
//! cuDNN is proprietary. Nothing of it is linked or shipped: it is loaded at run time if it is
//! installed. If it is not, or does not support a convolution, the caller uses another path, and
//! each distinct reason is logged once.
//!
//! Feature maps and filters are passed with the channels innermost, as 32-bit floats or bf16. The
//! first convolution of a kind (pass, shapes, stride, padding, type) queries the algorithms of
//! cuDNN and keeps the first that is deterministic, needs at most 256 MiB of workspace, and runs
//! without an error. They are ordered by cuDNN's heuristics, or with `SEMPAIRS_CUDNN_FIND=1` by
//! measured time. Weight gradients of bf16 are rounded to bf16 once, at the end of each sum,
//! because these functions of cuDNN have no 32-bit output for 16-bit factors.

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
use self::problem::{Pass, Problem, Unsupported};
use crate::cube::launch::{elem_type, empty};
use crate::cube::layers::layout::{channels_last, maps};

/// `y`, as [`forward`](super::forward) defines it; `None` if cuDNN does not support the
/// convolution.
pub(super) fn forward(
    x: &CubeTensor,
    weight: &CubeTensor,
    stride: [usize; 2],
    padding: [usize; 2],
) -> Option<CubeTensor> {
    let [shape, filters] = [x, weight].map(|tensor| tensor.shape().dims());
    let problem = problem(x, Pass::Forward, shape, filters, stride, padding)?;
    compute(&problem, x, &cast(weight.clone(), x.dtype))
}

/// `∂L/∂x`, as [`input_gradient`](super::input_gradient) defines it; `None` if cuDNN does not
/// support the convolution.
pub(super) fn input_gradient(
    weight: &CubeTensor,
    gradient: &CubeTensor,
    input: [usize; 4],
    stride: [usize; 2],
    padding: [usize; 2],
) -> Option<CubeTensor> {
    let problem = problem(gradient, Pass::Input, input, weight.shape().dims(), stride, padding)?;
    compute(&problem, &cast(weight.clone(), gradient.dtype), gradient)
}

/// `∂L/∂weight` in 32 bits, as [`weight_gradient`](super::weight_gradient) defines it; `None` if
/// cuDNN does not support the convolution.
pub(super) fn weight_gradient(
    x: &CubeTensor,
    gradient: &CubeTensor,
    filters: [usize; 4],
    stride: [usize; 2],
    padding: [usize; 2],
) -> Option<CubeTensor> {
    let problem = problem(x, Pass::Weight, x.shape().dims(), filters, stride, padding)?;
    let result = compute(&problem, x, &cast(gradient.clone(), x.dtype))?;
    Some(cast(result, DType::F32))
}

/// The problem, if this module supports it on the device of `on`.
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
        return log_fallback(reason);
    }
    match Problem::new(pass, on.dtype, x, filters, stride, padding) {
        Ok(problem) => Some(problem),
        Err(Unsupported::Type(dtype)) => {
            log_fallback(&format!("it is not used for {}", dtype.name()))
        }
        Err(Unsupported::Size) => log_fallback("a tensor is empty, or has 2^31 elements or more"),
    }
}

/// Result of a pass on the operands `a` and `b`, channels innermost, in their type.
fn compute(problem: &Problem, a: &CubeTensor, b: &CubeTensor) -> Option<CubeTensor> {
    let plans = plans(a.client.service_id().device);
    if locked(&plans).is_refused(problem) {
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
        Err(Refusal::New(reason)) => log_fallback(&format!("{reason} ({problem:?})")),
    }
}

/// Whether `SEMPAIRS_CUDNN_FIND=1` requests timing of the algorithms; read once per process.
static FIND: LazyLock<bool> =
    LazyLock::new(|| std::env::var("SEMPAIRS_CUDNN_FIND").is_ok_and(|value| value == "1"));

/// Plans shared by all threads of the process.
type Shared = Arc<Mutex<Plans<Handle>>>;

/// The plans of a device.
fn plans(device: DeviceId) -> Shared {
    static PLANS: LazyLock<Mutex<HashMap<DeviceId, Shared>>> = LazyLock::new(Mutex::default);
    locked(&PLANS).entry(device).or_default().clone()
}

/// Alignment of addresses in bytes that tensor core kernels require.
const ALIGNMENT: u64 = 16;

/// A row-major tensor whose address is a multiple of [`ALIGNMENT`]: the tensor itself, or a copy if
/// its offset in the buffer is not aligned.
fn aligned(tensor: CubeTensor) -> CubeTensor {
    // Buffers themselves are aligned to at least 256 bytes.
    if tensor.handle.offset_start.unwrap_or(0).is_multiple_of(ALIGNMENT) {
        return tensor;
    }
    let CubeTensor { client, device, dtype, .. } = tensor.clone();
    let copy = into_contiguous(&client, tensor.binding(), elem_type(dtype));
    CubeTensor::new(client, copy.handle, *copy.metadata, device, dtype)
}

/// Logs why cuDNN is not used, once per reason, and returns `None`.
fn log_fallback<T>(reason: &str) -> Option<T> {
    static LOGGED: LazyLock<Mutex<HashSet<String>>> = LazyLock::new(Mutex::default);
    if locked(&LOGGED).insert(reason.to_string()) {
        sempairs_internal::note!("a convolution is computed without cuDNN: {reason}");
    }
    None
}
