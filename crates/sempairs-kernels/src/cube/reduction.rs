//! Sums and maxima over the units of a cube.

use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;

use super::matmul_tile::UNITS;

/// The sum of a value over a cube of [`UNITS`] units, returned to all of them. `words` has one
/// entry per unit.
#[cube]
pub(super) fn sum(value: f32, words: &mut Shared<[f32]>) -> f32 {
    let unit = UNIT_POS as usize;
    // All units have finished reading the previous contents.
    sync_cube();
    words[unit] = value;
    sync_cube();
    let mut half = comptime![UNITS / 2].runtime();
    while half > 0 {
        if unit < half {
            let other = words[unit + half];
            words[unit] += other;
        }
        sync_cube();
        half /= 2;
    }
    words[0]
}

/// The maximum of a value over a cube of [`UNITS`] units, returned to all of them. `words` has one
/// entry per unit.
#[cube]
pub(super) fn largest(value: f32, words: &mut Shared<[f32]>) -> f32 {
    let unit = UNIT_POS as usize;
    sync_cube();
    words[unit] = value;
    sync_cube();
    let mut half = comptime![UNITS / 2].runtime();
    while half > 0 {
        if unit < half {
            let other = words[unit + half];
            words[unit] = max(words[unit], other);
        }
        sync_cube();
        half /= 2;
    }
    words[0]
}
