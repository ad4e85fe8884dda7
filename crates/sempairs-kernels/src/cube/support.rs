//! Which devices and tensors the kernels support.

use burn::backend::DispatchDevice;
use burn::tensor::{DType, Device, Tensor};

use super::matmul_tile;
use crate::plain::PLAIN;

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
