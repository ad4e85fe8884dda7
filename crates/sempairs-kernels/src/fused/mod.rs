//! Fused layers with hand-written gradients: for the Flex backend here, for CubeCL in `cube/layers`
//! and `cube/tokens`.
//!
//! Burn dispatches [`ForwardOps`] and [`ForwardTokenOps`]; [`ops::BackwardOps`] and
//! [`token_ops::BackwardTokenOps`] are their gradients. [`layers_on`] and [`tokens_on`] route other
//! backends to the reference implementation.

mod autodiff;
mod flex;
pub(crate) mod ops;
mod token_autodiff;
pub(crate) mod token_ops;

use std::sync::LazyLock;

use burn::backend::DispatchDevice;
use burn::tensor::{DType, Device, Tensor};

pub(crate) use ops::ForwardOps;
pub(crate) use token_ops::ForwardTokenOps;

/// Whether `SEMPAIRS_PLAIN=1` forces the reference implementations, read once a process.
pub(crate) static PLAIN: LazyLock<bool> =
    LazyLock::new(|| std::env::var("SEMPAIRS_PLAIN").is_ok_and(|value| value == "1"));

/// Whether the fused layers of a residual network take this tensor: 32-bit floats on Flex, and
/// floats of 32 or 16 bits on a CubeCL device, tracked or not.
pub(crate) fn layers_on<const D: usize>(tensor: &Tensor<D>) -> bool {
    #[cfg(feature = "cube")]
    if crate::cube::on(tensor) {
        return true;
    }
    on_flex(tensor)
}

/// Whether the fused layers of a transformer take this tensor, as [`layers_on`].
pub(crate) fn tokens_on<const D: usize>(tensor: &Tensor<D>) -> bool {
    layers_on(tensor)
}

fn on_flex<const D: usize>(tensor: &Tensor<D>) -> bool {
    !*PLAIN && tensor.dtype() == DType::F32 && is_flex(&tensor.device())
}

/// Whether this is the CPU, tracked or not.
pub(crate) fn is_flex(device: &Device) -> bool {
    match device.as_dispatch() {
        DispatchDevice::Flex(_) => true,
        DispatchDevice::Autodiff(inner) => matches!(**inner, DispatchDevice::Flex(_)),
        // Reached when another backend is compiled in.
        #[allow(unreachable_patterns)]
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn single_precision_on_flex_is_fused() {
        for device in [Device::flex(), Device::flex().autodiff()] {
            let single = Tensor::<1>::zeros([1], (&device, DType::F32));
            let double = Tensor::<1>::zeros([1], (&device, DType::F64));
            assert_eq!(layers_on(&single), !*PLAIN);
            assert_eq!(tokens_on(&single), !*PLAIN);
            assert!(!layers_on(&double) && !tokens_on(&double));
        }
    }
}
