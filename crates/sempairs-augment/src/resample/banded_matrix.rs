use super::axis::Axis;

/// Number of output columns processed at a time: one vector.
const COLUMNS: usize = 8;
/// Number of rows processed at a time. With three channels this makes twelve vectors of sums, as
/// many as fit in registers.
pub(crate) const ROWS: usize = 4;

/// The weights of an [`Axis`] as a banded matrix, stored in dense blocks along its diagonal: for
/// each input pixel, its weights for [`COLUMNS`] neighbouring output pixels. With this layout a row
/// is resized, mirrored and split into channels in a single pass over whole vectors.
#[derive(Debug, Default)]
pub(crate) struct BandedMatrix {
    /// For each block, the first input pixel, counted from the first one in use, and the begin and
    /// end of its weights.
    blocks: Vec<(usize, usize, usize)>,
    weights: Vec<[f32; COLUMNS]>,
}

impl BandedMatrix {
    /// Copies the weights of `axis`, with its output pixels in reverse order if `mirrored`.
    pub(crate) fn gather(&mut self, axis: &Axis, mirrored: bool) {
        self.blocks.clear();
        self.weights.clear();
        let origin = axis.span().start;
        let size = axis.taps.len();
        for start in (0..size).step_by(COLUMNS) {
            let taps = (start..size.min(start + COLUMNS))
                .map(|x| axis.taps[if mirrored { size - 1 - x } else { x }]);
            let seen = || taps.clone().filter(|tap| tap.1 < tap.2);
            let low = seen().map(|tap| tap.0).min().unwrap_or(origin);
            let high = seen().map(|tap| tap.0 + tap.2 - tap.1).max().unwrap_or(origin);
            let begin = self.weights.len();
            self.weights.resize(begin + high - low, [0.0; COLUMNS]);
            for (lane, (first, from, to)) in taps.enumerate() {
                let weights = &axis.weights[from..to];
                // If there are no weights, `first` has no meaning.
                let at = if weights.is_empty() { begin } else { begin + first - low };
                for (block, weight) in self.weights[at..].iter_mut().zip(weights) {
                    block[lane] = *weight;
                }
            }
            self.blocks.push((low - origin, begin, self.weights.len()));
        }
    }
}

simd! {
    /// Resizes each row of `narrow`, `[S rounded up to ROWS, pixels, 3]`, to the `S` output pixels
    /// of the same row of `out`, `[3, S, S]`.
    pub(crate) fn shrink_rows(
        narrow: &[f32],
        matrix: &BandedMatrix,
        size: usize,
        clamped: bool,
        out: &mut [f32],
    ) {
        let floats = narrow.len() / size.next_multiple_of(ROWS);
        for (group, rows) in narrow.chunks_exact(ROWS * floats).enumerate() {
            for (block, &(first, begin, end)) in matrix.blocks.iter().enumerate() {
                let mut sums = weigh(&rows[3 * first..], floats, &matrix.weights[begin..end]);
                if clamped {
                    for sum in sums.iter_mut().flatten().flatten() {
                        *sum = sum.clamp(0.0, 1.0);
                    }
                }
                let (x, y) = (block * COLUMNS, group * ROWS);
                let count = COLUMNS.min(size - x);
                for (row, sums) in sums.iter().enumerate().take(size - y) {
                    for (channel, sums) in sums.iter().enumerate() {
                        let at = (channel * size + y + row) * size + x;
                        // A length known at compile time makes this a single instruction.
                        if count == COLUMNS {
                            out[at..at + COLUMNS].copy_from_slice(sums);
                        } else {
                            out[at..at + count].copy_from_slice(&sums[..count]);
                        }
                    }
                }
            }
        }
    }
}

/// `sums[row][channel][lane] = sum over i of weights[i][lane] * rows[row * stride + 3 * i +
/// channel]`.
#[inline(always)]
fn weigh(rows: &[f32], stride: usize, weights: &[[f32; COLUMNS]]) -> [[[f32; COLUMNS]; 3]; ROWS] {
    let mut sums = [[[0.0; COLUMNS]; 3]; ROWS];
    let rows: [&[f32]; ROWS] =
        std::array::from_fn(|row| &rows[row * stride..][..3 * weights.len()]);
    for (i, weights) in weights.iter().enumerate() {
        for (row, sums) in rows.iter().zip(&mut sums) {
            for (channel, sums) in sums.iter_mut().enumerate() {
                let value = row[3 * i + channel];
                for (sum, weight) in sums.iter_mut().zip(weights) {
                    *sum += value * weight;
                }
            }
        }
    }
    sums
}
