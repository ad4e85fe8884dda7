//! Fused operations of the Flex backend, with hand-written gradients.
//!
//! [`ForwardOps`] and [`ForwardTokenOps`] are what Burn dispatches; [`ops::BackwardOps`] and
//! [`token_ops::BackwardTokenOps`] are what their gradients are made of. A
//! backend that is not listed never gets here: [`on`] sends it to the plain twins.

mod autodiff;
mod flex;
mod ops;
mod token_autodiff;
mod token_ops;

use std::sync::LazyLock;

use burn::backend::DispatchDevice;
use burn::tensor::{DType, Device, Tensor};

pub(crate) use ops::ForwardOps;
pub(crate) use token_ops::ForwardTokenOps;

/// Whether `SEMPAIRS_PLAIN=1` forces the plain twins, read once a process.
static PLAIN: LazyLock<bool> =
    LazyLock::new(|| std::env::var("SEMPAIRS_PLAIN").is_ok_and(|value| value == "1"));

/// Whether the fused operation takes this tensor: 32-bit floats on Flex, tracked or not.
pub(crate) fn on<const D: usize>(tensor: &Tensor<D>) -> bool {
    !*PLAIN && tensor.dtype() == DType::F32 && is_flex(&tensor.device())
}

fn is_flex(device: &Device) -> bool {
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
            assert_eq!(on(&single), !*PLAIN);
            assert!(!on(&double));
        }
    }
}
