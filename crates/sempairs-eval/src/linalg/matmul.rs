//! Matrix products on the CPU, whose results do not depend on the number of threads.

use gemm::{Parallelism, gemm};

/// A borrowed matrix: element (i, j) is `data[i * row_stride + j * column_stride]`.
#[derive(Clone, Copy)]
pub(crate) struct Matrix<'a, T> {
    data: &'a [T],
    rows: usize,
    columns: usize,
    row_stride: usize,
    column_stride: usize,
}

impl<'a, T> Matrix<'a, T> {
    /// A row-major matrix with `columns` columns.
    pub(crate) fn new(data: &'a [T], columns: usize) -> Self {
        assert!(
            columns > 0 && data.len().is_multiple_of(columns),
            "rows must have {columns} values"
        );
        let rows = data.len() / columns;
        Self { data, rows, columns, row_stride: columns, column_stride: 1 }
    }

    /// A range of rows.
    pub(crate) fn rows(self, rows: std::ops::Range<usize>) -> Self {
        assert!(rows.start <= rows.end && rows.end <= self.rows, "row range of a matrix");
        if rows.is_empty() {
            return Self { rows: 0, ..self };
        }
        Self { data: &self.data[rows.start * self.row_stride..], rows: rows.len(), ..self }
    }

    /// The transpose, without copying.
    pub(crate) fn t(self) -> Self {
        Self {
            data: self.data,
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
        }
    }
}

/// Element type of a product.
pub(crate) trait Real: Copy + 'static {
    const ZERO: Self;
    const ONE: Self;
}

impl Real for f32 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;
}

impl Real for f64 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;
}

/// Overwrites the row-major `out` with the matrix product `a b`.
///
/// It runs on the calling thread. Callers split their work into blocks of a fixed size and
/// distribute them with rayon, so that no sum depends on the number of threads.
pub(crate) fn multiply<T: Real>(out: &mut [T], a: Matrix<'_, T>, b: Matrix<'_, T>) {
    assert_eq!(a.columns, b.rows, "inner dimensions of a product");
    assert_eq!(out.len(), a.rows * b.columns, "size of the output of a product");
    if out.is_empty() {
        return;
    }
    // SAFETY: the constructor, `rows` and `t` keep every (row, column) of a matrix inside its
    // slice. `out` has exactly `a.rows * b.columns` elements, and as a mutable borrow it overlaps
    // neither factor.
    unsafe {
        gemm(
            a.rows,
            b.columns,
            a.columns,
            out.as_mut_ptr(),
            1,
            b.columns as isize,
            false,
            a.data.as_ptr(),
            a.column_stride as isize,
            a.row_stride as isize,
            b.data.as_ptr(),
            b.column_stride as isize,
            b.row_stride as isize,
            T::ZERO,
            T::ONE,
            false,
            false,
            false,
            Parallelism::None,
        );
    }
}

/// Dot product, summed in eight independent lanes.
pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len(), "lengths of the vectors of a dot product");
    let mut lanes = [0.0; 8];
    let (a, b) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f64 = a.remainder().iter().zip(b.remainder()).map(|(x, y)| x * y).sum();
    for (a, b) in a.zip(b) {
        for lane in 0..8 {
            lanes[lane] += a[lane] * b[lane];
        }
    }
    lanes.iter().sum::<f64>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_agree_with_the_definition() {
        let a: Vec<f64> = (0..6).map(f64::from).collect(); // [2, 3]
        let b: Vec<f64> = (0..12).map(|i| f64::from(i) - 5.0).collect(); // [3, 4]
        let mut out = vec![f64::NAN; 8];
        multiply(&mut out, Matrix::new(&a, 3), Matrix::new(&b, 4));
        for i in 0..2 {
            for j in 0..4 {
                let expected: f64 = (0..3).map(|k| a[3 * i + k] * b[4 * k + j]).sum();
                assert_eq!(out[4 * i + j], expected);
            }
        }
        let mut gram = vec![0.0; 9];
        multiply(&mut gram, Matrix::new(&a, 3).t(), Matrix::new(&a, 3));
        assert_eq!(gram, [9.0, 12.0, 15.0, 12.0, 17.0, 22.0, 15.0, 22.0, 29.0]);
        let columns = Matrix::new(&a, 3).t().rows(1..3);
        multiply(&mut gram[..6], columns, Matrix::new(&a, 3));
        assert_eq!(gram[..6], [12.0, 17.0, 22.0, 15.0, 22.0, 29.0]);
    }

    #[test]
    fn dot_includes_the_remainder() {
        let a: Vec<f64> = (0..19).map(f64::from).collect();
        assert_eq!(dot(&a, &a), (0..19).map(|i| f64::from(i * i)).sum::<f64>());
    }
}
