//! The linear maps of tiles and filters, vectorised over many of them.

use pulp::{Scalar, Simd, WithSimd};

/// Products per tile.
pub(super) const POINTS: usize = 16;

/// Which linear map to apply. For `F(2×2, 3×3)` the matrices are:
///
/// ```text
///      1  0 -1  0         1   0   0
/// Bᵀ = 0  1  1  0    G = ½   ½   ½    Aᵀ = 1  1  1  0
///      0 -1  1  0        ½  -½   ½         0  1 -1 -1
///      0  1  0 -1         0   0   1
/// ```
#[derive(Clone, Copy)]
pub(super) enum Kind {
    /// `Bᵀ D B`: 16 from 16.
    Input,
    /// `A ∂Y Aᵀ`: 16 from 4.
    Gradient,
    /// `Aᵀ M A`: 4 from 16.
    Output,
    /// `G g Gᵀ`: 16 from 9.
    Filter,
    /// `Gᵀ ∂U G`: 9 from 16.
    FilterGradient,
}

/// A linear map of `length` tiles or filters, with one row of `length` values per input and per
/// output. A null input row stands for zeros.
pub(super) struct Transform {
    pub kind: Kind,
    pub from: [*const f32; POINTS],
    pub to: [*mut f32; POINTS],
    pub length: usize,
}

impl WithSimd for Transform {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let whole = self.length / S::F32_LANES * S::F32_LANES;
        for start in (0..whole).step_by(S::F32_LANES) {
            self.at(simd, start);
        }
        for start in whole..self.length {
            self.at(Scalar::new(), start);
        }
    }
}

impl Transform {
    #[inline(always)]
    fn at<S: Simd>(&self, simd: S, start: usize) {
        // SAFETY: rows have `length` values, and a vector from `start` does not exceed them.
        let load = |row: usize| unsafe {
            let row = self.from[row];
            if row.is_null() {
                simd.splat_f32s(0.0)
            } else {
                row.add(start).cast::<S::f32s>().read_unaligned()
            }
        };
        // SAFETY: as above; rows that are written overlap only where the values are never read.
        let store = |row: usize, value: S::f32s| unsafe {
            self.to[row].add(start).cast::<S::f32s>().write_unaligned(value);
        };
        let add = |a, b| simd.add_f32s(a, b);
        let sub = |a, b| simd.sub_f32s(a, b);
        let put_row = |row: usize, [a, b, c, d]: [S::f32s; 4]| {
            store(row, a);
            store(row + 1, b);
            store(row + 2, c);
            store(row + 3, d);
        };
        let halve = |a| simd.mul_f32s(simd.splat_f32s(0.5), a);
        let zero = simd.splat_f32s(0.0);
        match self.kind {
            Kind::Input => {
                let mut left = [[zero; 4]; 4];
                for j in 0..4 {
                    let [a, b, c, d] = [load(j), load(4 + j), load(8 + j), load(12 + j)];
                    put(&mut left, j, [sub(a, c), add(b, c), sub(c, b), sub(b, d)]);
                }
                for i in 0..left.len() {
                    let [a, b, c, d] = left[i];
                    put_row(4 * i, [sub(a, c), add(b, c), sub(c, b), sub(b, d)]);
                }
            }
            Kind::Gradient => {
                let mut left = [[zero; 2]; 4];
                for j in 0..2 {
                    let [a, b] = [load(j), load(2 + j)];
                    put(&mut left, j, [a, add(a, b), sub(a, b), sub(zero, b)]);
                }
                for i in 0..left.len() {
                    let [a, b] = left[i];
                    put_row(4 * i, [a, add(a, b), sub(a, b), sub(zero, b)]);
                }
            }
            Kind::Output => {
                let mut left = [[zero; 4]; 2];
                for j in 0..4 {
                    let [a, b, c, d] = [load(j), load(4 + j), load(8 + j), load(12 + j)];
                    put(&mut left, j, [add(add(a, b), c), sub(sub(b, c), d)]);
                }
                for i in 0..left.len() {
                    let [a, b, c, d] = left[i];
                    store(2 * i, add(add(a, b), c));
                    store(2 * i + 1, sub(sub(b, c), d));
                }
            }
            Kind::Filter => {
                let mut left = [[zero; 3]; 4];
                for j in 0..3 {
                    let [a, b, c] = [load(j), load(3 + j), load(6 + j)];
                    let sum = add(a, c);
                    put(&mut left, j, [a, halve(add(sum, b)), halve(sub(sum, b)), c]);
                }
                for i in 0..left.len() {
                    let [a, b, c] = left[i];
                    let sum = add(a, c);
                    put_row(4 * i, [a, halve(add(sum, b)), halve(sub(sum, b)), c]);
                }
            }
            Kind::FilterGradient => {
                let mut left = [[zero; 4]; 3];
                for j in 0..4 {
                    let [a, b, c, d] = [load(j), load(4 + j), load(8 + j), load(12 + j)];
                    let sum = halve(add(b, c));
                    put(&mut left, j, [add(a, sum), halve(sub(b, c)), add(sum, d)]);
                }
                for i in 0..left.len() {
                    let [a, b, c, d] = left[i];
                    let sum = halve(add(b, c));
                    store(3 * i, add(a, sum));
                    store(3 * i + 1, halve(sub(b, c)));
                    store(3 * i + 2, add(sum, d));
                }
            }
        }
    }
}

/// Writes a column of a matrix. It uses indices because iterators and `map` would pass the vectors
/// through memory.
#[inline(always)]
fn put<T: Copy, const R: usize, const C: usize>(
    matrix: &mut [[T; C]; R],
    j: usize,
    column: [T; R],
) {
    for i in 0..R {
        matrix[i][j] = column[i];
    }
}
