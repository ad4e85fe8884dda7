//! What can be told from a picture without any learning, under the same protocols.

use rayon::prelude::*;
use sempairs_augment::{Interpolation, Pipeline, Scratch, Transform};
use sempairs_data::{Key, PictureSource, Side, interrupt};
use sempairs_internal::ProgressBar;

use crate::features::labels;
use crate::{EvalError, Features};

/// Pixels as features: the central square of every picture, reduced to `size` by `size`, as values in
/// [-1, 1], so that mid-grey is the origin of the cosine.
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
    map_views(source, &central_square(size), 3 * size * size, progress, |view, out| {
        out.iter_mut().zip(view).for_each(|(out, &value)| *out = 2.0 * value - 1.0);
    })
}

/// Colours as features: the joint histogram of red, green and blue over the central square at 32 by
/// 32 pixels, with `bins` of equal width a channel, as square roots of the shares: the cosine is then the
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
    assert!(bins > 0, "a histogram without bins");
    const SIZE: usize = 32;
    const PIXELS: usize = SIZE * SIZE;
    let bin = move |value: f32| ((value * bins as f32) as usize).min(bins - 1);
    map_views(source, &central_square(SIZE), bins.pow(3), progress, |view, out| {
        out.fill(0.0);
        for pixel in 0..PIXELS {
            let [red, green, blue] = [0, 1, 2].map(|channel| bin(view[channel * PIXELS + pixel]));
            out[(red * bins + green) * bins + blue] += 1.0;
        }
        out.iter_mut().for_each(|count| *count = (*count / PIXELS as f32).sqrt());
    })
}

fn central_square(size: usize) -> Pipeline {
    let interpolation = Interpolation::Bilinear;
    Pipeline::new(vec![Transform::Resize { size, interpolation }, Transform::CenterCrop { size }])
}

/// What `describe` makes of one view of every picture.
fn map_views(
    source: &dyn PictureSource,
    pipeline: &Pipeline,
    dim: usize,
    progress: &ProgressBar,
    describe: impl Fn(&[f32], &mut [f32]) + Sync,
) -> Result<Features, EvalError> {
    pipeline.check()?;
    let labels = labels(source)?;
    progress.inc_length(source.len() as u64);
    let length = 3 * pipeline.size() * pipeline.size();
    let mut values = vec![0.0; source.len() * dim];
    values.par_chunks_exact_mut(dim).enumerate().try_for_each_init(
        || (Scratch::default(), vec![0.0; length]),
        |(scratch, view), (index, out)| {
            interrupt::check()?;
            let picture = source.read(index)?;
            let key = Key { seed: 0, epoch: 0, picture: index as u64, side: Side::Left };
            pipeline.plan(picture.width(), picture.height(), key).apply(&picture, view, scratch);
            describe(view, out);
            progress.inc(1);
            Ok::<_, EvalError>(())
        },
    )?;
    Ok(Features { values, dim, labels, classes: source.classes().to_vec() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Knn;
    use crate::testing::Plain;

    #[test]
    fn pixels_by_hand() {
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
    fn a_histogram_has_length_one_and_its_mass_in_the_right_bin() {
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
    fn colours_tell_plain_classes_apart() {
        let source = Plain::new(&[[255, 0, 0], [0, 0, 255], [250, 10, 0], [0, 9, 240]]);
        let features = colour_histogram(&source, 4).unwrap();
        let ranked = Knn { k: 1, ..Knn::default() }.predict(&features, &features.values).unwrap();
        assert_eq!(ranked.top_k_accuracy(1, &features.labels), 1.0);
    }
}
