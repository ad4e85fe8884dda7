//! Self-attention per image and head, without copying queries, keys and values.

use std::cell::RefCell;

use burn_flex::FlexTensor;
use rayon::prelude::*;

use super::batch_last::{contiguous, values};
use super::buffer::Buffer;
use super::exponential::exp_nonpositive;
use super::matmul::{Matrix, Target, matmul};
use super::reduction::total;
use crate::vectors::vectorised;

thread_local! {
    /// The weights of one head, and their gradient.
    static WEIGHTS: RefCell<[Vec<f32>; 2]> = const { RefCell::new([Vec::new(), Vec::new()]) };
}

/// Layout of the queries, keys and values of an image, `[tokens, 3·d]`.
#[derive(Clone, Copy)]
struct Sizes {
    pictures: usize,
    tokens: usize,
    /// Number of values of a token.
    d: usize,
    heads: usize,
}

impl Sizes {
    fn of(qkv: &FlexTensor, heads: usize) -> Self {
        let [pictures, tokens, width] = qkv.layout().shape().dims();
        Self { pictures, tokens, d: width / 3, heads }
    }

    /// Number of values of a token in one head.
    fn width(self) -> usize {
        self.d / self.heads
    }

    /// Offset of the queries (0), keys (1) or values (2) of a head within a token.
    fn start(self, part: usize, head: usize) -> usize {
        part * self.d + head * self.width()
    }

    /// The queries, keys or values of one head, `[tokens, width]`.
    fn part(self, picture: &[f32], part: usize, head: usize) -> Matrix<'_> {
        let start = self.start(part, head);
        Matrix::new(&picture[start..], [self.tokens, self.width()], [3 * self.d, 1])
    }

    /// The values of one head in an image `[tokens, d]`.
    fn share(self, picture: &[f32], head: usize) -> Matrix<'_> {
        let start = head * self.width();
        Matrix::new(&picture[start..], [self.tokens, self.width()], [self.d, 1])
    }

    /// Fills `weights`, `[tokens, tokens]`, with `softmax(q kᵀ / √width)` of one head.
    fn attend(self, picture: &[f32], head: usize, weights: &mut Vec<f32>) {
        let tokens = self.tokens;
        weights.resize(tokens * tokens, 0.0);
        let (q, k) = (self.part(picture, 0, head), self.part(picture, 1, head));
        // SAFETY: `weights` is private to this thread.
        unsafe { matmul(Target::new(weights, tokens), q, k.transposed(), false) };
        let scale = self.scale();
        vectorised(
            #[inline(always)]
            || {
                for row in weights.chunks_exact_mut(tokens) {
                    softmax(row, scale);
                }
            },
        );
    }

    fn scale(self) -> f32 {
        (self.width() as f64).sqrt().recip() as f32
    }
}

/// `softmax(q kᵀ / √width) v` of every head.
pub(super) fn forward(qkv: &FlexTensor, heads: usize) -> FlexTensor {
    let sizes = Sizes::of(qkv, heads);
    let Sizes { pictures, tokens, d, .. } = sizes;
    let qkv = qkv.to_contiguous();
    let mut y = Buffer::new(pictures * tokens * d);
    y.par_chunks_mut((tokens * d).max(1))
        .zip(values(&qkv).par_chunks((tokens * 3 * d).max(1)))
        .for_each(|(y, picture)| {
            WEIGHTS.with_borrow_mut(|[weights, _]| {
                for head in 0..heads {
                    sizes.attend(picture, head, weights);
                    let weights = Matrix::new(weights, [tokens; 2], [tokens, 1]);
                    let target = Target::new(y, d).at(0, head * sizes.width());
                    // SAFETY: `y` is private to this task.
                    unsafe { matmul(target, weights, sizes.part(picture, 2, head), false) };
                }
            });
        });
    contiguous(y, [pictures, tokens, d])
}

