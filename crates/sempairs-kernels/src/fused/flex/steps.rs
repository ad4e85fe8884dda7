//! Optimiser steps and moving averages in one pass over memory.
//!
//! Each element takes the same operations in the same order as in the reference implementation, so
//! the results are the same bits.

use burn::backend::Flex;
use burn_flex::FlexTensor;
use rayon::prelude::*;

use super::super::step_ops::StepOps;
use super::Value;
use super::batch_last::{contiguous, values};
use super::buffer::Buffer;
use crate::step_rule::{AdamW, Sgd};
use crate::vectors::vectorised;

/// Elements of a task.
const RUN: usize = 1 << 16;

impl StepOps for Flex {
    fn sgd_step(weight: Value, gradient: Value, velocity: Value, rule: Sgd) -> (Value, Value) {
        assert!(rule.ratio.is_none(), "this step has no trust ratio");
        let [weight, gradient, velocity] =
            [weight, gradient, velocity].map(|it| it.to_contiguous());
        let [w, g, b] = [&weight, &gradient, &velocity].map(values);
        let [rate, momentum, decay] = [rule.rate, rule.momentum, rule.decay].map(|it| it as f32);
        let [new_w, new_b] = each(
            w.len(),
            #[inline(always)]
            |start, [new_w, new_b]| {
                let part = start..start + new_w.len();
                let (w, g, b) = (&w[part.clone()], &g[part.clone()], &b[part]);
                for (i, (new_w, new_b)) in new_w.iter_mut().zip(new_b).enumerate() {
                    let mut update = if rule.decay == 0.0 { g[i] } else { g[i] + w[i] * decay };
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
