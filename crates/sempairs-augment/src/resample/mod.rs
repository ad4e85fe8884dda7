//! Antialiased resizing.

mod axis;
mod banded_matrix;
mod rows;

use sempairs_data::Picture;

use self::axis::Axis;
use self::banded_matrix::{BandedMatrix, ROWS, shrink_rows};
pub(crate) use self::rows::weigh_rows;
use crate::{CropWindow, Interpolation};

/// Crops a rectangle of an 8-bit picture and resizes it, antialiased, to a planar view; with its
/// buffers.
///
/// Each output pixel is a weighted mean of input pixels, with a kernel that widens with the
/// reduction. Columns are resized first, then rows.
#[derive(Debug, Default)]
pub(crate) struct Resample {
    down: Axis,
    across: Axis,
    matrix: BandedMatrix,
    /// `[size, 3 * columns in use]`, with interleaved channels.
    narrow: Vec<f32>,
}

impl Resample {
    /// Writes the view of `picture` defined by `crop_window`, with its columns reversed if
    /// `mirrored`.
    pub(crate) fn run(
        &mut self,
        crop_window: &CropWindow,
        picture: &Picture<'_>,
        mirrored: bool,
        out: &mut [f32],
    ) {
        let CropWindow { crop, resized, window, size, interpolation } = *crop_window;
        assert!(
            crop.left + crop.width <= picture.width() && crop.top + crop.height <= picture.height(),
            "{crop:?} lies outside a picture of {}x{} pixels",
            picture.width(),
            picture.height(),
        );
        assert_eq!(out.len(), 3 * size * size, "values of a view of {size}x{size} pixels");
        self.across.weigh(crop.width, resized[0], window[0], size, interpolation, 1.0);
        // The weights along the columns also scale bytes to [0, 1].
        self.down.weigh(crop.height, resized[1], window[1], size, interpolation, 1.0 / 255.0);

        // Only the columns that an output pixel uses; a window may exclude most of them.
        let columns = self.across.span();
        if columns.is_empty() || self.down.span().is_empty() {
            return out.fill(0.0);
        }
        let floats = 3 * columns.len();
        self.narrow.resize(size.next_multiple_of(ROWS) * floats, 0.0);
        let stride = 3 * picture.width();
        let first = crop.top * stride + 3 * (crop.left + columns.start);
        shrink_columns(&picture.pixels()[first..], stride, &self.down, floats, &mut self.narrow);
        self.matrix.gather(&self.across, mirrored);
        // Bilinear weights cannot leave the range; a cubic kernel overshoots at edges.
        let clamped = interpolation == Interpolation::Bicubic;
        shrink_rows(&self.narrow, &self.matrix, size, clamped, out);
    }
}

simd! {
    /// Computes weighted sums of rows of bytes, as rows of `floats` values.
    fn shrink_columns(bytes: &[u8], stride: usize, down: &Axis, floats: usize, out: &mut [f32]) {
        for (&(first, begin, end), out) in down.taps.iter().zip(out.chunks_exact_mut(floats)) {
            weigh_rows::<u8, 4>(&bytes[first * stride..], stride, &down.weights[begin..end], out);
        }
    }
}
