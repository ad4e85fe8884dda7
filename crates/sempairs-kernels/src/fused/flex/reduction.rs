//! Sums with a fixed order of additions.

use std::ops::AddAssign;

/// Number of independent partial sums: two vectors of 512 bits, to hide the latency of an addition.
const LANES: usize = 32;

/// Terms summed in 32 bits before they join a 64-bit total.
const BLOCK: usize = 1024;

/// `Σ_i term(i)` for `i` in `0..length`, of `S` sums at once.
///
/// The order of the additions is fixed: [`LANES`] interleaved sums per block of [`BLOCK`] terms,
/// then the lanes by [`total`], then, in
/// 64 bits, what remains of the block, then the blocks.
#[inline(always)]
pub(super) fn sums<const S: usize>(length: usize, term: impl Fn(usize) -> [f32; S]) -> [f64; S] {
    let mut totals = [0.0; S];
    let mut start = 0;
    while start < length {
        let end = (start + BLOCK).min(length);
        let whole = start + (end - start) / LANES * LANES;
        let mut lanes = [[0.0f32; LANES]; S];
        let mut i = start;
        while i < whole {
            // Indexed, because `lanes` is laid out for registers with one row per sum.
            #[allow(clippy::needless_range_loop)]
            for lane in 0..LANES {
                let terms = term(i + lane);
                for s in 0..S {
                    lanes[s][lane] += terms[s];
                }
            }
            i += LANES;
        }
        for s in 0..S {
            totals[s] += total(lanes[s].map(f64::from));
        }
        for i in whole..end {
            let terms = term(i);
            for s in 0..S {
                totals[s] += f64::from(terms[s]);
            }
        }
        start = end;
    }
    totals
}

/// The sum of a power of two of lanes: the second half is added to the first until one is left.
#[inline(always)]
pub(super) fn total<T: Copy + AddAssign, const N: usize>(mut lanes: [T; N]) -> T {
    let mut half = N / 2;
    while half > 0 {
        for i in 0..half {
            let other = lanes[i + half];
            lanes[i] += other;
        }
        half /= 2;
    }
    lanes[0]
}
