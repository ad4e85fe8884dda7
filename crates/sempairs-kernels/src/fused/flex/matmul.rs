//! Single-threaded matrix products.
//!
//! They are designed for the batch-last layout: the right factor is long and read once, so it is
//! packed block by block into panels that fit the L1 cache, while the left factor (filters) is read
//! in place.

use std::cell::RefCell;
use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};

use super::transpose::{SIDE as SQUARE, square};

/// A borrowed matrix of 32-bit floats.
#[derive(Debug, Clone, Copy)]
pub(super) struct Matrix<'a> {
    values: &'a [f32],
    shape: [usize; 2],
    strides: [usize; 2],
}

impl<'a> Matrix<'a> {
    /// A matrix with the given shape and strides over `values`.
    ///
    /// # Panics
    /// If `values` is too short.
    pub fn new(values: &'a [f32], shape: [usize; 2], strides: [usize; 2]) -> Self {
        assert!(span(shape, strides) <= values.len(), "matrix {shape:?} with strides {strides:?}");
        Self { values, shape, strides }
    }

    /// The submatrix of the given rows and columns.
    pub fn part(self, rows: Range<usize>, columns: Range<usize>) -> Self {
        assert!(rows.end <= self.shape[0] && columns.end <= self.shape[1], "submatrix bounds");
        let start = rows.start * self.strides[0] + columns.start * self.strides[1];
        Self::new(&self.values[start..], [rows.len(), columns.len()], self.strides)
    }

    /// Rows and columns.
    pub fn shape(self) -> [usize; 2] {
        self.shape
    }

    /// The matrix with rows and columns exchanged.
    pub fn transposed(self) -> Self {
        let ([rows, columns], [row, column]) = (self.shape, self.strides);
        Self { values: self.values, shape: [columns, rows], strides: [column, row] }
    }
}

/// Destination of a product: a part of a row-major buffer whose other parts other threads may
/// write.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target {
    start: *mut f32,
    length: usize,
    stride: usize,
}

// SAFETY: a pointer to floats; the caller of `matmul` guarantees that parts are disjoint.
unsafe impl Send for Target {}
// SAFETY: as above.
unsafe impl Sync for Target {}

impl Target {
    /// All of `values`, a matrix with this row stride.
    pub fn new(values: &mut [f32], stride: usize) -> Self {
        Self { start: values.as_mut_ptr(), length: values.len(), stride }
    }

    /// The part that starts at this row and column.
    pub fn at(self, row: usize, column: usize) -> Self {
        let offset = row * self.stride + column;
        assert!(offset <= self.length, "a part outside the matrix");
        Self {
            start: self.start.wrapping_add(offset),
            length: self.length - offset,
            stride: self.stride,
        }
    }
}

impl Target {
    /// The first columns of a row.
    ///
    /// # Safety
    /// The buffer is alive, and nothing else uses this part of it.
    pub unsafe fn row<'a>(self, row: usize, columns: usize) -> &'a mut [f32] {
        assert!(row * self.stride + columns <= self.length, "a row outside the matrix");
        // SAFETY: inside the buffer; the rest by the contract of this function.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(row * self.stride), columns) }
    }
}

/// Maximum rows of a panel of the right factor, the terms of a sum: a panel of 64 columns then
/// takes three quarters of an L1 cache of 32 KiB.
const DEPTH: usize = 96;

/// Columns that are packed at a time: 192 KiB, which fits an L2 cache.
const BREADTH: usize = 512;

/// Rows of the micro-kernel: with four vectors of columns the sums take 24 of 32 registers.
const ROWS: usize = 6;

thread_local! {
    /// Packed panels of the right factor, and of the left one if its rows are not contiguous.
    static PANELS: RefCell<[Vec<f32>; 2]> = const { RefCell::new([Vec::new(), Vec::new()]) };
}

