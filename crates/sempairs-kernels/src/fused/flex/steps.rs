//! Optimiser steps and moving averages in one pass over memory.
//!
//! Each element takes the same operations in the same order as in the reference implementation, so
//! the results are the same bits, except for the norms of LARS, whose sums have another order. That
//! order depends on the length alone, not on the number of threads.

use burn::backend::Flex;
use burn_flex::FlexTensor;
use rayon::prelude::*;

use super::super::step_ops::StepOps;
use super::Value;
use super::batch_last::{contiguous, values};
use super::buffer::Buffer;
use crate::step_rule::{AdamW, Ratio, Sgd};
use crate::vectors::vectorised;

/// Elements of a task.
const RUN: usize = 1 << 16;

/// Partial sums of a task.
const LANES: usize = 32;

impl StepOps for Flex {
    fn sgd_step(weight: Value, gradient: Value, velocity: Value, rule: Sgd) -> (Value, Value) {
        let [weight, gradient, velocity] =
            [weight, gradient, velocity].map(|it| it.to_contiguous());
        let [w, g, b] = [&weight, &gradient, &velocity].map(values);
        let [rate, momentum, decay] = [rule.rate, rule.momentum, rule.decay].map(|it| it as f32);
        let trust = rule.ratio.map(|ratio| trust_ratio(ratio, w, g, &rule));
        let [new_w, new_b] = each(
            w.len(),
            #[inline(always)]
            |start, [new_w, new_b]| {
                let part = start..start + new_w.len();
                let (w, g, b) = (&w[part.clone()], &g[part.clone()], &b[part]);
                for (i, (new_w, new_b)) in new_w.iter_mut().zip(new_b).enumerate() {
                    let mut update = if rule.decay == 0.0 { g[i] } else { g[i] + w[i] * decay };
                    if let Some(trust) = trust {
                        update *= trust;
                    }
                    if rule.rate_inside {
                        update *= rate;
                    }
                    *new_b = b[i] * momentum + update;
                    let change = if rule.nesterov { update + *new_b * momentum } else { *new_b };
                    let change = if rule.rate_inside { change } else { change * rate };
                    *new_w = w[i] - change;
                }
            },
        );
        (new_w, new_b)
    }

    fn adamw_step(
        weight: Value,
        gradient: Value,
        first: Value,
        second: Value,
        rule: AdamW,
    ) -> (Value, Value, Value) {
        let [weight, gradient, first, second] =
            [weight, gradient, first, second].map(|it| it.to_contiguous());
        let [w, g, m, v] = [&weight, &gradient, &first, &second].map(values);
        let ([of_first, of_second], [correct_first, correct_second]) =
            (rule.betas, rule.corrections());
        let [rate, decay] = [rule.rate, rule.decay_factor()].map(|it| it as f32);
        let [new_w, new_m, new_v] = each(
            w.len(),
            #[inline(always)]
            |start, [new_w, new_m, new_v]| {
                let part = start..start + new_w.len();
                let (w, g) = (&w[part.clone()], &g[part.clone()]);
                let (m, v) = (&m[part.clone()], &v[part]);
                let moments = new_m.iter_mut().zip(new_v);
                for (i, (new_w, (new_m, new_v))) in new_w.iter_mut().zip(moments).enumerate() {
                    *new_m = m[i] * of_first + g[i] * (1.0 - of_first);
                    *new_v = v[i] * of_second + g[i] * g[i] * (1.0 - of_second);
                    let root = (*new_v / correct_second).sqrt() + rule.epsilon;
                    let change = *new_m / correct_first / root;
                    *new_w = w[i] * decay - change * rate;
                }
            },
        );
        (new_w, new_m, new_v)
    }

    fn moving_average(copy: Value, other: Value, momentum: f64) -> Value {
        let [copy, other] = [copy, other].map(|it| it.to_contiguous());
        let [copy, other] = [&copy, &other].map(values);
        let (of_copy, of_other) = (momentum as f32, (1.0 - momentum) as f32);
        let [average] = each(
            copy.len(),
            #[inline(always)]
            |start, [average]| {
                let part = start..start + average.len();
                let parts = copy[part.clone()].iter().zip(&other[part]);
                for (average, (copy, other)) in average.iter_mut().zip(parts) {
                    *average = copy * of_copy + other * of_other;
                }
            },
        );
        average
    }
}

