//! Batch normalisation per channel; a channel is a contiguous row.

use burn::backend::Flex;
use burn_flex::FlexTensor;
use rayon::prelude::*;

use super::super::ops::{BatchNormGradient, Statistics, Wanted};
use super::batch_last::{contiguous, dims, load, store, values};
use super::buffer::Buffer;
use super::reduction::sums;
use crate::vectors::vectorised;

/// `(y, mean, variance)` of a batch; `y` optionally with `skip` added and followed by ReLU.
pub(super) fn forward(
    x: &FlexTensor,
    skip: Option<&FlexTensor>,
    weight: &FlexTensor,
    bias: &FlexTensor,
    epsilon: f64,
    with_relu: bool,
) -> (FlexTensor, FlexTensor, FlexTensor) {
    let shape = dims(x);
    let c = shape[1];
    let (x, skip) = (load(x), skip.map(load));
    let (weight, bias) = (weight.to_contiguous(), bias.to_contiguous());
    let (x, skip, weight, bias) =
        (values(&x), skip.as_ref().map(values), values(&weight), values(&bias));
    let row = x.len() / c.max(1);

    let mut y = Buffer::new(x.len());
    let (mut mean, mut variance) = (vec![0.0; c], vec![0.0; c]);
    y.par_chunks_mut(row.max(1)).zip(mean.par_iter_mut().zip(&mut variance)).enumerate().for_each(
        |(channel, (y, (mean, variance)))| {
            let part = channel * row..(channel + 1) * row;
            let x = &x[part.clone()];
            let skip = skip.map(|skip| &skip[part]);
            vectorised(
                #[inline(always)]
                || {
                    let [m, v] = moments(x);
                    (*mean, *variance) = (m as f32, v as f32);
                    let scale = (f64::from(weight[channel]) / (v + epsilon).sqrt()) as f32;
                    let (mean, bias) = (*mean, bias[channel]);
                    match (skip, with_relu) {
                        (None, false) => {
                            for (y, &x) in y.iter_mut().zip(x) {
                                *y = (x - mean) * scale + bias;
                            }
                        }
                        (None, true) => {
                            for (y, &x) in y.iter_mut().zip(x) {
                                *y = relu((x - mean) * scale + bias);
                            }
                        }
                        (Some(skip), _) => {
                            for ((y, &x), &skip) in y.iter_mut().zip(x).zip(skip) {
                                *y = relu((x - mean) * scale + bias + skip);
                            }
                        }
                    }
                },
            );
        },
    );
    (store(y, shape), contiguous(mean, [c]), contiguous(variance, [c]))
}

/// Gradients of batch normalisation. With `g` the gradient masked by the ReLU,
/// `x̂ = (x − mean) / σ` and `m` values per channel:
/// `∂bias = Σ g`, `∂weight = Σ g·x̂`,
/// `∂x = weight / σ · (g − ∂bias / m − x̂ · ∂weight / m)`, and `∂skip = g`.
pub(super) fn gradient(
    x: &FlexTensor,
    relu_output: Option<&FlexTensor>,
    statistics: &Statistics<Flex>,
    gradient: &FlexTensor,
    wanted: Wanted,
) -> BatchNormGradient<Flex> {
    let shape = dims(x);
    let c = shape[1];
    let (x, relu_output, gradient) = (load(x), relu_output.map(load), load(gradient));
    let weight = statistics.weight.to_contiguous();
    let (x, relu_output, gradient) =
        (values(&x), relu_output.as_ref().map(values), values(&gradient));
    let (weight, mean, variance) =
        (values(&weight), values(&statistics.mean), values(&statistics.variance));
    let row = x.len() / c.max(1);

    // The row of a gradient that is not needed is empty.
    let (dx_row, skip_row) = (if wanted.x { row } else { 0 }, if wanted.skip { row } else { 0 });
    let (mut dx, mut dskip) = (Buffer::new(c * dx_row), Buffer::new(c * skip_row));
    let (mut dweight, mut dbias) = (vec![0.0; c], vec![0.0; c]);
    let mut dx_rows = rows(&mut dx, c, dx_row);
    let mut dskip_rows = rows(&mut dskip, c, skip_row);
    dx_rows
        .par_iter_mut()
        .zip(&mut dskip_rows)
        .zip(dweight.par_iter_mut().zip(&mut dbias))
        .enumerate()
        .for_each(|(channel, ((dx, dskip), (dweight, dbias)))| {
            let part = channel * row..(channel + 1) * row;
            let mean = mean[channel];
            let deviation = (f64::from(variance[channel]) + statistics.epsilon).sqrt();
            let channel = Channel {
                x: &x[part.clone()],
                gradient: &gradient[part.clone()],
                mean,
                deviation,
                weight: f64::from(weight[channel]),
            };
            let mask = relu_output.map(|relu_output| &relu_output[part]);
            vectorised(
                #[inline(always)]
                || {
                    [*dweight, *dbias] = match mask {
                        Some(mask) => channel.backward(
                            #[inline(always)]
                            |i, g| if passes(mask[i]) { g } else { 0.0 },
                            dx,
                            dskip,
                        ),
                        None => channel.backward(
                            #[inline(always)]
                            |_, g| g,
                            dx,
                            dskip,
                        ),
                    };
                },
            );
        });
    BatchNormGradient {
        x: wanted.x.then(|| store(dx, shape)),
        skip: wanted.skip.then(|| store(dskip, shape)),
        weight: contiguous(dweight, [c]),
        bias: contiguous(dbias, [c]),
    }
}

