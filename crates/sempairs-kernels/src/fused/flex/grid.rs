//! Products of matrices on all threads.
//!
//! Work is cut by the sizes of the matrices alone, never by the number of threads, and no sum is
//! shared between two pieces: the result is the same bit for bit on any number of threads.

use rayon::prelude::*;

use super::product::{Matrix, Target, product};

/// Pieces of one operation: enough to keep eight threads busy, few enough to be worth packing for.
pub(super) const PIECES: usize = 8;

/// Narrower pieces than this are not worth a call.
const NARROWEST: usize = 64;

/// The product `a · b`, row by row.
pub(super) fn parallel_product(a: Matrix, b: Matrix) -> Vec<f32> {
    let ([m, k], [_, n]) = (a.shape(), b.shape());
    let mut values = vec![0.0; m * n];
    if values.is_empty() {
        return values;
    }
    let target = Target::new(&mut values, n);
    // The longer side is cut, so that a piece repeats as little packing as possible.
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
        // SAFETY: `values` outlives the loop, and the pieces are disjoint.
        unsafe { product(target.at(row, column), a, b, false) };
    });
    values
}
