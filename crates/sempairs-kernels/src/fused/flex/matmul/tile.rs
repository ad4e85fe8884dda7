//! The micro-kernel.

use pulp::{Arch, Simd, WithSimd};

use super::matrix::Target;
use super::packed::Rows;

/// Rows of the micro-kernel: with four vectors of columns the sums take 24 of 32 registers.
pub const ROWS: usize = 6;

/// Vectors of columns of the micro-kernel where there are 32 registers.
const VECTORS: usize = 4;

/// Number of columns of a panel on this CPU.
pub fn width() -> usize {
    struct Width;
    impl WithSimd for Width {
        type Output = usize;
        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) -> usize {
            width_of::<S>()
        }
    }
    Arch::new().dispatch(Width)
}

#[inline(always)]
pub(super) fn width_of<S: Simd>() -> usize {
    vectors_of::<S>() * S::F32_LANES
}

/// Number of vectors of columns of the micro-kernel.
#[inline(always)]
fn vectors_of<S: Simd>() -> usize {
    if S::REGISTER_COUNT >= 32 { VECTORS } else { 2 }
}

/// A product of rows and panels for one block of terms.
pub(super) struct Block {
    pub target: Target,
    pub rows: Rows,
    pub panels: *const f32,
    /// Rows, terms and columns.
    pub shape: [usize; 3],
    pub accumulate: bool,
}

impl Block {
    /// # Safety
    /// The rows and panels have the sizes of `shape`, and the target has room for the product.
    #[inline(always)]
    pub unsafe fn make<S: Simd>(&self, simd: S) {
        let [m, terms, columns] = self.shape;
        let width = width_of::<S>();
        for first in (0..columns).step_by(width) {
            let wide = width.min(columns - first);
            for row in (0..m).step_by(ROWS) {
                let (start, stride) = match self.rows.stride {
                    Some(stride) => (self.rows.start.wrapping_add(row * stride), stride),
                    None => (self.rows.start.wrapping_add(row * terms), 0),
                };
                let tile = Tile {
                    terms,
                    a: start,
                    a_row: stride,
                    panel: self.panels.wrapping_add(first * terms),
                    target: self.target.at(row, first),
                    wide,
                    accumulate: self.accumulate,
                };
                // SAFETY: by the contract of this function.
                unsafe {
                    match self.rows.stride {
                        None => tile.vectors::<S, true>(simd, m - row),
                        Some(_) => tile.vectors::<S, false>(simd, m - row),
                    }
                }
            }
        }
    }
}

/// Micro-kernel: some rows of the result by the columns of a panel.
struct Tile {
    terms: usize,
    a: *const f32,
    a_row: usize,
    panel: *const f32,
    target: Target,
    wide: usize,
    accumulate: bool,
}

impl Tile {
    /// As [`rows`](Self::rows), with the vectors of the panel that have columns.
    ///
    /// # Safety
    /// As [`make`](Self::make).
    #[inline(always)]
    unsafe fn vectors<S: Simd, const PACKED: bool>(&self, simd: S, left: usize) {
        // SAFETY: by the contract of this function.
        unsafe {
            match (vectors_of::<S>(), self.wide.div_ceil(S::F32_LANES)) {
                (2, 1) => self.rows::<S, 1, 2, PACKED>(simd, left),
                (2, _) => self.rows::<S, 2, 2, PACKED>(simd, left),
                (_, 1) => self.rows::<S, 1, VECTORS, PACKED>(simd, left),
                (_, 2) => self.rows::<S, 2, VECTORS, PACKED>(simd, left),
                (_, 3) => self.rows::<S, 3, VECTORS, PACKED>(simd, left),
                (_, _) => self.rows::<S, VECTORS, VECTORS, PACKED>(simd, left),
            }
        }
    }

    /// As [`make`](Self::make), with at most [`ROWS`] of the `left` remaining rows.
    ///
    /// # Safety
    /// As [`make`](Self::make).
    #[inline(always)]
    unsafe fn rows<S: Simd, const V: usize, const W: usize, const PACKED: bool>(
        &self,
        simd: S,
        left: usize,
    ) {
        // SAFETY: by the contract of this function.
        unsafe {
            match left {
                1 => self.make::<S, 1, V, W, PACKED>(simd),
                2 => self.make::<S, 2, V, W, PACKED>(simd),
                3 => self.make::<S, 3, V, W, PACKED>(simd),
                4 => self.make::<S, 4, V, W, PACKED>(simd),
                5 => self.make::<S, 5, V, W, PACKED>(simd),
                _ => self.make::<S, ROWS, V, W, PACKED>(simd),
            }
        }
    }

    /// `R` rows by `V` vectors of a panel that is `W` vectors wide.
    ///
    /// # Safety
    /// `a` has `R` rows of `terms`, packed or not, the panel `terms` rows of `W` vectors, the
    /// target `R` rows of `wide` columns.
    #[inline(always)]
    unsafe fn make<S: Simd, const R: usize, const V: usize, const W: usize, const PACKED: bool>(
        &self,
        simd: S,
    ) {
        let lanes = S::F32_LANES;
        // Prefetches the output while the sums are computed.
        for r in 0..R {
            for v in 0..V {
                prefetch(self.target.start.wrapping_add(r * self.target.stride + v * lanes));
            }
        }
        let mut sums = [[simd.splat_f32s(0.0); V]; R];
        for term in 0..self.terms {
            // SAFETY: by the contract of this function.
            unsafe {
                let row = self.panel.add(term * W * lanes).cast::<S::f32s>();
                let mut right = [simd.splat_f32s(0.0); V];
                for v in 0..V {
                    right[v] = row.add(v).read_unaligned();
                }
                for r in 0..R {
                    let at = if PACKED { term * R + r } else { r * self.a_row + term };
                    let left = simd.splat_f32s(*self.a.add(at));
                    for v in 0..V {
                        sums[r][v] = simd.mul_add_f32s(left, right[v], sums[r][v]);
                    }
                }
            }
        }
        for r in 0..R {
            // SAFETY: by the contract of this function.
            unsafe {
                let out = self.target.start.add(r * self.target.stride);
                for v in 0..V {
                    let (out, sum) = (out.add(v * lanes), sums[r][v]);
                    if v + 1 < V || self.wide == V * lanes {
                        let out = out.cast::<S::f32s>();
                        let sum = if self.accumulate {
                            simd.add_f32s(out.read_unaligned(), sum)
                        } else {
                            sum
                        };
                        out.write_unaligned(sum);
                        continue;
                    }
                    let sum = (&raw const sum).cast::<f32>();
                    for column in 0..self.wide - v * lanes {
                        let out = out.add(column);
                        let sum = *sum.add(column);
                        *out = if self.accumulate { *out + sum } else { sum };
                    }
                }
            }
        }
    }
}

/// Prefetches a cache line that will be written; no effect on an invalid address.
#[inline(always)]
fn prefetch(place: *const f32) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a prefetch reads nothing.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(place.cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = place;
}