/// Writes `a · b` to `target`, or adds it if `accumulate`. The order of every sum depends on the
/// sizes alone.
///
/// # Safety
/// The buffer of `target` is alive, and while this runs nothing else reads or writes its elements
/// `[i, j]` for `i` below the rows of `a` and `j` below the columns of `b`.
pub(super) unsafe fn matmul(target: Target, a: Matrix, b: Matrix, accumulate: bool) {
    let ([m, k], [k_b, n]) = (a.shape, b.shape);
    assert_eq!(k, k_b, "inner sizes of a product");
    assert!(span([m, n], [target.stride, 1]) <= target.length, "a product larger than its target");
    if k == 0 && !accumulate {
        for row in 0..m {
            // SAFETY: the range is inside the target by the assertion, and nothing else uses it by
            // the contract of this function.
            unsafe { std::slice::from_raw_parts_mut(target.at(row, 0).start, n) }.fill(0.0);
        }
    }
    PANELS.with_borrow_mut(|[right, left]| {
        // SAFETY: by the contract of this function.
        Arch::new().dispatch(Product { target, a, b, accumulate, right, left });
    });
}

struct Product<'a> {
    target: Target,
    a: Matrix<'a>,
    b: Matrix<'a>,
    accumulate: bool,
    right: &'a mut Vec<f32>,
    left: &'a mut Vec<f32>,
}

impl WithSimd for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        if S::REGISTER_COUNT >= 32 { self.run::<S, 4>(simd) } else { self.run::<S, 2>(simd) }
    }
}

