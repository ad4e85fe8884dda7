//! Batch normalisation, with a ReLU and a residual sum in the same pass.
//!
//! Three launches each way: partial sums per chunk of rows, a launch that adds the partial sums,
//! and a pass that applies the result. The forward passes read the input twice and write the output
//! once; the gradient's read what they need twice and write once. All sums are of 32-bit floats and
//! in a fixed order.

pub(in crate::cube) mod forward;
pub(in crate::cube) mod gradient;

use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;

use super::super::matmul_tile::UNITS;
pub(super) use forward::forward;
pub(super) use gradient::gradient;

/// Channels per cube of the launch that adds chunks.
const ADDED: usize = 8;
/// Units per channel.
const SLICES: usize = UNITS / ADDED;

/// The sum of a vector over the units of a column of a cube, returned to the topmost.
#[cube]
fn sum_of_column<N: Size>(
    value: Vector<f32, N>,
    words: &mut Shared<[Vector<f32, N>]>,
    #[comptime] width: usize,
) -> Vector<f32, N> {
    let place = UNIT_POS_Y as usize * width + UNIT_POS_X as usize;
    // All units have finished reading the previous contents.
    sync_cube();
    words[place] = value;
    sync_cube();
    let mut half = comptime![UNITS / width / 2].runtime();
    while half > 0 {
        if (UNIT_POS_Y as usize) < half {
            let other = words[place + half * width];
            words[place] += other;
        }
        sync_cube();
        half /= 2;
    }
    words[place]
}

/// The sum over the units of a column of a cube, in columns of [`ADDED`], given to the
/// uppermost.
#[cube]
fn sum_of_slices(value: f32, words: &mut Shared<[f32]>) -> f32 {
    let place = UNIT_POS_Y as usize * ADDED + UNIT_POS_X as usize;
    sync_cube();
    words[place] = value;
    sync_cube();
    let mut half = comptime![SLICES / 2].runtime();
    while half > 0 {
        if (UNIT_POS_Y as usize) < half {
            let other = words[place + half * ADDED];
            words[place] += other;
        }
        sync_cube();
        half /= 2;
    }
    words[place]
}
