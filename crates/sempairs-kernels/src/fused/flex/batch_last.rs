//! The memory layout of the fused operations: `[c, h, w, n]`, the batch axis innermost.
//!
//! With it a convolution is one matrix product whatever the size of its feature maps: a row of the
//! im2col matrix consists of runs of `n` floats, a 1×1 convolution needs no im2col, and a channel
//! is one contiguous row for batch normalisation. The tensors still have the shape `[n, c, h, w]`
//! and only their strides differ, so that nothing is copied between two fused operations and all
//! other Burn operations accept them.

use burn::tensor::{Bytes, DType, Shape};
use burn_flex::{FlexTensor, Layout};
use rayon::prelude::*;

use super::buffer::Buffer;
use super::grid::PIECES;

/// The shape `[n, c, h, w]` of feature maps or filters.
pub(super) fn dims(tensor: &FlexTensor) -> [usize; 4] {
    tensor.layout().shape().dims()
}

/// The tensor `[n, c, h, w]` as a contiguous `[c, h, w, n]`; copied only if its layout differs.
pub(super) fn load(tensor: &FlexTensor) -> FlexTensor {
    tensor.permute(&[1, 2, 3, 0]).to_contiguous()
}

/// Floats that become the storage of a tensor.
pub(super) trait Values {
    fn into_bytes(self) -> Bytes;
}

impl Values for Vec<f32> {
    fn into_bytes(self) -> Bytes {
        Bytes::from_elems(self)
    }
}

impl Values for Buffer {
    fn into_bytes(self) -> Bytes {
        Self::into_bytes(self)
    }
}

/// The values of a contiguous tensor.
pub(super) fn values(tensor: &FlexTensor) -> &[f32] {
    tensor.as_slice::<f32>().expect("a contiguous tensor of 32-bit floats")
}

/// A tensor of shape `[n, c, h, w]` with the memory layout `[c, h, w, n]`.
pub(super) fn store(values: impl Values, [n, c, h, w]: [usize; 4]) -> FlexTensor {
    let strides = [1, h * w * n, w * n, n].map(|stride| stride as isize).to_vec();
    let layout = Layout::new(Shape::from([n, c, h, w]), strides, 0);
    FlexTensor::new(values.into_bytes(), layout, DType::F32)
}

/// A contiguous tensor of the given shape.
pub(super) fn contiguous<const D: usize>(values: impl Values, shape: [usize; D]) -> FlexTensor {
    let layout = Layout::contiguous(Shape::from(shape));
    FlexTensor::new(values.into_bytes(), layout, DType::F32)
}

/// The sum of two tensors `[n, c, h, w]`, in this layout.
pub(super) fn sum(a: &FlexTensor, b: &FlexTensor) -> FlexTensor {
    let shape = dims(a);
    let (a, b) = (load(a), load(b));
    let (a, b) = (values(&a), values(&b));
    assert_eq!(a.len(), b.len(), "sizes of the feature maps to be added");
    let mut y = Buffer::new(a.len());
    let size = a.len().div_ceil(PIECES).max(1);
    y.par_chunks_mut(size).zip(a.par_chunks(size).zip(b.par_chunks(size))).for_each(
        |(y, (a, b))| {
            for (y, (a, b)) in y.iter_mut().zip(a.iter().zip(b)) {
                *y = a + b;
            }
        },
    );
    store(y, shape)
}
