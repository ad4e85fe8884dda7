//! Fused layers with hand-written gradients: for the Flex backend here, for CubeCL in `cube/layers`
//! and `cube/tokens`.
//!
//! Burn dispatches [`ForwardOps`] and [`ForwardTokenOps`]; [`ops::BackwardOps`] and
//! [`token_ops::BackwardTokenOps`] are their gradients. [`supports_layers`] and [`supports_tokens`]
//! route other backends to the reference implementation.

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

/// Whether `SEMPAIRS_PLAIN=1` selects the reference implementations; read once per process.
pub(crate) static PLAIN: LazyLock<bool> =
    LazyLock::new(|| std::env::var("SEMPAIRS_PLAIN").is_ok_and(|value| value == "1"));

/// Whether the fused layers of a residual network support this tensor: 32-bit floats on Flex, or
/// 32- or 16-bit floats on a CubeCL device, with or without autodiff.
pub(crate) fn supports_layers<const D: usize>(tensor: &Tensor<D>) -> bool {
    #[cfg(feature = "cube")]
    if crate::cube::supports(tensor) {
        return true;
    }
    on_flex(tensor)
}

/// Whether the fused layers of a transformer support this tensor; the same as [`supports_layers`].
pub(crate) fn supports_tokens<const D: usize>(tensor: &Tensor<D>) -> bool {
    supports_layers(tensor)
}

fn on_flex<const D: usize>(tensor: &Tensor<D>) -> bool {
    !*PLAIN && tensor.dtype() == DType::F32 && is_flex(&tensor.device())
}

/// Whether this is the Flex CPU device, with or without autodiff.
pub(crate) fn is_flex(device: &Device) -> bool {
    match device.as_dispatch() {
        DispatchDevice::Flex(_) => true,
        DispatchDevice::Autodiff(inner) => matches!(**inner, DispatchDevice::Flex(_)),
        // Reachable only if another backend is compiled in.
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
            assert_eq!(supports_layers(&single), !*PLAIN);
            assert_eq!(supports_tokens(&single), !*PLAIN);
            assert!(!supports_layers(&double) && !supports_tokens(&double));
        }
    }
}
