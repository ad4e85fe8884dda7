//! Layer normalisation, row by row: a row stays in the L1 cache while it is read twice.

use burn_flex::FlexTensor;
use rayon::prelude::*;

use super::batch_last::{contiguous, values};
use super::buffer::Buffer;
use super::grid::PIECES;
use super::reduction::sums;
use crate::vectors::vectorised;

/// `y = (x − mean) / √(variance + ε) · weight + bias`.
pub(super) fn forward(
    x: &FlexTensor,
    weight: &FlexTensor,
    bias: &FlexTensor,
    epsilon: f64,
) -> FlexTensor {
    let [rows, d] = x.layout().shape().dims();
    let (x, weight, bias) = (x.to_contiguous(), weight.to_contiguous(), bias.to_contiguous());
    let (weight, bias) = (values(&weight), values(&bias));
    let mut y = Buffer::new(rows * d);
    let size = piece(rows, d);
    y.par_chunks_mut(size).zip(values(&x).par_chunks(size)).for_each(|(y, x)| {
        vectorised(
            #[inline(always)]
            || {
                for (y, x) in y.chunks_exact_mut(d).zip(x.chunks_exact(d)) {
                    let [mean, scale] = moments(x, epsilon);
                    for i in 0..d {
                        y[i] = ((x[i] - mean) * scale).mul_add(weight[i], bias[i]);
                    }
                }
            },
        );
    });
    contiguous(y, [rows, d])
}

/// Gradients of layer normalisation. With `g = ∂y · weight` and `x̂` the normalised row,
/// `∂x = (g − mean(g) − x̂ · mean(g · x̂)) / σ`; over all rows `∂weight = Σ ∂y · x̂` and
/// `∂bias = Σ ∂y`, as partial sums over equal parts of the rows that are added in order.
pub(super) fn gradient(
    x: &FlexTensor,
    weight: &FlexTensor,
    gradient: &FlexTensor,
    epsilon: f64,
) -> [FlexTensor; 3] {
    let [rows, d] = x.layout().shape().dims();
    let (x, weight, gradient) =
        (x.to_contiguous(), weight.to_contiguous(), gradient.to_contiguous());
    let weight = values(&weight);
    let mut dx = Buffer::new(rows * d);
    let size = piece(rows, d);
    let parts: Vec<[Vec<f32>; 2]> = dx
        .par_chunks_mut(size)
        .zip(values(&x).par_chunks(size).zip(values(&gradient).par_chunks(size)))
        .map(|(dx, (x, gradient))| {
            let (mut dweight, mut dbias) = (vec![0.0; d], vec![0.0; d]);
            vectorised(
                #[inline(always)]
                || {
                    let rows = x.chunks_exact(d).zip(gradient.chunks_exact(d));
                    for (dx, (x, gradient)) in dx.chunks_exact_mut(d).zip(rows) {
                        let (dweight, dbias) = (&mut dweight[..d], &mut dbias[..d]);
                        let [mean, scale] = moments(x, epsilon);
                        let [sum, products] = sums(
                            d,
                            #[inline(always)]
                            |i| {
                                let g = gradient[i] * weight[i];
                                [g, g * (x[i] - mean)]
                            },
                        );
                        let offset = (sum / d as f64) as f32;
                        let slope = (products / d as f64) as f32 * scale;
                        for i in 0..d {
                            let normed = (x[i] - mean) * scale;
                            dx[i] =
                                scale * (gradient[i].mul_add(weight[i], -offset) - normed * slope);
                            dweight[i] = gradient[i].mul_add(normed, dweight[i]);
                            dbias[i] += gradient[i];
                        }
                    }
                },
            );
            [dweight, dbias]
        })
        .collect();
    let [mut dweight, mut dbias] = [vec![0.0; d], vec![0.0; d]];
    for [weight, bias] in &parts {
        dweight.iter_mut().zip(weight).for_each(|(sum, part)| *sum += part);
        dbias.iter_mut().zip(bias).for_each(|(sum, part)| *sum += part);
    }
    [contiguous(dx, [rows, d]), contiguous(dweight, [d]), contiguous(dbias, [d])]
}

/// Mean and `1 / √(variance + epsilon)`, with the biased variance.
#[inline(always)]
fn moments(x: &[f32], epsilon: f64) -> [f32; 2] {
    let count = x.len() as f64;
    let [sum] = sums(
        x.len(),
        #[inline(always)]
        |i| [x[i]],
    );
    let mean = (sum / count) as f32;
    let [squares] = sums(
        x.len(),
        #[inline(always)]
        |i| [(x[i] - mean) * (x[i] - mean)],
    );
    [mean, (squares / count + epsilon).sqrt().recip() as f32]
}

/// Number of values per task, a whole number of rows.
fn piece(rows: usize, d: usize) -> usize {
    (rows.div_ceil(PIECES) * d).max(1)
}
