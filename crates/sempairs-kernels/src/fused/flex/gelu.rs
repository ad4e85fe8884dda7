//! GELU and its gradient.

use burn::tensor::{Bytes, DType};
use burn_flex::{FlexTensor, Layout};
use pulp::Arch;
use rayon::prelude::*;

use super::batch_last::values;
use super::exponential::normal;
use super::grid::PIECES;

/// `x · Φ(x)`.
pub(super) fn forward(x: &FlexTensor) -> FlexTensor {
    let x = x.to_contiguous();
    let mut y = vec![0.0; values(&x).len()];
    let size = y.len().div_ceil(PIECES).max(1);
    let arch = Arch::new();
    y.par_chunks_mut(size).zip(values(&x).par_chunks(size)).for_each(|(y, x)| {
        arch.dispatch(
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
    let mut dx = vec![0.0; values(&x).len()];
    let size = dx.len().div_ceil(PIECES).max(1);
    let parts = values(&x).par_chunks(size).zip(values(&gradient).par_chunks(size));
    let arch = Arch::new();
    dx.par_chunks_mut(size).zip(parts).for_each(|(dx, (x, gradient))| {
        arch.dispatch(
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
fn like(other: &FlexTensor, values: Vec<f32>) -> FlexTensor {
    let layout = Layout::contiguous(other.layout().shape().clone());
    FlexTensor::new(Bytes::from_elems(values), layout, DType::F32)
}
