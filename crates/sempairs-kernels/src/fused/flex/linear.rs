//! A linear layer as matrix products over all rows at once.

use burn_flex::FlexTensor;
use rayon::prelude::*;

use super::batch_last::{contiguous, values};
use super::grid::{PIECES, parallel_matmul};
use super::matmul::Matrix;

/// `y = x · W + b`.
pub(super) fn forward(x: &FlexTensor, weight: &FlexTensor, bias: &FlexTensor) -> FlexTensor {
    let ([m, k], [_, n]) = (dims(x), dims(weight));
    let (x, weight, bias) = (x.to_contiguous(), weight.to_contiguous(), bias.to_contiguous());
    let bias = values(&bias);
    let x = Matrix::new(values(&x), [m, k], [k, 1]);
    let weight = Matrix::new(values(&weight), [k, n], [n, 1]);
    let mut y = parallel_matmul(x, weight);
    if n > 0 {
        y.par_chunks_mut(m.div_ceil(PIECES).max(1) * n).for_each(|rows| {
            for row in rows.chunks_exact_mut(n) {
                for (y, bias) in row.iter_mut().zip(bias) {
                    *y += bias;
                }
            }
        });
    }
    contiguous(y, [m, n])
}

/// `∂x = ∂y · Wᵀ`.
pub(super) fn input_gradient(weight: &FlexTensor, gradient: &FlexTensor) -> FlexTensor {
    let ([k, n], [m, _]) = (dims(weight), dims(gradient));
    let (weight, gradient) = (weight.to_contiguous(), gradient.to_contiguous());
    let gradient = Matrix::new(values(&gradient), [m, n], [n, 1]);
    let weight = Matrix::new(values(&weight), [k, n], [n, 1]);
    contiguous(parallel_matmul(gradient, weight.transposed()), [m, k])
}

/// `∂W = xᵀ · ∂y`.
pub(super) fn weight_gradient(x: &FlexTensor, gradient: &FlexTensor) -> FlexTensor {
    let ([m, k], [_, n]) = (dims(x), dims(gradient));
    let (x, gradient) = (x.to_contiguous(), gradient.to_contiguous());
    let x = Matrix::new(values(&x), [m, k], [k, 1]);
    let gradient = Matrix::new(values(&gradient), [m, n], [n, 1]);
    contiguous(parallel_matmul(x.transposed(), gradient), [k, n])
}

/// `∂b = Σ ∂y` over the rows, as partial sums over equal parts that are added in a fixed order.
pub(super) fn bias_gradient(gradient: &FlexTensor) -> FlexTensor {
    let [m, n] = dims(gradient);
    let gradient = gradient.to_contiguous();
    let parts: Vec<Vec<f32>> = values(&gradient)
        .par_chunks(m.div_ceil(PIECES).max(1) * n.max(1))
        .map(|rows| sum(rows, n))
        .collect();
    contiguous(sum(&parts.concat(), n), [n])
}

/// The sum of rows of `n` values.
fn sum(rows: &[f32], n: usize) -> Vec<f32> {
    let mut total = vec![0.0; n];
    for row in rows.chunks_exact(n.max(1)) {
        for (total, value) in total.iter_mut().zip(row) {
            *total += value;
        }
    }
    total
}

fn dims(tensor: &FlexTensor) -> [usize; 2] {
    tensor.layout().shape().dims()
}
