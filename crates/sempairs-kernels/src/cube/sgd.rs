//! SGD and LARS steps over a list of parameters.
//!
//! LARS takes two launches per bin: the first sums squares, one partial sum per cube; the second
//! adds the partial sums in a fixed order and takes the step.

use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;
use burn_cubecl::tensor::CubeTensor;

use super::launch::floats;
use super::matmul_tile::UNITS;
use super::reduction::sum;
use super::segments::{SHARE, alignment, buffers, cubes, group, length, next, results};
use crate::step_rule::{Ratio, Sgd};

/// Kind of trust ratio as a kernel constant; `NONE` is plain SGD.
pub(super) const NONE: u32 = 0;
pub(super) const OF_DECAYED: u32 = 1;
pub(super) const OF_PARTS: u32 = 2;
pub(super) const LIMITED: u32 = 3;

/// Partial sums of squares of weights and gradients (with weight decay if `of_decayed`), two per
/// cube.
#[cube(launch_unchecked)]
pub(in crate::cube) fn squares_of_group(
    weights: &Sequence<Box<[f32]>>,
    gradients: &Sequence<Box<[f32]>>,
    squares: &mut [f32],
    decay: f32,
    #[comptime] of_decayed: bool,
) {
    let mut cube = CUBE_POS_X as usize;
    let mut words = Shared::<[f32]>::new_slice(UNITS);
    let mut of_weights = 0.0f32;
    let mut of_gradients = 0.0f32;
    #[unroll]
    for i in 0..weights.len() {
        let length = weights[i].len();
        if cube * SHARE < length {
            for step in 0..SHARE / UNITS {
                let index = cube * SHARE + step * UNITS + UNIT_POS as usize;
                if index < length {
                    let weight = weights[i][index];
                    let mut gradient = gradients[i][index];
                    if of_decayed {
                        gradient += decay * weight;
                    }
                    of_weights += weight * weight;
                    of_gradients += gradient * gradient;
                }
            }
        }
        cube = next(cube, length);
    }
    let of_weights = sum(of_weights, &mut words);
    let of_gradients = sum(of_gradients, &mut words);
    if UNIT_POS == 0 {
        squares[2 * CUBE_POS_X as usize] = of_weights;
        squares[2 * CUBE_POS_X as usize + 1] = of_gradients;
    }
}

/// Trust ratio of a tensor whose partial sums of squares were written by the `cubes` cubes from
/// index `first` on.
#[cube]
fn trust_ratio(
    squares: &[f32],
    first: usize,
    cubes: usize,
    trust: f32,
    decay: f32,
    rate: f32,
    words: &mut Shared<[f32]>,
    #[comptime] ratio: u32,
) -> f32 {
    let mut of_weights = 0.0f32;
    let mut of_gradients = 0.0f32;
    let mut share = UNIT_POS as usize;
    while share < cubes {
        of_weights += squares[2 * (first + share)];
        of_gradients += squares[2 * (first + share) + 1];
        share += UNITS;
    }
    let weight = sum(of_weights, words).sqrt();
    let gradient = sum(of_gradients, words).sqrt();
    let mut result = 1.0f32;
    if weight > 0.0f32 && gradient > 0.0f32 {
        if comptime![ratio == OF_DECAYED] {
            result = trust * weight / gradient;
        } else {
            result = trust * weight / (gradient + decay * weight);
        }
        if comptime![ratio == LIMITED] {
            result = min(result / rate, 1.0f32);
        }
    }
    result
}

