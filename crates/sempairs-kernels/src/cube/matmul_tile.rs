//! Tiles of a matrix product `x · yᵀ` that is never stored.
//!
//! A cube of 16 × 16 units computes a tile of 64 × 64 products. Unit `(h, v)` computes those of
//! rows `v, v + 16, v + 32, v + 48` of `x` and rows `h, h + 16, h + 32, h + 48` of `y`, so that
//! neighbouring units read neighbouring words of shared memory.

use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;

/// Units along each side of a cube.
pub(super) const SIDE: usize = 16;
/// Units of a cube.
pub(super) const UNITS: usize = SIDE * SIDE;
/// Rows of `x`, and of `y`, in a tile.
pub(super) const TILE: usize = 64;
/// Rows of a tile per unit.
pub(super) const OWN: usize = TILE / SIDE;
/// Values of each row in shared memory at a time.
pub(super) const STEP: usize = 16;
/// Row stride of a tile in shared memory, in words: padded by one to avoid bank conflicts.
pub(super) const PITCH: usize = TILE + 1;

/// Loads columns `from .. from + STEP` of rows `first .. first + TILE` into shared memory,
/// transposed; values outside of the `rows × width` matrix are zero.
#[cube]
fn load<F: Float>(
    values: &[F],
    tile: &mut Shared<[f32]>,
    first: usize,
    rows: usize,
    from: usize,
    width: usize,
) {
    #[unroll]
    for i in 0..TILE * STEP / UNITS {
        let element = UNIT_POS as usize + i * UNITS;
        let inner = element % STEP;
        let row = element / STEP;
        let mut value = 0.0f32;
        if first + row < rows && from + inner < width {
            value = f32::cast_from(values[(first + row) * width + from + inner]);
        }
        tile[inner * PITCH + row] = value;
    }
}

/// The products of this unit: `products[OWN · r + c]` is the product of its row `r` of `x` and its
/// row `c` of `y`.
///
/// `lines_of_x` and `lines_of_y` hold `STEP · PITCH` words. Every unit of the cube must call this.
#[cube]
pub(super) fn of_tile<F: Float>(
    x: &[F],
    y: &[F],
    lines_of_x: &mut Shared<[f32]>,
    lines_of_y: &mut Shared<[f32]>,
    products: &mut Array<f32>,
    first: (usize, usize),
    rows: (usize, usize),
    width: usize,
) {
    let horizontal = UNIT_POS_X as usize;
    let vertical = UNIT_POS_Y as usize;
    #[unroll]
    for i in 0..OWN * OWN {
        products[i] = 0.0f32;
    }
    let mut from = 0;
    while from < width {
        // All units have finished reading the previous contents.
        sync_cube();
        load::<F>(x, lines_of_x, first.0, rows.0, from, width);
        load::<F>(y, lines_of_y, first.1, rows.1, from, width);
        sync_cube();
        for inner in 0..STEP {
            let line = inner * PITCH;
            let mut of_y = Array::<f32>::new(OWN);
            #[unroll]
            for c in 0..OWN {
                of_y[c] = lines_of_y[line + horizontal + SIDE * c];
            }
            #[unroll]
            for r in 0..OWN {
                let of_x = lines_of_x[line + vertical + SIDE * r];
                #[unroll]
                for c in 0..OWN {
                    products[OWN * r + c] += of_x * of_y[c];
                }
            }
        }
        from += STEP;
    }
}
