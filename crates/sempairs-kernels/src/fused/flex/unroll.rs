//! im2col and its transpose, col2im.

use std::ops::Range;

use super::geometry::Geometry;

/// Writes the im2col matrix of some channels at some output positions:
/// `columns[(c, a, b), (i, j, n)] = x[c, i·s_h + a − p_h, j·s_w + b − p_w, n]`, zero outside.
///
/// # Shapes
/// - `x`: `[channels, h, w, n]`
/// - `columns`: `[channels · k_h · k_w, positions · n]`
pub(super) fn unroll(x: &[f32], geometry: &Geometry, positions: Range<usize>, columns: &mut [f32]) {
    let width = positions.len() * geometry.n;
    for (row, columns) in columns.chunks_exact_mut(width).enumerate() {
        let mut written = 0;
        for_each_run(geometry, row, positions.clone(), |at, run| {
            columns[written..at].fill(0.0);
            columns[at..at + run.len()].copy_from_slice(&x[run.clone()]);
            written = at + run.len();
        });
        columns[written..].fill(0.0);
    }
}

/// Adds columns to the input positions from which [`unroll`] copied them (col2im).
///
/// # Shapes
/// - as [`unroll`]
pub(super) fn roll(columns: &[f32], geometry: &Geometry, positions: Range<usize>, x: &mut [f32]) {
    let width = positions.len() * geometry.n;
    for (row, columns) in columns.chunks_exact(width).enumerate() {
        for_each_run(geometry, row, positions.clone(), |at, run| {
            let values = &columns[at..at + run.len()];
            for (x, value) in x[run].iter_mut().zip(values) {
                *x += value;
            }
        });
    }
}

/// Calls `visit(start in the row, range of x)` for every contiguous run inside the image, in order.
fn for_each_run(
    geometry: &Geometry,
    row: usize,
    positions: Range<usize>,
    mut visit: impl FnMut(usize, Range<usize>),
) {
    let Geometry { n, input: [h, w], kernel: [_, k_w], stride, padding, .. } = *geometry;
    let out_w = geometry.output[1];
    let (channel, tap) = (row / geometry.taps(), row % geometry.taps());
    let (a, b) = (tap / k_w, tap % k_w);
    let (inside_i, inside_j) = (geometry.inside(0, a), geometry.inside(1, b));

    let first = positions.start / out_w;
    let last = positions.end.div_ceil(out_w);
    for i in first.max(inside_i.start)..last.min(inside_i.end) {
        let line = i * out_w;
        let j_start = inside_j.start.max(positions.start.saturating_sub(line));
        let j_end = inside_j.end.min(positions.end - line);
        if j_start >= j_end {
            continue;
        }
        let y = i * stride[0] + a - padding[0];
        let x_of = |j: usize| ((channel * h + y) * w + j * stride[1] + b - padding[1]) * n;
        let at = |j: usize| (line + j - positions.start) * n;
        if stride[1] == 1 {
            let start = x_of(j_start);
            visit(at(j_start), start..start + (j_end - j_start) * n);
        } else {
            for j in j_start..j_end {
                let start = x_of(j);
                visit(at(j), start..start + n);
            }
        }
    }
}
