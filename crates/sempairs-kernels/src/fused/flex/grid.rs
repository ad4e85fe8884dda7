//! Multi-threaded matrix products.
//!
//! No sum is split between two tasks, so the result is bit-identical for any number of threads.

use std::ops::Range;

use rayon::prelude::*;

use super::buffer::Buffer;
use super::matmul::{
    Left, Matrix, ROWS, Right, Target, copy, is_in_place, multiply, multiply_packed, pack_left,
    pack_right, width,
};

/// Number of parts of a sum that is split between tasks. It decides the order of the additions.
pub(super) const PIECES: usize = 8;

/// Number of tasks per thread: a thread that is slowed down by other load leaves some of them to
/// the others.
pub(super) const TASKS: usize = 8;

/// Minimum multiply-adds of a task, about 20 µs.
const LEAST: usize = 1 << 20;

/// Maximum rows of a task: with blocks of 384 terms they take a quarter of an L2 cache of 1 MiB.
const HIGHEST: usize = 32 * ROWS;

/// Maximum floats of a right factor that is packed whole, once for all tasks, in a product of more
/// columns than rows. Tasks that take columns pack a longer one block by block.
const WHOLE: usize = 1 << 20;

/// The product `a · b`, row-major.
pub(super) fn parallel_matmul(a: Matrix, b: Matrix) -> Buffer {
    let ([m, _], [_, n]) = (a.shape(), b.shape());
    // Packing transposes a right factor whose columns are contiguous. If it is the larger one, the
    // transpose of the product is computed, in which it is the left one and read in place.
    if is_in_place(a) && is_in_place(b.transposed()) && !is_in_place(b) && m < n {
        let turned = product(b.transposed(), a.transposed());
        let mut values = Buffer::new(m * n);
        copy(Matrix::new(&turned, [n, m], [m, 1]).transposed(), &mut values);
        return values;
    }
    product(a, b)
}

fn product(a: Matrix, b: Matrix) -> Buffer {
    let ([m, k], [k_b, n]) = (a.shape(), b.shape());
    assert_eq!(k, k_b, "inner sizes of a product");
    if m * k * n == 0 {
        return Buffer::zeroed(m * n);
    }
    let mut values = Buffer::new(m * n);
    let target = Target::new(&mut values, n);
    let width = width();
    let packed = (!is_in_place(a)).then(|| packed_left(a));
    let left = packed.as_deref().map(|values| Left::new(values, [m, k]));
    if k * n > WHOLE && n >= m {
        let tasks = TASKS * rayon::current_num_threads();
        let columns = n.div_ceil(tasks).max(LEAST.div_ceil(m * k)).next_multiple_of(width);
        runs(n, columns).into_par_iter().with_max_len(1).for_each(|columns| {
            let b = b.part(0..k, columns.clone());
            // SAFETY: `values` outlives the loop, and the tasks write disjoint parts.
            unsafe { multiply(target.at(0, columns.start), a, left, b, false) };
        });
        return values;
    }
    let panels = packed_right(b, width);
    let right = Right::new(&panels, [k, n], width);
    let [rows, columns] = task([m, k, n], width);
    let pieces: Vec<[Range<usize>; 2]> = runs(m, rows)
        .into_iter()
        .flat_map(|rows| runs(n, columns).into_iter().map(move |columns| [rows.clone(), columns]))
        .collect();
    pieces.into_par_iter().with_max_len(1).for_each(|[rows, columns]| {
        let left = left.map(|left| left.from(rows.start));
        let target = target.at(rows.start, columns.start);
        let a = a.part(rows, 0..k);
        // SAFETY: `values` outlives the loop, and the tasks write disjoint parts.
        unsafe { multiply_packed(target, a, left, right, columns, false) };
    });
    values
}

/// Rows and columns of a task: multiples of [`ROWS`] and of the width of a panel.
fn task([m, k, n]: [usize; 3], width: usize) -> [usize; 2] {
    let high = |parts: usize| m.div_ceil(parts).next_multiple_of(ROWS);
    let mut parts = m.div_ceil(HIGHEST).max(1);
    let mut columns = n.next_multiple_of(width);
    let wanted = TASKS * rayon::current_num_threads();
    let tasks = |parts, columns: usize| parts * n.div_ceil(columns);
    let is_large = |parts, columns| high(parts) * columns * k >= 2 * LEAST;
    while tasks(parts, columns) < wanted && is_large(parts, columns) {
        // Wide tasks read their rows more often from a near cache.
        if columns > 4 * width || high(parts) <= 8 * ROWS && columns > width {
            columns = (columns / 2).next_multiple_of(width);
        } else if high(parts) > 2 * ROWS {
            parts *= 2;
        } else {
            break;
        }
    }
    [high(parts), columns]
}

/// The panels of the right factor, packed in parallel.
fn packed_right(b: Matrix, width: usize) -> Buffer {
    let [k, n] = b.shape();
    let mut values = Buffer::new(Right::size([k, n], width));
    let length = values.len();
    let target = Target::new(&mut values, length);
    runs(n, width * LEAST.div_ceil(16 * k * width)).into_par_iter().for_each(|columns| {
        // SAFETY: `values` outlives the loop, and the tasks write disjoint panels.
        unsafe { pack_right(b, columns, width, target) };
    });
    values
}

/// The groups of rows of the left factor, packed in parallel.
fn packed_left(a: Matrix) -> Buffer {
    let [m, k] = a.shape();
    let mut values = Buffer::new(m * k);
    let length = values.len();
    let target = Target::new(&mut values, length);
    runs(m, ROWS * LEAST.div_ceil(16 * k * ROWS)).into_par_iter().for_each(|rows| {
        // SAFETY: `values` outlives the loop, and the tasks write disjoint groups.
        unsafe { pack_left(a, rows, target) };
    });
    values
}

/// The numbers up to `end`, in runs of `length`.
fn runs(end: usize, length: usize) -> Vec<Range<usize>> {
    (0..end).step_by(length.max(1)).map(|start| start..(start + length).min(end)).collect()
}