/// Trust ratio of a weight and its gradient, as in the reference implementation.
fn trust_ratio(ratio: Ratio, weight: &[f32], gradient: &[f32], rule: &Sgd) -> f32 {
    let decay = rule.decay as f32;
    let [weight_square, gradient_square] = match ratio {
        Ratio::OfDecayed { .. } => sums_of_squares(
            weight,
            gradient,
            #[inline(always)]
            |w, g| [w, g + w * decay],
        ),
        Ratio::OfParts { .. } => sums_of_squares(
            weight,
            gradient,
            #[inline(always)]
            |w, g| [w, g],
        ),
    };
    let (weight, gradient) = (weight_square.sqrt(), gradient_square.sqrt());
    if weight == 0.0 || gradient == 0.0 {
        return 1.0;
    }
    let value = match ratio {
        Ratio::OfDecayed { trust } => trust * weight / gradient,
        Ratio::OfParts { trust, limited } => {
            let value = trust * weight / (gradient + rule.decay * weight);
            // Written so that NaN stays NaN.
            if limited && value / rule.rate > 1.0 {
                1.0
            } else if limited {
                value / rule.rate
            } else {
                value
            }
        }
    };
    value as f32
}

/// Sums of the squares of the two terms of each pair of elements.
fn sums_of_squares(a: &[f32], b: &[f32], terms: impl Fn(f32, f32) -> [f32; 2] + Sync) -> [f64; 2] {
    let parts = a.par_chunks(RUN).zip(b.par_chunks(RUN)).map(|(a, b)| {
        vectorised(
            #[inline(always)]
            || {
                let mut sums = [[0f32; LANES]; 2];
                let (a, a_rest) = a.as_chunks::<LANES>();
                let (b, b_rest) = b.as_chunks::<LANES>();
                for (a, b) in a.iter().zip(b) {
                    for lane in 0..LANES {
                        let [x, y] = terms(a[lane], b[lane]);
                        sums[0][lane] += x * x;
                        sums[1][lane] += y * y;
                    }
                }
                for (lane, (a, b)) in a_rest.iter().zip(b_rest).enumerate() {
                    let [x, y] = terms(*a, *b);
                    sums[0][lane] += x * x;
                    sums[1][lane] += y * y;
                }
                sums.map(|lanes| lanes.into_iter().map(f64::from).sum::<f64>())
            },
        )
    });
    // Collected first, so that the order of the sum is that of the parts.
    let parts: Vec<[f64; 2]> = parts.collect();
    parts.iter().fold([0.0; 2], |[x, y], [of_x, of_y]| [x + of_x, y + of_y])
}

/// `N` vectors of this length, of which `fill` writes a part, given its first index.
#[inline(always)]
fn each<const N: usize>(
    length: usize,
    fill: impl Fn(usize, [&mut [f32]; N]) + Sync,
) -> [FlexTensor; N] {
    let mut all: [Buffer; N] = std::array::from_fn(|_| Buffer::new(length));
    let mut parts: Vec<(usize, [&mut [f32]; N])> = Vec::new();
    let mut rest = all.each_mut().map(|buffer| &mut buffer[..]);
    for start in (0..length).step_by(RUN) {
        let size = RUN.min(length - start);
        let mut halves = rest.map(|rest| rest.split_at_mut(size));
        parts.push((start, halves.each_mut().map(|(part, _)| std::mem::take(part))));
        rest = halves.map(|(_, rest)| rest);
    }
    parts.into_par_iter().for_each(|(start, mut parts)| {
        vectorised(
            #[inline(always)]
            || fill(start, parts.each_mut().map(|part| &mut part[..])),
        );
    });
    all.map(|buffer| contiguous(buffer, [length]))
}
