//! Borrowed matrices, and destinations of products.

use std::ops::Range;

use super::super::transpose::{SIDE as SQUARE, square};

/// A borrowed matrix of 32-bit floats.
#[derive(Debug, Clone, Copy)]
pub struct Matrix<'a> {
    pub(super) values: &'a [f32],
    pub(super) shape: [usize; 2],
    pub(super) strides: [usize; 2],
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
        // An empty part may begin behind the last value.
        let start = match rows.is_empty() || columns.is_empty() {
            true => 0,
            false => rows.start * self.strides[0] + columns.start * self.strides[1],
        };
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
pub struct Target {
    pub(super) start: *mut f32,
    pub(super) length: usize,
    pub(super) stride: usize,
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

    /// The first columns of a row.
    ///
    /// # Safety
    /// The buffer is alive, and nothing else uses this part of it.
    pub unsafe fn row<'a>(self, row: usize, columns: usize) -> &'a mut [f32] {
        assert!(row * self.stride + columns <= self.length, "a row outside the matrix");
        // SAFETY: inside the buffer; the rest by the contract of this function.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(row * self.stride), columns) }
    }

    /// Writes zeros to the first rows and columns.
    ///
    /// # Safety
    /// As [`row`](Self::row), for each of these rows.
    pub unsafe fn fill(self, rows: usize, columns: usize) {
        for row in 0..rows {
            // SAFETY: by the contract of this function.
            unsafe { self.row(row, columns) }.fill(0.0);
        }
    }
}

/// Copies a matrix row by row.
///
/// # Panics
/// If `rows` is not as long as the matrix is large.
#[inline(always)]
pub fn copy(a: Matrix, rows: &mut [f32]) {
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
pub(super) fn span(shape: [usize; 2], strides: [usize; 2]) -> usize {
    if shape.contains(&0) {
        return 0;
    }
    (shape[0] - 1) * strides[0] + (shape[1] - 1) * strides[1] + 1
}
