//! Products of matrices on one thread.

use std::ops::Range;

use gemm::Parallelism;

/// A matrix of 32-bit floats that somebody else owns.
#[derive(Debug, Clone, Copy)]
pub(super) struct Matrix<'a> {
    values: &'a [f32],
    shape: [usize; 2],
    strides: [usize; 2],
}

impl<'a> Matrix<'a> {
    /// # Panics
    /// If the values do not cover the shape.
    pub fn new(values: &'a [f32], shape: [usize; 2], strides: [usize; 2]) -> Self {
        assert!(span(shape, strides) <= values.len(), "matrix {shape:?} by {strides:?}");
        Self { values, shape, strides }
    }

    /// Some of the rows and some of the columns.
    pub fn part(self, rows: Range<usize>, columns: Range<usize>) -> Self {
        assert!(rows.end <= self.shape[0] && columns.end <= self.shape[1], "part of a matrix");
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

/// Where a product goes: a part of a buffer that other threads write other parts of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target {
    start: *mut f32,
    length: usize,
    strides: [usize; 2],
}

// SAFETY: a pointer to floats; `product` puts the duty of disjointness on its caller.
unsafe impl Send for Target {}
// SAFETY: as above.
unsafe impl Sync for Target {}

impl Target {
    /// The whole of `values`, a matrix with these strides.
    pub fn new(values: &mut [f32], strides: [usize; 2]) -> Self {
        Self { start: values.as_mut_ptr(), length: values.len(), strides }
    }

    /// The part that starts at this row and column.
    pub fn at(self, row: usize, column: usize) -> Self {
        let offset = row * self.strides[0] + column * self.strides[1];
        assert!(offset <= self.length, "a part outside the matrix");
        Self {
            start: self.start.wrapping_add(offset),
            length: self.length - offset,
            strides: self.strides,
        }
    }
}

/// Writes `a · b` to `target`, or adds it if `accumulate`.
///
/// # Safety
/// The buffer of `target` is alive, and while this runs nothing else reads or writes its elements
/// `[i, j]` for `i` below the rows of `a` and `j` below the columns of `b`.
pub(super) unsafe fn product(target: Target, a: Matrix, b: Matrix, accumulate: bool) {
    let ([m, k], [k_b, n]) = (a.shape, b.shape);
    assert_eq!(k, k_b, "inner sizes of a product");
    assert!(span([m, n], target.strides) <= target.length, "a product larger than its target");
    let [target_row, target_column] = target.strides.map(|stride| stride as isize);
    let [a_row, a_column] = a.strides.map(|stride| stride as isize);
    let [b_row, b_column] = b.strides.map(|stride| stride as isize);
    // SAFETY: the three spans were checked against their buffers, here and in `Matrix::new`; the
    // elements of the target are this call's alone by the contract of this function.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            target.start,
            target_column,
            target_row,
            accumulate,
            a.values.as_ptr(),
            a_column,
            a_row,
            b.values.as_ptr(),
            b_column,
            b_row,
            1.0,
            1.0,
            false,
            false,
            false,
            Parallelism::None,
        );
    }
}

/// Elements of memory a matrix reaches over.
fn span(shape: [usize; 2], strides: [usize; 2]) -> usize {
    if shape.contains(&0) {
        return 0;
    }
    (shape[0] - 1) * strides[0] + (shape[1] - 1) * strides[1] + 1
}