/// SGD or LARS step of a bin of parameters.
#[cube(launch_unchecked)]
pub(in crate::cube) fn step_of_group(
    weights: &Sequence<Box<[f32]>>,
    gradients: &Sequence<Box<[f32]>>,
    velocities: &Sequence<Box<[f32]>>,
    squares: &[f32],
    out_weights: &mut [f32],
    out_velocities: &mut [f32],
    rate: f32,
    momentum: f32,
    decay: f32,
    trust: f32,
    #[comptime] ratio: u32,
    #[comptime] nesterov: bool,
    #[comptime] rate_inside: bool,
    #[comptime] alignment: usize,
) {
    let mut cube = CUBE_POS_X as usize;
    let mut start = 0usize;
    let mut words = Shared::<[f32]>::new_slice(UNITS);
    #[unroll]
    for i in 0..weights.len() {
        let length = weights[i].len();
        if cube * SHARE < length {
            let mut factor = 1.0f32;
            if comptime![ratio != NONE] {
                let first = CUBE_POS_X as usize - cube;
                let cubes = length.div_ceil(SHARE);
                factor = trust_ratio(squares, first, cubes, trust, decay, rate, &mut words, ratio);
            }
            if rate_inside {
                factor *= rate;
            }
            for step in 0..SHARE / UNITS {
                let index = cube * SHARE + step * UNITS + UNIT_POS as usize;
                if index < length {
                    let weight = weights[i][index];
                    let update = factor * (gradients[i][index] + decay * weight);
                    let velocity = momentum * velocities[i][index] + update;
                    let mut change = velocity;
                    if nesterov {
                        change = update + momentum * velocity;
                    }
                    if !rate_inside {
                        change *= rate;
                    }
                    out_velocities[start + index] = velocity;
                    out_weights[start + index] = weight - change;
                }
            }
        }
        cube = next(cube, length);
        start += length.div_ceil(alignment) * alignment;
    }
}

/// New weights and velocities; all tensors are row-major.
pub(super) fn step(
    [weights, gradients, velocities]: [&[CubeTensor]; 3],
    rule: &Sgd,
) -> [Vec<CubeTensor>; 2] {
    let group = group(&weights[0], 3, 3);
    let groups = weights.chunks(group).zip(gradients.chunks(group)).zip(velocities.chunks(group));
    let mut results = [Vec::new(), Vec::new()];
    for ((weights, gradients), velocities) in groups {
        for (all, some) in results.iter_mut().zip(step_of([weights, gradients, velocities], rule)) {
            all.extend(some);
        }
    }
    results
}

fn step_of(
    [weights, gradients, velocities]: [&[CubeTensor]; 3],
    rule: &Sgd,
) -> [Vec<CubeTensor>; 2] {
    let ([out_weights, out_velocities], [new_weights, new_velocities]) = {
        let ((out_weights, weights), (out_velocities, velocities)) =
            (results(weights), results(weights));
        ([out_weights, out_velocities], [weights, velocities])
    };
    let client = out_weights.client.clone();
    let ratio = match rule.ratio {
        None => NONE,
        Some(Ratio::OfDecayed { .. }) => OF_DECAYED,
        Some(Ratio::OfParts { limited: false, .. }) => OF_PARTS,
        Some(Ratio::OfParts { limited: true, .. }) => LIMITED,
    };
    let trust = rule.ratio.map_or(0.0, Ratio::trust);
    let shares: usize = weights.iter().map(|tensor| length(tensor).div_ceil(SHARE)).sum();
    let squares = floats(&out_weights, [2 * if ratio == NONE { 1 } else { shares }]);
    let (alignment, cube_dim) = (alignment(&out_weights), CubeDim::new_1d(UNITS as u32));
    // SAFETY: every index is compared with the length of its tensor, the outputs have room for
    // every result, and `squares` for two sums per cube if there is a trust ratio.
    unsafe {
        if ratio != NONE {
            squares_of_group::launch_unchecked(
                &client,
                cubes(weights),
                cube_dim,
                buffers(weights),
                buffers(gradients),
                squares.clone().into_buffer_arg(),
                rule.decay as f32,
                ratio == OF_DECAYED,
            );
        }
        step_of_group::launch_unchecked(
            &client,
            cubes(weights),
            cube_dim,
            buffers(weights),
            buffers(gradients),
            buffers(velocities),
            squares.into_buffer_arg(),
            out_weights.into_buffer_arg(),
            out_velocities.into_buffer_arg(),
            rule.rate as f32,
            rule.momentum as f32,
            rule.decay as f32,
            trust as f32,
            ratio,
            rule.nesterov,
            rule.rate_inside,
            alignment,
        );
    }
    [new_weights, new_velocities]
}
