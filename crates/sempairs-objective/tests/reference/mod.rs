//! The device, and the tolerance to PyTorch's values on it.

use burn::tensor::Device;
pub use sempairs_testing::{Reference, assert_close};

/// The device of `SEMPAIRS_DEVICE` and the tolerance to PyTorch's values on it.
pub fn device() -> (Device, f32) {
    let name = sempairs_testing::device_name("flex");
    let tolerance = sempairs_testing::loss_tolerance(sempairs_testing::backend_name(&name));
    (sempairs_testing::device!(), tolerance)
}
