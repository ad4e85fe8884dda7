//! Channels-last memory layout of feature maps.

use burn::backend::ops::FloatTensorOps;
use burn_cubecl::CubeBackend;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::ops::{permute_nchw_to_nhwc, permute_nhwc_to_nchw};
use burn_cubecl::tensor::CubeTensor;

use super::super::launch::empty;

/// Feature maps `[n, c, h, w]` of any layout as a row-major `[n, h, w, c]`, copied only if the
/// memory has another order.
pub(super) fn channels_last(maps: CubeTensor) -> CubeTensor {
    into_contiguous(permute_nchw_to_nhwc(maps))
}

/// A row-major `[n, h, w, c]` as feature maps `[n, c, h, w]`.
pub(super) fn maps(channels_last: CubeTensor) -> CubeTensor {
    permute_nhwc_to_nchw(channels_last)
}

/// An uninitialised row-major tensor with the shape `[n, h, w, c]` and type of another.
pub(super) fn like(other: &CubeTensor) -> CubeTensor {
    let shape: [usize; 4] = other.meta.shape().dims();
    empty(other, shape, other.dtype)
}

/// `a + b` of feature maps, channels innermost.
pub(super) fn sum(a: CubeTensor, b: CubeTensor) -> CubeTensor {
    maps(CubeBackend::float_add(channels_last(a), channels_last(b)))
}
