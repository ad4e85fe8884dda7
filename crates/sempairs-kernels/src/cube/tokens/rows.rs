//! Rows distributed over the units of a cube, and sums over them in a fixed order.
//!
//! A row is processed by `lanes` units, a power of two, and a cube processes as many rows as its
//! units allow. Lane `l` keeps values `l, l + lanes, l + 2 lanes, ..` of its row in registers, so
//! that a row is read from memory once.

use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;

use super::super::matmul_tile::UNITS;

/// Maximum values per lane, unless a row has more than `KEPT · UNITS` values.
const KEPT: usize = 16;
/// Minimum number of lanes of a long row; together they read one cache line.
const LINE: usize = 32;

/// Distribution of a row over units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cube) struct Lanes {
    /// Units per row.
    pub(in crate::cube) number: usize,
    /// Values per unit.
    pub(in crate::cube) own: usize,
}

impl Lanes {
    /// The distribution of rows of `width` values.
    pub(in crate::cube) fn of(width: usize) -> Self {
        let fewest = width.next_power_of_two().min(LINE);
        let number = width.div_ceil(KEPT).next_power_of_two().clamp(fewest, UNITS);
        Self { number, own: width.div_ceil(number) }
    }

    /// Rows per cube.
    pub(super) fn rows(self) -> usize {
        UNITS / self.number
    }
}

/// The sum of a value over the lanes of each row, returned to all of them. `words` has one entry
/// per unit.
///
/// Every unit of the cube must call this.
#[cube]
pub(super) fn row_sum(value: f32, words: &mut Shared<[f32]>, #[comptime] lanes: usize) -> f32 {
    let unit = UNIT_POS as usize;
    let lane = unit % lanes;
    // All units have finished reading the previous contents.
    sync_cube();
    words[unit] = value;
    sync_cube();
    let mut half = comptime![lanes / 2].runtime();
    while half > 0 {
        if lane < half {
            let other = words[unit + half];
            words[unit] += other;
        }
        sync_cube();
        half /= 2;
    }
    words[unit - lane]
}

/// The maximum of a value over the lanes of each row; otherwise as [`row_sum`].
#[cube]
pub(super) fn row_largest(value: f32, words: &mut Shared<[f32]>, #[comptime] lanes: usize) -> f32 {
    let unit = UNIT_POS as usize;
    let lane = unit % lanes;
    sync_cube();
    words[unit] = value;
    sync_cube();
    let mut half = comptime![lanes / 2].runtime();
    while half > 0 {
        if lane < half {
            let other = words[unit + half];
            words[unit] = max(words[unit], other);
        }
        sync_cube();
        half /= 2;
    }
    words[unit - lane]
}

/// The sum of a value over the rows of a cube in ascending order, returned to the lanes of the
/// first row; other units get their own value. Every unit of the cube must call this.
#[cube]
pub(super) fn column_sum(value: f32, words: &mut Shared<[f32]>, #[comptime] lanes: usize) -> f32 {
    let unit = UNIT_POS as usize;
    sync_cube();
    words[unit] = value;
    sync_cube();
    let mut total = value;
    if unit < lanes {
        for row in 1..comptime![UNITS / lanes] {
            total += words[row * lanes + unit];
        }
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lanes_hold_every_value_of_a_row() {
        for width in 1..10_000 {
            let lanes = Lanes::of(width);
            assert!(lanes.number.is_power_of_two() && lanes.number <= UNITS, "{width}");
            assert!(lanes.number * lanes.own >= width && lanes.number * (lanes.own - 1) < width);
            assert!(lanes.own <= KEPT || lanes.number == UNITS, "{width}");
        }
        assert_eq!(Lanes::of(384), Lanes { number: 32, own: 12 });
        assert_eq!(Lanes::of(1).rows(), UNITS);
    }
}