/// With `p` the weights of a head, `s` its scale and `∂p = ∂y · vᵀ`: `∂v = pᵀ · ∂y`,
/// `∂l = p · (∂p − Σ p · ∂p) · s` per row, `∂q = ∂l · k` and
/// `∂k = ∂lᵀ · q`.
pub(super) fn gradient(qkv: &FlexTensor, gradient: &FlexTensor, heads: usize) -> FlexTensor {
    let sizes = Sizes::of(qkv, heads);
    let Sizes { pictures, tokens, d, .. } = sizes;
    let (qkv, gradient) = (qkv.to_contiguous(), gradient.to_contiguous());
    let mut dqkv = Buffer::new(pictures * tokens * 3 * d);
    let parts = values(&qkv)
        .par_chunks((tokens * 3 * d).max(1))
        .zip(values(&gradient).par_chunks((tokens * d).max(1)));
    dqkv.par_chunks_mut((tokens * 3 * d).max(1)).zip(parts).for_each(|(out, (picture, dy))| {
        WEIGHTS.with_borrow_mut(|[weights, slopes]| {
            let target = Target::new(out, 3 * d);
            for head in 0..heads {
                sizes.attend(picture, head, weights);
                slopes.resize(tokens * tokens, 0.0);
                let dy = sizes.share(dy, head);
                let [q, k, v] = [0, 1, 2].map(|part| sizes.part(picture, part, head));
                let square = |values| Matrix::new(values, [tokens; 2], [tokens, 1]);
                let into = |part| target.at(0, sizes.start(part, head));
                // SAFETY: `out` and the thread's buffers are private to this task, and the three
                // parts of `out` are disjoint.
                unsafe {
                    matmul(Target::new(slopes, tokens), dy, v.transposed(), false);
                    matmul(into(2), square(weights).transposed(), dy, false);
                    let scale = sizes.scale();
                    vectorised(
                        #[inline(always)]
                        || {
                            let rows = weights.chunks_exact(tokens);
                            for (slopes, weights) in slopes.chunks_exact_mut(tokens).zip(rows) {
                                softmax_gradient(slopes, weights, scale);
                            }
                        },
                    );
                    matmul(into(0), square(slopes), k, false);
                    matmul(into(1), square(slopes).transposed(), q, false);
                }
            }
        });
    });
    contiguous(dqkv, [pictures, tokens, 3 * d])
}

/// Values of a row that are reduced side by side.
const LANES: usize = 16;

/// Softmax of `scale` times the logits of a row, in place. NaN propagates over the row.
#[inline(always)]
fn softmax(row: &mut [f32], scale: f32) {
    let (lanes, rest) = row.as_chunks::<LANES>();
    let mut largest = [f32::NEG_INFINITY; LANES];
    for values in lanes {
        for i in 0..LANES {
            largest[i] = if values[i] > largest[i] { values[i] } else { largest[i] };
        }
    }
    let all = largest.iter().chain(rest);
    let largest = all.fold(f32::NEG_INFINITY, |a, &b| if b > a { b } else { a });
    for value in row.iter_mut() {
        *value = exp_nonpositive((*value - largest) * scale);
    }
    let sum = sum(row.len(), |i| row[i]);
    let share = 1.0 / sum;
    for value in row.iter_mut() {
        *value *= share;
    }
}

/// Gradient of the unscaled logits from that of the softmax, in place.
#[inline(always)]
fn softmax_gradient(slopes: &mut [f32], weights: &[f32], scale: f32) {
    let weights = &weights[..slopes.len()];
    let mean = sum(slopes.len(), |i| slopes[i] * weights[i]);
    for (slope, weight) in slopes.iter_mut().zip(weights) {
        *slope = scale * weight * (*slope - mean);
    }
}

/// `Σ term(i)` in 32 bits, with [`LANES`] interleaved sums and then the remaining terms.
#[inline(always)]
fn sum(length: usize, term: impl Fn(usize) -> f32) -> f32 {
    let whole = length / LANES * LANES;
    let mut lanes = [0.0; LANES];
    for start in (0..whole).step_by(LANES) {
        for i in 0..LANES {
            lanes[i] += term(start + i);
        }
    }
    (whole..length).fold(total(lanes), |sum, i| sum + term(i))
}
