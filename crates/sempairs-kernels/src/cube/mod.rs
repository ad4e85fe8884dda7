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
mod tokens;
mod views;

use burn::backend::DispatchDevice;
use burn::tensor::{DType, Device, Tensor};

pub(crate) use lists::{adamw, moving_averages, running_statistics, sgd, supports_all};
pub(crate) use ops::{Energy, LossOps};
pub(crate) use views::views;

use crate::fused::PLAIN;

/// Shared memory in bytes of the cubes that need the most: the tiles and weights of the gradient of
/// similarities.
const SHARED: usize = 4 * matmul_tile::PITCH * (2 * matmul_tile::STEP + matmul_tile::TILE);

/// Whether the kernels support this tensor: 32- or 16-bit floats on a CubeCL device with enough
/// shared memory and threads.
pub(crate) fn supports<const D: usize>(tensor: &Tensor<D>) -> bool {
    let floats = matches!(tensor.dtype(), DType::F32 | DType::F16 | DType::BF16);
    floats && supports_device(&tensor.device())
}

/// Whether the kernels run on this device, with or without autodiff.
pub(crate) fn supports_device(device: &Device) -> bool {
    let inner = match device.as_dispatch() {
        DispatchDevice::Autodiff(tracked) => &**tracked,
        untracked => untracked,
    };
    match inner {
        DispatchDevice::Cube(device) if !*PLAIN => {
            let client = device.client();
            let hardware = &client.properties().hardware;
            hardware.max_shared_memory_size >= SHARED
                && hardware.max_units_per_cube as usize >= matmul_tile::UNITS
        }
        // Flex, and everything under `SEMPAIRS_PLAIN=1`.
        _ => false,
    }
}

/// The reason why training in `dtype` is refused on this device with the selected convolution path,
/// or `None` if it is allowed.
pub(crate) fn conv_refusal(device: &Device, dtype: DType) -> Option<String> {
    supports_device(device).then(|| layers::Path::from_env().refusal(dtype)).flatten()
}
