//! GELU and its gradient.

use burn::tensor::DType;
use burn_flex::{FlexTensor, Layout};
use rayon::prelude::*;

use super::batch_last::values;
use super::buffer::Buffer;
use super::exponential::normal;
use super::grid::PIECES;
use crate::vectors::vectorised;

/// `x · Φ(x)`.
pub(super) fn forward(x: &FlexTensor) -> FlexTensor {
    let x = x.to_contiguous();
    let mut y = Buffer::new(values(&x).len());
    let size = y.len().div_ceil(PIECES).max(1);
    y.par_chunks_mut(size).zip(values(&x).par_chunks(size)).for_each(|(y, x)| {
        vectorised(
            #[inline(always)]
            || {
                for (y, &x) in y.iter_mut().zip(x) {
                    *y = x * normal(x)[0];
                }
            },
        );
    });
    like(&x, y)
}

/// `∂x = ∂y · (Φ(x) + x · φ(x))`.
pub(super) fn gradient(x: &FlexTensor, gradient: &FlexTensor) -> FlexTensor {
    let (x, gradient) = (x.to_contiguous(), gradient.to_contiguous());
    assert_eq!(values(&x).len(), values(&gradient).len(), "sizes of input and gradient");
    let mut dx = Buffer::new(values(&x).len());
    let size = dx.len().div_ceil(PIECES).max(1);
    let parts = values(&x).par_chunks(size).zip(values(&gradient).par_chunks(size));
    dx.par_chunks_mut(size).zip(parts).for_each(|(dx, (x, gradient))| {
        vectorised(
            #[inline(always)]
            || {
                for (dx, (&x, &gradient)) in dx.iter_mut().zip(x.iter().zip(gradient)) {
                    let [distribution, density] = normal(x);
                    *dx = gradient * x.mul_add(density, distribution);
                }
            },
        );
    });
    like(&x, dx)
}

/// A contiguous tensor of the same shape.
fn like(other: &FlexTensor, values: Buffer) -> FlexTensor {
    let layout = Layout::contiguous(other.layout().shape().clone());
    FlexTensor::new(values.into_bytes(), layout, DType::F32)
}
