//! AdamW steps over a list of parameters, one launch per bin.

use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;
use burn_cubecl::tensor::CubeTensor;

use super::matmul_tile::UNITS;
use super::segments::{SHARE, alignment, buffers, cubes, group, next, results};
use crate::step_rule::AdamW;

/// AdamW step of a bin of parameters.
#[cube(launch_unchecked)]
pub(in crate::cube) fn adamw_of_group(
    weights: &Sequence<Box<[f32]>>,
    gradients: &Sequence<Box<[f32]>>,
    first: &Sequence<Box<[f32]>>,
    second: &Sequence<Box<[f32]>>,
    out_weights: &mut [f32],
    new_first: &mut [f32],
    new_second: &mut [f32],
    rate: f32,
    decay_factor: f32,
    of_first: f32,
    of_second: f32,
    correct_first: f32,
    correct_second: f32,
    epsilon: f32,
    #[comptime] alignment: usize,
) {
    let mut cube = CUBE_POS_X as usize;
    let mut start = 0usize;
    #[unroll]
    for i in 0..weights.len() {
        let length = weights[i].len();
        if cube * SHARE < length {
            for step in 0..SHARE / UNITS {
                let index = cube * SHARE + step * UNITS + UNIT_POS as usize;
                if index < length {
                    let slope = gradients[i][index];
                    let mean = of_first * first[i][index] + (1.0f32 - of_first) * slope;
                    let square =
                        of_second * second[i][index] + (1.0f32 - of_second) * slope * slope;
                    let root = (square / correct_second).sqrt() + epsilon;
                    let change = mean / correct_first / root;
                    new_first[start + index] = mean;
                    new_second[start + index] = square;
                    out_weights[start + index] = decay_factor * weights[i][index] - rate * change;
                }
            }
        }
        cube = next(cube, length);
        start += length.div_ceil(alignment) * alignment;
    }
}

/// New weights and moments from weights, gradients and moments; all tensors are row-major.
pub(super) fn step(lists: [&[CubeTensor]; 4], rule: &AdamW) -> [Vec<CubeTensor>; 3] {
    let group = group(&lists[0][0], 4, 3);
    let mut results = [Vec::new(), Vec::new(), Vec::new()];
    for start in (0..lists[0].len()).step_by(group) {
        let end = (start + group).min(lists[0].len());
        for (all, some) in results.iter_mut().zip(step_of(lists.map(|l| &l[start..end]), rule)) {
            all.extend(some);
        }
    }
    results
}

fn step_of(
    [weights, gradients, first, second]: [&[CubeTensor]; 4],
    rule: &AdamW,
) -> [Vec<CubeTensor>; 3] {
    let [(out_weights, new_weights), (out_first, new_first), (out_second, new_second)] =
        [(); 3].map(|()| results(weights));
    let (client, alignment) = (out_weights.client.clone(), alignment(&out_weights));
    let [correct_first, correct_second] = rule.corrections();
    // SAFETY: every index is compared with the length of its tensor, and the outputs have room for
    // every result.
    unsafe {
        adamw_of_group::launch_unchecked(
            &client,
            cubes(weights),
            CubeDim::new_1d(UNITS as u32),
            buffers(weights),
            buffers(gradients),
            buffers(first),
            buffers(second),
            out_weights.into_buffer_arg(),
            out_first.into_buffer_arg(),
            out_second.into_buffer_arg(),
            rule.rate as f32,
            rule.decay_factor() as f32,
            rule.betas[0],
            rule.betas[1],
            correct_first,
            correct_second,
            rule.epsilon,
            alignment,
        );
    }
    [new_weights, new_first, new_second]
}
