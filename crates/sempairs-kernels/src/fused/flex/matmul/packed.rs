//! Factors of a product in the order in which the micro-kernel reads them.

use std::ops::Range;

use super::super::transpose::{SIDE as SQUARE, square};
use super::blocks;
use super::matrix::{Matrix, Target};
use super::tile::ROWS;
use crate::vectors::vectorised;

/// The right factor packed whole, for tasks that share it: for each block of terms the panels of
/// all columns.
#[derive(Clone, Copy)]
pub struct Right<'a> {
    values: &'a [f32],
    pub(super) width: usize,
    pub(super) shape: [usize; 2],
}

impl<'a> Right<'a> {
    /// Number of floats for a matrix of this shape.
    pub fn size([k, n]: [usize; 2], width: usize) -> usize {
        k * n.next_multiple_of(width)
    }

    /// Place of the panels of some terms and columns, of which the first is a multiple of `width`,
    /// in a packed matrix of `n` columns.
    fn place(terms: &Range<usize>, columns: &Range<usize>, n: usize, width: usize) -> Range<usize> {
        let start = terms.start * n.next_multiple_of(width) + columns.start * terms.len();
        start..start + columns.len().next_multiple_of(width) * terms.len()
    }

    /// The panels of some terms and columns, of which the first is a multiple of the width.
    #[inline(always)]
    pub(super) fn block(self, terms: &Range<usize>, columns: &Range<usize>) -> &'a [f32] {
        &self.values[Self::place(terms, columns, self.shape[1], self.width)]
    }

    /// The panels in `values`, which [`pack_right`] wrote.
    pub fn new(values: &'a [f32], shape: [usize; 2], width: usize) -> Self {
        assert!(Self::size(shape, width) <= values.len(), "packed floats of {shape:?}");
        Self { values, width, shape }
    }
}

/// Packs some columns of a matrix, of which the first is a multiple of `width`, into their place in
/// all panels.
///
/// # Safety
/// `all` has [`Right::size`] floats, and nothing else uses those of these columns.
pub unsafe fn pack_right(b: Matrix, columns: Range<usize>, width: usize, all: Target) {
    let [k, n] = b.shape;
    for terms in blocks(k) {
        let place = Right::place(&terms, &columns, n, width);
        // SAFETY: by the contract of this function.
        let panels = unsafe { all.at(0, place.start).row(0, place.len()) };
        let part = b.part(terms, columns.clone());
        vectorised(
            #[inline(always)]
            || pack(part, width, panels),
        );
    }
}

/// The left factor packed whole, for tasks that share it: for each block of terms the groups of
/// [`ROWS`] rows, `[terms, rows]` each.
#[derive(Clone, Copy)]
pub struct Left<'a> {
    values: &'a [f32],
    /// Rows of the whole matrix, and the first row of the part.
    height: usize,
    first: usize,
}

impl<'a> Left<'a> {
    /// The groups in `values`, which [`pack_left`] wrote for a matrix of this shape.
    pub fn new(values: &'a [f32], [m, k]: [usize; 2]) -> Self {
        assert!(m * k <= values.len(), "packed floats of a {m}×{k} matrix");
        Self { values, height: m, first: 0 }
    }

    /// The part that starts at `row`, a multiple of [`ROWS`].
    pub fn from(self, row: usize) -> Self {
        let first = self.first + row;
        assert!(first <= self.height && first.is_multiple_of(ROWS), "first row of a part");
        Self { first, ..self }
    }

    /// Place of some terms of rows, of which the first is a multiple of [`ROWS`], in a packed
    /// matrix of `height` rows.
    fn place(rows: &Range<usize>, terms: &Range<usize>, height: usize) -> Range<usize> {
        let start = terms.start * height + rows.start * terms.len();
        start..start + rows.len() * terms.len()
    }

