//! Matrix products.
//!
//! The micro-kernel multiplies six rows of the left factor by a panel of the right one, as many
//! columns as four vector registers hold (two where there are 16 registers). Panels are contiguous,
//! so the right factor is packed into them. The left factor is read in place if its rows are
//! contiguous, else it is packed in groups of six rows.
//!
//! A sum consists of blocks of at most [`DEPTH`] terms, which depend on the number of its terms
//! alone: its bits are the same however a product is split into tasks, and for every width of the
//! vector registers.

mod matrix;
mod packed;
mod tile;

use std::cell::RefCell;
use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};

use matrix::span;
use packed::{Rows, pack, reserve};
use tile::{Block, width_of};

pub(super) use matrix::{Matrix, Target, copy};
pub(super) use packed::{Left, Right, is_in_place, pack_left, pack_right};
pub(super) use tile::{ROWS, width};

/// Maximum terms of a sum that are added up in a register before they are added to the result. With
/// more, less time goes into reading and writing results; a panel of 64 columns takes 96 KiB, which
/// fits an L2 cache.
const DEPTH: usize = 384;

/// Maximum floats of a block of the right factor that is packed at a time: 256 KiB, so that it
/// stays in an L2 cache.
const BLOCK: usize = 1 << 16;

thread_local! {
    /// Packed blocks of the right and of the left factor.
    static PACKED: RefCell<[Vec<f32>; 2]> = const { RefCell::new([Vec::new(), Vec::new()]) };
}

/// The ranges of terms that a sum of `k` terms consists of.
fn blocks(k: usize) -> impl Iterator<Item = Range<usize>> {
    let depth = k.div_ceil(k.div_ceil(DEPTH).max(1)).max(1);
    (0..k).step_by(depth).map(move |start| start..(start + depth).min(k))
}

/// Writes `a · b` to `target`, or adds it if `accumulate`. The order of every sum depends on its
/// number of terms alone.
///
/// # Safety
/// The buffer of `target` is alive, and while this runs nothing else reads or writes its elements
/// `[i, j]` for `i` below the rows of `a` and `j` below the columns of `b`.
pub(super) unsafe fn matmul(target: Target, a: Matrix, b: Matrix, accumulate: bool) {
    // SAFETY: by the contract of this function.
    unsafe { multiply(target, a, None, b, accumulate) };
}

/// As [`matmul`], with the rows of `a` also in a packed matrix, of which `a` is a part that starts
/// at a multiple of [`ROWS`] (see [`Left`]).
///
/// # Safety
/// As [`matmul`], and `packed` belongs to `a`.
pub(super) unsafe fn multiply(
    target: Target,
    a: Matrix,
    packed: Option<Left>,
    b: Matrix,
    accumulate: bool,
) {
    let ([m, k], [k_b, n]) = (a.shape, b.shape);
    assert_eq!(k, k_b, "inner sizes of a product");
    // SAFETY: by the contract of this function.
    if unsafe { is_trivial(target, [m, k, n], accumulate) } {
        return;
    }
    PACKED.with_borrow_mut(|[right, left]| {
        // SAFETY: by the contract of this function.
        Arch::new().dispatch(Product { target, a, packed, b, accumulate, right, left });
    });
}

/// As [`multiply`], for some columns of a packed right factor, of which the first is a multiple of
/// the width of a panel.
///
/// # Safety
/// As [`multiply`], with the columns of the product in place of those of `b`.
pub(super) unsafe fn multiply_packed(
    target: Target,
    a: Matrix,
    packed: Option<Left>,
    b: Right,
    columns: Range<usize>,
    accumulate: bool,
) {
    let ([m, k], [k_b, n]) = (a.shape, b.shape);
    assert_eq!(k, k_b, "inner sizes of a product");
    assert!(columns.end <= n && columns.start.is_multiple_of(b.width), "columns of a product");
    // SAFETY: by the contract of this function.
    if unsafe { is_trivial(target, [m, k, columns.len()], accumulate) } {
        return;
    }
    PACKED.with_borrow_mut(|[_, left]| {
        // SAFETY: by the contract of this function.
        Arch::new().dispatch(PackedProduct { target, a, packed, b, columns, accumulate, left });
    });
}

/// Checks the size of the target, and completes a product without terms.
///
/// # Safety
/// As [`matmul`].
unsafe fn is_trivial(target: Target, [m, k, n]: [usize; 3], accumulate: bool) -> bool {
    assert!(span([m, n], [target.stride, 1]) <= target.length, "a product larger than its target");
    if k == 0 && !accumulate {
        // SAFETY: by the contract of this function.
        unsafe { target.fill(m, n) };
    }
    m * k * n == 0
}

struct Product<'a> {
    target: Target,
    a: Matrix<'a>,
    packed: Option<Left<'a>>,
    b: Matrix<'a>,
    accumulate: bool,
    right: &'a mut Vec<f32>,
    left: &'a mut Vec<f32>,
}

impl WithSimd for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { target, a, packed, b, accumulate, right, left } = self;
        let (m, [k, n]) = (a.shape[0], b.shape);
        let width = width_of::<S>();
        let breadth = (BLOCK / k.min(DEPTH) / width).max(1) * width;
        for column in (0..n).step_by(breadth) {
            let columns = breadth.min(n - column);
            for terms in blocks(k) {
                let part = b.part(terms.clone(), column..column + columns);
                let panels = if part.strides == [width, 1] && n == width {
                    // The matrix already has the layout of a panel.
                    &part.values[..terms.len() * width]
                } else {
                    reserve(right, columns.next_multiple_of(width) * terms.len());
                    pack(part, width, right);
                    &right[..]
                };
                let block = Block {
                    target: target.at(0, column),
                    rows: Rows::of(a, packed, &terms, left),
                    panels: panels.as_ptr(),
                    shape: [m, terms.len(), columns],
                    accumulate: accumulate || terms.start > 0,
                };
                // SAFETY: the rows and panels have these sizes, and the target has room for the
                // product by the assertion in `is_trivial`.
                unsafe { block.make(simd) };
            }
        }
    }
}

struct PackedProduct<'a> {
    target: Target,
    a: Matrix<'a>,
    packed: Option<Left<'a>>,
    b: Right<'a>,
    columns: Range<usize>,
    accumulate: bool,
    left: &'a mut Vec<f32>,
}

impl WithSimd for PackedProduct<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { target, a, packed, b, columns, accumulate, left } = self;
        let ([m, k], width) = (a.shape, width_of::<S>());
        assert_eq!(width, b.width, "panels packed for other vector registers");
        for terms in blocks(k) {
            let block = Block {
                target,
                rows: Rows::of(a, packed, &terms, left),
                panels: b.block(&terms, &columns).as_ptr(),
                shape: [m, terms.len(), columns.len()],
                accumulate: accumulate || terms.start > 0,
            };
            // SAFETY: as in `Product`.
            unsafe { block.make(simd) };
        }
    }
}