impl Product<'_> {
    /// Panels are `V` vectors wide.
    #[inline(always)]
    fn run<S: Simd, const V: usize>(self, simd: S) {
        let Self { target, a, b, accumulate, right, left } = self;
        let ([m, k], n) = (a.shape, b.shape[1]);
        let width = V * S::F32_LANES;
        let breadth = BREADTH.next_multiple_of(width);
        // Blocks of equal depth.
        let depth = k.div_ceil(k.div_ceil(DEPTH).max(1)).max(1);
        for column in (0..n).step_by(breadth) {
            let columns = breadth.min(n - column);
            for start in (0..k).step_by(depth) {
                let terms = depth.min(k - start);
                let part = b.part(start..start + terms, column..column + columns);
                let panels = if part.strides == [width, 1] && n == width {
                    // The matrix already has the layout of a panel.
                    &part.values[..terms * width]
                } else {
                    pack(part, width, right);
                    &right[..]
                };
                let a = a.part(0..m, start..start + terms);
                let (a, a_row) = if a.strides[1] == 1 {
                    (a.values, a.strides[0])
                } else {
                    left.resize(m * terms, 0.0);
                    copy(a, left);
                    (&left[..], terms)
                };
                for (index, panel) in panels.chunks_exact(terms * width).enumerate() {
                    let first = index * width;
                    let wide = width.min(columns - first);
                    for row in (0..m).step_by(ROWS) {
                        let tile = Tile {
                            terms,
                            a: a[row * a_row..].as_ptr(),
                            a_row,
                            panel: panel.as_ptr(),
                            target: target.at(row, column + first),
                            wide,
                            accumulate: accumulate || start > 0,
                        };
                        // SAFETY: the panel has `terms` rows of `width` values, `a` has as many
                        // terms per row, and the target has these rows and columns.
                        unsafe {
                            match m - row {
                                1 => tile.make::<S, 1, V>(simd),
                                2 => tile.make::<S, 2, V>(simd),
                                3 => tile.make::<S, 3, V>(simd),
                                4 => tile.make::<S, 4, V>(simd),
                                5 => tile.make::<S, 5, V>(simd),
                                _ => tile.make::<S, ROWS, V>(simd),
                            }
                        }
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
    /// # Safety
    /// `a` has `R` rows of `terms`, the panel `terms` rows of `V` vectors, the target `R` rows of
    /// `wide` columns.
    #[inline(always)]
    unsafe fn make<S: Simd, const R: usize, const V: usize>(&self, simd: S) {
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
                let row = self.panel.add(term * V * lanes).cast::<S::f32s>();
                let mut right = [simd.splat_f32s(0.0); V];
                for v in 0..V {
                    right[v] = row.add(v).read_unaligned();
                }
                for r in 0..R {
                    let left = simd.splat_f32s(*self.a.add(r * self.a_row + term));
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
                if self.wide == V * lanes {
                    for v in 0..V {
                        let out = out.cast::<S::f32s>().add(v);
                        let sum = if self.accumulate {
                            simd.add_f32s(out.read_unaligned(), sums[r][v])
                        } else {
                            sums[r][v]
                        };
                        out.write_unaligned(sum);
                    }
                } else {
                    let sums = sums[r].as_ptr().cast::<f32>();
                    for column in 0..self.wide {
                        let out = out.add(column);
                        let old = if self.accumulate { *out } else { 0.0 };
                        *out = old + *sums.add(column);
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

/// Packs a matrix into row-major panels of `width` columns, the last one zero-padded.
#[inline(always)]
fn pack(b: Matrix, width: usize, panels: &mut Vec<f32>) {
    let ([rows, columns], [row_stride, column_stride]) = (b.shape, b.strides);
    panels.resize(columns.next_multiple_of(width) * rows, 0.0);
    if column_stride == 1 {
        // Row by row, as it lies in memory.
        for row in 0..rows {
            let values = &b.values[row * row_stride..][..columns];
            let mut places = panels[row * width..].chunks_mut(rows * width);
            for run in values.chunks(width) {
                let place = &mut places.next().expect("a panel for every run")[..width];
                place[..run.len()].copy_from_slice(run);
                place[run.len()..].fill(0.0);
            }
        }
        return;
    }
    for (index, panel) in panels.chunks_exact_mut(rows * width).enumerate() {
        let first = index * width;
        let wide = width.min(columns - first);
        if row_stride == 1 {
            for (block, out) in panel.chunks_mut(SQUARE * width).enumerate() {
                let (top, high) = (block * SQUARE, out.len() / width);
                for left in (0..wide).step_by(SQUARE) {
                    if high == SQUARE && left + SQUARE <= wide {
                        let values = &b.values[(first + left) * column_stride + top..];
                        square(values, column_stride, &mut out[left..], width);
                        continue;
                    }
                    for column in left..(left + SQUARE).min(wide) {
                        let start = (first + column) * column_stride + top;
                        let values = &b.values[start..start + high];
                        for (row, &value) in values.iter().enumerate() {
                            out[row * width + column] = value;
                        }
                    }
                }
                for row in out.chunks_exact_mut(width) {
                    row[wide..].fill(0.0);
                }
            }
        } else {
            for (row, out) in panel.chunks_exact_mut(width).enumerate() {
                for (column, out) in out[..wide].iter_mut().enumerate() {
                    *out = b.values[row * row_stride + (first + column) * column_stride];
                }
                out[wide..].fill(0.0);
            }
        }
    }
}

/// Copies a matrix row by row.
///
/// # Panics
/// If `rows` is not as long as the matrix is large.
#[inline(always)]
pub(super) fn copy(a: Matrix, rows: &mut [f32]) {
    let ([count, columns], [row_stride, column_stride]) = (a.shape, a.strides);
    assert_eq!(rows.len(), count * columns, "size of the copy of a {count}×{columns} matrix");
    for top in (0..count).step_by(SQUARE) {
        for left in (0..columns).step_by(SQUARE) {
            let (high, wide) = (SQUARE.min(count - top), SQUARE.min(columns - left));
            if row_stride == 1 && high == SQUARE && wide == SQUARE {
                let values = &a.values[top + left * column_stride..];
                square(values, column_stride, &mut rows[top * columns + left..], columns);
                continue;
            }
            for row in top..top + high {
                for column in left..left + wide {
                    rows[row * columns + column] =
                        a.values[row * row_stride + column * column_stride];
                }
            }
        }
    }
}

/// Number of elements in memory from the first to the last element of a matrix.
fn span(shape: [usize; 2], strides: [usize; 2]) -> usize {
    if shape.contains(&0) {
        return 0;
    }
    (shape[0] - 1) * strides[0] + (shape[1] - 1) * strides[1] + 1
}