    /// Some terms of the first `m` rows of the part.
    #[inline(always)]
    fn block(self, m: usize, terms: &Range<usize>) -> Rows {
        // The last group of a part is whole unless it is the last of the matrix.
        let end = self.first + m;
        assert!(
            end == self.height || end < self.height && m.is_multiple_of(ROWS),
            "rows {}..{end} of {} packed ones",
            self.first,
            self.height
        );
        let values = &self.values[Self::place(&(self.first..end), terms, self.height)];
        Rows { start: values.as_ptr(), stride: None }
    }
}

/// Packs some rows of a matrix, of which the first is a multiple of [`ROWS`], into their place in
/// all groups.
///
/// # Safety
/// `all` has as many floats as the matrix, and nothing else uses those of these rows, which are
/// a multiple of [`ROWS`] or end with the last row.
pub unsafe fn pack_left(a: Matrix, rows: Range<usize>, all: Target) {
    let [m, k] = a.shape;
    for terms in blocks(k) {
        let place = Left::place(&rows, &terms, m);
        // SAFETY: by the contract of this function.
        let groups = unsafe { all.at(0, place.start).row(0, place.len()) };
        pack_rows(a.part(rows.clone(), terms), groups);
    }
}

/// Whether the micro-kernel can read a left factor in place.
pub fn is_in_place(a: Matrix) -> bool {
    a.strides[1] == 1
}

/// Rows of the left factor for some terms.
#[derive(Clone, Copy)]
pub(super) struct Rows {
    pub start: *const f32,
    /// Distance of the rows; `None` for packed groups.
    pub stride: Option<usize>,
}

impl Rows {
    /// Some terms of a matrix: from `packed`, if it is there, in place if its rows are contiguous,
    /// else packed into `left`.
    #[inline(always)]
    pub fn of(a: Matrix, packed: Option<Left>, terms: &Range<usize>, left: &mut Vec<f32>) -> Self {
        let m = a.shape[0];
        if let Some(packed) = packed {
            return packed.block(m, terms);
        }
        let a = a.part(0..m, terms.clone());
        if is_in_place(a) {
            return Self { start: a.values.as_ptr(), stride: Some(a.strides[0]) };
        }
        let size = m * terms.len();
        reserve(left, size);
        pack_rows(a, &mut left[..size]);
        Self { start: left.as_ptr(), stride: None }
    }
}

/// Makes `buffer` at least this long.
pub(super) fn reserve(buffer: &mut Vec<f32>, length: usize) {
    if buffer.len() < length {
        buffer.resize(length, 0.0);
    }
}

/// Packs a left factor into groups of [`ROWS`] rows, `[terms, rows]` each.
#[inline(always)]
fn pack_rows(a: Matrix, groups: &mut [f32]) {
    let ([m, terms], [row_stride, term_stride]) = (a.shape, a.strides);
    if row_stride == 1 {
        // Some terms at a time, whose rows stay in a near cache while all groups read them.
        for first_term in (0..terms).step_by(SQUARE) {
            let some = first_term..(first_term + SQUARE).min(terms);
            for (index, group) in groups.chunks_mut((ROWS * terms).max(1)).enumerate() {
                let first = index * ROWS;
                let high = ROWS.min(m - first);
                for term in some.clone() {
                    let from = &a.values[term * term_stride + first..][..high];
                    let to = &mut group[term * high..][..high];
                    if high == ROWS {
                        // A constant length.
                        to[..ROWS].copy_from_slice(&from[..ROWS]);
                    } else {
                        to.copy_from_slice(from);
                    }
                }
            }
        }
        return;
    }
    for (index, group) in groups.chunks_mut((ROWS * terms).max(1)).enumerate() {
        let first = index * ROWS;
        let high = ROWS.min(m - first);
        for (term, out) in group.chunks_exact_mut(high).enumerate() {
            for (r, out) in out.iter_mut().enumerate() {
                *out = a.values[(first + r) * row_stride + term * term_stride];
            }
        }
    }
}

/// Packs a matrix into row-major panels of `width` columns, the last one zero-padded.
#[inline(always)]
pub(super) fn pack(b: Matrix, width: usize, panels: &mut [f32]) {
    let ([rows, columns], [row_stride, column_stride]) = (b.shape, b.strides);
    let panels = &mut panels[..columns.next_multiple_of(width) * rows];
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