/// Inputs of the gradient of one channel.
struct Channel<'a> {
    x: &'a [f32],
    gradient: &'a [f32],
    mean: f32,
    deviation: f64,
    weight: f64,
}

impl Channel<'_> {
    /// Fills `dx` and `dskip` unless they are empty, and returns the gradients of weight and bias.
    #[inline(always)]
    fn backward(
        &self,
        pass: impl Fn(usize, f32) -> f32,
        dx: &mut [f32],
        dskip: &mut [f32],
    ) -> [f32; 2] {
        let (x, gradient, mean) = (self.x, &self.gradient[..self.x.len()], self.mean);
        let [bias, products] = sums(
            x.len(),
            #[inline(always)]
            |i| {
                let g = pass(i, gradient[i]);
                [g, g * (x[i] - mean)]
            },
        );
        let weight = products / self.deviation;
        let count = x.len() as f64;
        let scale = (self.weight / self.deviation) as f32;
        let offset = (bias / count) as f32;
        let slope = (weight / count / self.deviation) as f32;
        for (i, dx) in dx.iter_mut().enumerate() {
            *dx = scale * (pass(i, gradient[i]) - offset - (x[i] - mean) * slope);
        }
        for (i, dskip) in dskip.iter_mut().enumerate() {
            *dskip = pass(i, gradient[i]);
        }
        [weight as f32, bias as f32]
    }
}

/// Mean and biased variance in two passes.
#[inline(always)]
fn moments(x: &[f32]) -> [f64; 2] {
    let count = x.len() as f64;
    let [sum] = sums(
        x.len(),
        #[inline(always)]
        |i| [x[i]],
    );
    let mean = sum / count;
    let centre = mean as f32;
    let [squares] = sums(
        x.len(),
        #[inline(always)]
        |i| {
            let difference = x[i] - centre;
            [difference * difference]
        },
    );
    [mean, squares / count]
}

/// `max(0, x)`, where NaN stays NaN.
#[inline(always)]
fn relu(x: f32) -> f32 {
    if x <= 0.0 { 0.0 } else { x }
}

/// Whether the ReLU passes the gradient at this output. It does at NaN, so that NaN is not hidden.
#[inline(always)]
fn passes(y: f32) -> bool {
    !matches!(y.partial_cmp(&0.0), Some(std::cmp::Ordering::Less | std::cmp::Ordering::Equal))
}

/// Splits a matrix into `count` rows of `row` values, which may be zero.
fn rows(values: &mut [f32], count: usize, row: usize) -> Vec<&mut [f32]> {
    if row == 0 {
        return (0..count).map(|_| Default::default()).collect();
    }
    values.chunks_exact_mut(row).collect()
}
