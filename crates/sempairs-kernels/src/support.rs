//! Which tensors the fused layers support; the others go to the reference implementations.

use burn::backend::DispatchDevice;
use burn::tensor::{DType, Device, Tensor};

use crate::plain::PLAIN;

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

/// Whether the fused optimiser steps of [`StepOps`](crate::fused::StepOps) support these lists:
/// 32-bit floats on Flex without autodiff, for which there is no gradient.
pub(crate) fn supports_steps<'a>(lists: impl IntoIterator<Item = &'a Vec<Tensor<1>>>) -> bool {
    lists.into_iter().flatten().all(|tensor| !tensor.device().is_autodiff() && on_flex(tensor))
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
