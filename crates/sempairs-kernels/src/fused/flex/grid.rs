//! Multi-threaded matrix products.
//!
//! Work is split by the sizes of the matrices, not by the number of threads, and no sum is split
//! between two tasks: the result is bit-identical for any number of threads.

use rayon::prelude::*;

use super::matmul::{Matrix, Target, matmul};

/// Number of tasks per operation: enough for eight threads, and few enough to amortise packing.
pub(super) const PIECES: usize = 8;

/// The width of a task is a multiple of this.
const NARROWEST: usize = 64;

/// The product `a · b`, row-major.
pub(super) fn parallel_matmul(a: Matrix, b: Matrix) -> Vec<f32> {
    let ([m, k], [_, n]) = (a.shape(), b.shape());
    let mut values = vec![0.0; m * n];
    if values.is_empty() {
        return values;
    }
    let target = Target::new(&mut values, n);
    // Splitting the longer side repeats as little packing as possible.
    let (rows, columns) = if n >= m {
        (m, (n.div_ceil(PIECES)).next_multiple_of(NARROWEST).min(n))
    } else {
        ((m.div_ceil(PIECES)).next_multiple_of(NARROWEST).min(m), n)
    };
    let pieces: Vec<[usize; 2]> = (0..m)
        .step_by(rows)
        .flat_map(|row| (0..n).step_by(columns).map(move |column| [row, column]))
        .collect();
    pieces.into_par_iter().for_each(|[row, column]| {
        let a = a.part(row..(row + rows).min(m), 0..k);
        let b = b.part(0..k, column..(column + columns).min(n));
        // SAFETY: `values` outlives the loop, and the tasks write disjoint parts.
        unsafe { matmul(target.at(row, column), a, b, false) };
    });
    values
}
