//! Exponential moving averages over a list of parameters, one launch per bin.

use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;
use burn_cubecl::tensor::CubeTensor;

use super::matmul_tile::UNITS;
use super::segments::{SHARE, alignment, buffers, cubes, group, next, results};

/// Moving averages of a bin of tensors.
#[cube(launch_unchecked)]
pub(in crate::cube) fn average_of_group(
    copies: &Sequence<Box<[f32]>>,
    others: &Sequence<Box<[f32]>>,
    averages: &mut [f32],
    momentum: f32,
    rest: f32,
    #[comptime] alignment: usize,
) {
    let mut cube = CUBE_POS_X as usize;
    let mut start = 0usize;
    #[unroll]
    for i in 0..copies.len() {
        let length = copies[i].len();
        if cube * SHARE < length {
            for step in 0..SHARE / UNITS {
                let index = cube * SHARE + step * UNITS + UNIT_POS as usize;
                if index < length {
                    averages[start + index] = momentum * copies[i][index] + rest * others[i][index];
                }
            }
        }
        cube = next(cube, length);
        start += length.div_ceil(alignment) * alignment;
    }
}

/// `momentum · copyᵢ + (1 − momentum) · otherᵢ` of each tensor; all are row-major.
pub(super) fn averages(
    copies: &[CubeTensor],
    others: &[CubeTensor],
    momentum: f64,
) -> Vec<CubeTensor> {
    let group = group(&copies[0], 2, 1);
    let launch = |(copies, others): (&[CubeTensor], &[CubeTensor])| {
        let (all, parts) = results(copies);
        let client = all.client.clone();
        let alignment = alignment(&all);
        // SAFETY: every index is compared with the length of its tensor, and the output has room
        // for every result.
        unsafe {
            average_of_group::launch_unchecked(
                &client,
                cubes(copies),
                CubeDim::new_1d(UNITS as u32),
                buffers(copies),
                buffers(others),
                all.into_buffer_arg(),
                momentum as f32,
                (1.0 - momentum) as f32,
                alignment,
            );
        }
        parts
    };
    copies.chunks(group).zip(others.chunks(group)).flat_map(launch).collect()
}
