//! GPU kernels in CubeCL: one source for CUDA, Vulkan and wgpu.
//!
//! The terms are CubeCL's: a cube is a thread block (workgroup), a unit a thread. Burn dispatches
//! [`LossOps`]; [`ops::LossGradients`] are its gradients. Inputs are 32- or 16-bit floats, all sums
//! are 32-bit. A device that lacks what a kernel needs uses the reference implementation.

mod adamw;
mod autodiff;
mod average;
mod backend;
mod launch;
mod layers;
mod lists;
mod log_sum_exp;
mod matmul_tile;
#[cfg(all(test, feature = "cuda"))]
mod offline;
mod ops;
mod reduction;
mod running;
mod segments;
mod sgd;
mod similarity_gradient;
mod soft_cross_entropy;
mod squared_energy;
mod support;
mod tokens;
mod views;

use burn::tensor::{DType, Device};

pub(crate) use lists::{adamw, moving_averages, running_statistics, sgd, supports_all};
pub(crate) use ops::{Energy, LossOps};
pub(crate) use support::{supports, supports_device};
pub(crate) use views::views;

/// The reason why training in `dtype` is refused on this device with the selected convolution path,
/// or `None` if it is allowed.
pub(crate) fn conv_refusal(device: &Device, dtype: DType) -> Option<String> {
    supports_device(device).then(|| layers::Path::from_env().refusal(dtype)).flatten()
}
