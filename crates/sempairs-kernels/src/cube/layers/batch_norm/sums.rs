//! Sums over the units of a cube.

use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;

use super::super::super::matmul_tile::UNITS;

/// Channels per cube of the launch that adds the partial sums.
pub(super) const CHANNELS: usize = 8;
/// Units per channel.
pub(super) const SLICES: usize = UNITS / CHANNELS;

/// The sum of a vector over the units of a column of a cube; only the first unit of the column gets
/// the whole sum.
#[cube]
pub(super) fn sum_of_column<N: Size>(
    value: Vector<f32, N>,
    words: &mut Shared<[Vector<f32, N>]>,
    #[comptime] width: usize,
) -> Vector<f32, N> {
    let index = UNIT_POS_Y as usize * width + UNIT_POS_X as usize;
    // All units have finished reading the previous contents.
    sync_cube();
    words[index] = value;
    sync_cube();
    let mut half = comptime![UNITS / width / 2].runtime();
    while half > 0 {
        if (UNIT_POS_Y as usize) < half {
            let other = words[index + half * width];
            words[index] += other;
        }
        sync_cube();
        half /= 2;
    }
    words[index]
}

/// As [`sum_of_column`] for single values and cubes that are [`CHANNELS`] units wide.
#[cube]
pub(super) fn sum_of_slices(value: f32, words: &mut Shared<[f32]>) -> f32 {
    let index = UNIT_POS_Y as usize * CHANNELS + UNIT_POS_X as usize;
    sync_cube();
    words[index] = value;
    sync_cube();
    let mut half = comptime![SLICES / 2].runtime();
    while half > 0 {
        if (UNIT_POS_Y as usize) < half {
            let other = words[index + half * CHANNELS];
            words[index] += other;
        }
        sync_cube();
        half /= 2;
    }
    words[index]
}
