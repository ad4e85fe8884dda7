use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use rayon::prelude::*;

use crate::{DataError, Picture, PictureSource};

/// The side that pictures are resized to before their pixels are compared.
const SIDE: usize = 32;
/// Steps of a channel in the colour histogram: 8 x 8 x 8 bins.
const STEPS: usize = 8;

/// How far raw pixels and colours alone get: the test accuracy of a k-nearest-neighbour vote.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PixelBaseline {
    /// On 32x32 RGB pixels, by Euclidean distance.
    pub pixels: f64,
    /// On 8x8x8 RGB histograms, by the sum of absolute differences.
    pub histogram: f64,
    /// What guessing the largest class would score.
    pub chance: f64,
}

/// Scores the `k`-nearest-neighbour vote (ties go to the class of the nearer neighbour) of raw
/// pixels and of colour histograms. Pictures without a class are left out.
///
/// # Errors
///
/// The first picture that cannot be read.
pub fn pixel_baseline(
    train: &dyn PictureSource,
    test: &dyn PictureSource,
    k: usize,
) -> Result<PixelBaseline, DataError> {
    let (train, test) = (Described::of(train)?, Described::of(test)?);
    let mut counts = vec![0usize; test.classes.iter().max().map_or(0, |last| last + 1)];
    for &class in &test.classes {
        counts[class] += 1;
    }
    let largest = counts.into_iter().max().unwrap_or(0);
    Ok(PixelBaseline {
        pixels: vote(&train, &test, k, |d| &d.pixels, |a, b| (a - b) * (a - b)),
        histogram: vote(&train, &test, k, |d| &d.histograms, |a, b| (a - b).abs()),
        chance: largest as f64 / test.classes.len().max(1) as f64,
    })
}

struct Described {
    classes: Vec<usize>,
    pixels: Vec<Vec<f32>>,
    histograms: Vec<Vec<f32>>,
}

impl Described {
    fn of(source: &dyn PictureSource) -> Result<Self, DataError> {
        let rows: Vec<_> = (0..source.len())
            .into_par_iter()
            .filter_map(|index| source.class(index).map(|class| (index, class)))
            .map(|(index, class)| {
                let picture = source.read(index)?;
                Ok((class, thumbnail(&picture), histogram(&picture)))
            })
            .collect::<Result<_, DataError>>()?;
        let mut described =
            Self { classes: Vec::new(), pixels: Vec::new(), histograms: Vec::new() };
        for (class, pixels, histogram) in rows {
            described.classes.push(class);
            described.pixels.push(pixels);
            described.histograms.push(histogram);
        }
        Ok(described)
    }
}

fn thumbnail(picture: &Picture<'_>) -> Vec<f32> {
    let (width, height) = (picture.width() as u32, picture.height() as u32);
    let from = ImageRef::new(width, height, picture.pixels(), PixelType::U8x3)
        .expect("a picture's bytes match its sides");
    let mut to = Image::new(SIDE as u32, SIDE as u32, PixelType::U8x3);
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Bilinear));
    Resizer::new().resize(&from, &mut to, &options).expect("both pictures are 8-bit RGB");
    to.buffer().iter().map(|&byte| f32::from(byte) / 255.0).collect()
}

fn histogram(picture: &Picture<'_>) -> Vec<f32> {
    let mut bins = vec![0.0; STEPS * STEPS * STEPS];
    let share = 1.0 / (picture.width() * picture.height()) as f32;
    for pixel in picture.pixels().chunks_exact(3) {
        let bin = pixel.iter().fold(0, |bin, &byte| bin * STEPS + usize::from(byte) * STEPS / 256);
        bins[bin] += share;
    }
    bins
}

fn vote(
    train: &Described,
    test: &Described,
    k: usize,
    rows: impl Fn(&Described) -> &[Vec<f32>] + Sync,
    difference: impl Fn(f32, f32) -> f32 + Sync,
) -> f64 {
    let right = rows(test)
        .par_iter()
        .zip(&test.classes)
        .filter(|&(query, &class)| {
            let mut near: Vec<(f32, usize)> = rows(train)
                .iter()
                .zip(&train.classes)
                .map(|(row, &of)| {
                    (row.iter().zip(query).map(|(&a, &b)| difference(a, b)).sum(), of)
                })
                .collect();
            near.sort_by(|a, b| a.0.total_cmp(&b.0));
            near.truncate(k);
            let votes = |class: usize| near.iter().filter(|&&(_, of)| of == class).count();
            let most = near.iter().map(|&(_, of)| votes(of)).max();
            let won = near.iter().find(|&&(_, of)| Some(votes(of)) == most);
            won.is_some_and(|&(_, of)| of == class)
        })
        .count();
    right as f64 / test.classes.len().max(1) as f64
}
