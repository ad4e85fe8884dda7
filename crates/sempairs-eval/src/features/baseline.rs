//! Baseline features without a network: raw pixels and colour histograms.

use sempairs_augment::{Pipeline, render_views};
use sempairs_data::{Key, PictureSource, Side, interrupt};
use sempairs_internal::ProgressBar;

use crate::features::labels;
use crate::{EvalError, Features};

/// Raw pixels as features: the pixels of the [evaluation view](Pipeline::evaluation) of `size` by
/// `size`, scaled to [-1, 1], so that mid-grey is the origin.
///
/// # Errors
///
/// As [`extract`](crate::extract).
pub fn raw_pixels(source: &dyn PictureSource, size: usize) -> Result<Features, EvalError> {
    raw_pixels_with(source, size, &ProgressBar::hidden())
}

/// [`raw_pixels`] with a progress bar, whose length grows by the number of pictures.
pub(crate) fn raw_pixels_with(
    source: &dyn PictureSource,
    size: usize,
    progress: &ProgressBar,
) -> Result<Features, EvalError> {
    map_views(source, &Pipeline::evaluation(size), 3 * size * size, progress, |view, out| {
        out.iter_mut().zip(view).for_each(|(out, &value)| *out = 2.0 * value - 1.0);
    })
}

/// Colour histograms as features: the joint histogram of red, green and blue over the [evaluation
/// view](Pipeline::evaluation) of 32 by 32 pixels, with `bins` bins of equal width per channel.
/// Features are the square roots of the relative frequencies, so that the cosine is the
/// Bhattacharyya coefficient `sum sqrt(p q)` (Bhattacharyya, 1943).
///
/// # Errors
///
/// As [`extract`](crate::extract).
///
/// # Panics
///
/// If `bins` is zero.
pub fn colour_histogram(source: &dyn PictureSource, bins: usize) -> Result<Features, EvalError> {
    colour_histogram_with(source, bins, &ProgressBar::hidden())
}

/// [`colour_histogram`] with a progress bar, whose length grows by the number of pictures.
pub(crate) fn colour_histogram_with(
    source: &dyn PictureSource,
    bins: usize,
    progress: &ProgressBar,
) -> Result<Features, EvalError> {
    assert!(bins > 0, "a histogram needs at least one bin");
    const SIZE: usize = 32;
    const PIXELS: usize = SIZE * SIZE;
    let bin = move |value: f32| ((value * bins as f32) as usize).min(bins - 1);
    map_views(source, &Pipeline::evaluation(SIZE), bins.pow(3), progress, |view, out| {
        out.fill(0.0);
        for pixel in 0..PIXELS {
            let [red, green, blue] = [0, 1, 2].map(|channel| bin(view[channel * PIXELS + pixel]));
            out[(red * bins + green) * bins + blue] += 1.0;
        }
        out.iter_mut().for_each(|count| *count = (*count / PIXELS as f32).sqrt());
    })
}

/// Features that `describe` computes from the view of every picture.
fn map_views(
    source: &dyn PictureSource,
    pipeline: &Pipeline,
    dim: usize,
    progress: &ProgressBar,
    describe: impl Fn(&[f32], &mut [f32]) + Sync,
) -> Result<Features, EvalError> {
    pipeline.check().map_err(|error| error.under("pipeline"))?;
    let labels = labels(source)?;
    progress.inc_length(source.len() as u64);
    let length = 3 * pipeline.size() * pipeline.size();
    let mut values = vec![0.0; source.len() * dim];
    render_views(source.len(), [&mut values], |index, [out], scratch| {
        interrupt::check()?;
        let picture = source.read(index)?;
        let key = Key { seed: 0, epoch: 0, picture: index as u64, side: Side::Left };
        // One view at a time, since those of all pictures together may not fit in memory.
        let mut view = vec![0.0; length];
        pipeline.render(&picture, key, &mut view, scratch);
        describe(&view, out);
        progress.inc(1);
        Ok::<_, EvalError>(())
    })?;
    Ok(Features { values, dim, labels, classes: source.classes().to_vec() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Knn;
    use crate::testing::Plain;

    #[test]
    fn raw_pixels_match_values_computed_by_hand() {
        let source = Plain::new(&[[255, 0, 51]]);
        let features = raw_pixels(&source, 2).unwrap();
        assert_eq!(features.dim, 12);
        for (channel, expected) in [1.0, -1.0, -0.6].into_iter().enumerate() {
            for pixel in 0..4 {
                assert!((features.values[4 * channel + pixel] - expected).abs() < 1e-6);
            }
        }
    }

    #[test]
    fn a_histogram_has_unit_norm_and_the_right_bins() {
        let source = Plain::new(&[[255, 0, 130], [0, 255, 255]]);
        let features = colour_histogram(&source, 4).unwrap();
        assert_eq!(features.dim, 64);
        let expected = [3 * 16 + 2, 3 * 4 + 3];
        for (picture, bin) in expected.into_iter().enumerate() {
            let row = features.row(picture);
            assert_eq!(row[bin], 1.0);
            assert_eq!(row.iter().sum::<f32>(), 1.0);
        }
    }

    #[test]
    fn colour_histograms_separate_classes_of_different_colours() {
        let source = Plain::new(&[[255, 0, 0], [0, 0, 255], [250, 10, 0], [0, 9, 240]]);
        let features = colour_histogram(&source, 4).unwrap();
        let ranked = Knn { k: 1, ..Knn::default() }.predict(&features, &features.values).unwrap();
        assert_eq!(ranked.top_k_accuracy(1, &features.labels), 1.0);
    }
}
