/// Weighted sum of rows: `out[x] = sum over i of weights[i] * rows[i * stride + x]`.
///
/// Both the blur and the vertical resizing use it. `VECTORS` vectors of sums stay in registers over
/// all weights: enough to hide the latency of additions, and no more than there are registers. It
/// must be inlined into functions compiled for the chosen vector unit.
#[inline(always)]
pub(crate) fn weigh_rows<T: Copy + Into<f32>, const VECTORS: usize>(
    rows: &[T],
    stride: usize,
    weights: &[f32],
    out: &mut [f32],
) {
    let done = blocks::<T, VECTORS>(rows, stride, weights, out);
    let done = done + blocks::<T, 2>(&rows[done..], stride, weights, &mut out[done..]);
    for (x, out) in out[done..].iter_mut().enumerate() {
        let column = rows[done + x..].iter().step_by(stride);
        *out = weights.iter().zip(column).fold(0.0, |sum, (weight, value)| {
            let value: f32 = (*value).into();
            sum + weight * value
        });
    }
}

/// Number of values in a vector.
const LANES: usize = 8;

/// Computes the part of [`weigh_rows`] covered by whole blocks; returns the number of values.
#[inline(always)]
#[allow(clippy::needless_range_loop)] // with indices the compiler keeps the sums in registers
fn blocks<T: Copy + Into<f32>, const VECTORS: usize>(
    rows: &[T],
    stride: usize,
    weights: &[f32],
    out: &mut [f32],
) -> usize {
    let length = LANES * VECTORS;
    for (index, block) in out.chunks_exact_mut(length).enumerate() {
        let mut sums = [[0.0f32; LANES]; VECTORS];
        let mut column = &rows[index * length..];
        for (i, weight) in weights.iter().enumerate() {
            if i > 0 {
                column = &column[stride..];
            }
            let values = &column[..length];
            for vector in 0..VECTORS {
                for lane in 0..LANES {
                    let value: f32 = values[LANES * vector + lane].into();
                    sums[vector][lane] += weight * value;
                }
            }
        }
        for vector in 0..VECTORS {
            for lane in 0..LANES {
                block[LANES * vector + lane] = sums[vector][lane];
            }
        }
    }
    out.len() / length * length
}
