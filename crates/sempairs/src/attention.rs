//! Attention maps of vision transformers, drawn over pictures.

use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use sempairs_augment::{Pipeline, Scratch, Transform};
use sempairs_backbone::VisionTransformer;
use sempairs_data::{DataError, Key, Picture, PictureSource, Side};
use sempairs_eval::EvalError;
use sempairs_scenes::contact_sheet;

use crate::Error;
use crate::experiment::Experiment;
use crate::rendered::visible;
use crate::run::Runner;

/// Gap between the cells of a figure, in pixels.
const GAP: usize = 4;

/// Matplotlib's colour map "inferno" at five equidistant values in [0, 1], for linear
/// interpolation.
const COLOURS: [[f32; 3]; 5] = [
    [0.0, 0.0, 4.0],
    [87.0, 16.0, 110.0],
    [188.0, 55.0, 84.0],
    [249.0, 142.0, 9.0],
    [252.0, 255.0, 164.0],
];

/// Draws a figure of attention maps as in DINO (Caron et al., arXiv 2104.14294, figures 1 and 3).
///
/// Each picture has a row: the network's input, the attention of the last block's class token to
/// the patches for each head (from dark to bright), and the input with its brightness scaled by the
/// mean over the heads. Every map is scaled to its own minimum and maximum. A cell is `cell` pixels
/// wide.
///
/// # Errors
/// [`EvalError::NotFinite`] if an attention weight is NaN or infinite.
///
/// # Panics
/// If `pictures` is empty, or the view size is not a multiple of the network's patch size.
pub fn figure(
    network: &VisionTransformer,
    pictures: &[Picture<'_>],
    pipeline: &Pipeline,
    device: &Device,
    cell: usize,
) -> Result<Picture<'static>, EvalError> {
    let maps = maps(network, pictures, pipeline, device);
    if !maps.iter().flatten().all(|map| map.values.iter().all(|value| value.is_finite())) {
        return Err(EvalError::NotFinite);
    }
    let mut cells = Vec::new();
    for (i, (picture, heads)) in pictures.iter().zip(&maps).enumerate() {
        let seen = visible(pipeline, picture, key(i));
        let mean: Vec<f32> = (0..heads[0].values.len())
            .map(|patch| heads.iter().map(|head| head.values[patch]).sum())
            .collect();
        let mean = Map { width: heads[0].width, values: mean };
        cells.push(seen.clone());
        cells.extend(heads.iter().map(Map::coloured));
        cells.push(mean.over(&seen));
    }
    Ok(contact_sheet(&cells, cells.len() / pictures.len(), cell, GAP))
}

/// Reads `count` evenly spaced pictures of an experiment's first test set.
///
/// # Errors
/// Any error of opening and reading the pictures.
pub fn test_pictures(
    runner: &Runner,
    experiment: &Experiment,
    count: usize,
) -> Result<Vec<Picture<'static>>, Error> {
    let test = runner.downstream_of(experiment, 0)?.test;
    let step = (test.len() / count.max(1)).max(1);
    let read = |index| test.read(index).map(Picture::into_owned);
    let pictures = (0..test.len()).step_by(step).take(count).map(read);
    Ok(pictures.collect::<Result<_, DataError>>()?)
}

/// The evaluation view of an experiment at another size. `size` is the side length in pixels and
/// must be a multiple of the network's patch size.
///
/// # Errors
///
/// As [`ViewsConfig::evaluation`](crate::experiment::ViewsConfig::evaluation).
pub fn view(experiment: &Experiment, size: usize) -> Result<Pipeline, Error> {
    let resize = |transform: &Transform| match transform.clone() {
        Transform::Resize { interpolation, .. } => Transform::Resize { size, interpolation },
        Transform::CenterCrop { .. } => Transform::CenterCrop { size },
        other => other,
    };
    let view = experiment.views.evaluation()?;
    Ok(Pipeline::new(view.transforms().iter().map(resize).collect()))
}

/// A key for the random numbers of a picture's view. Evaluation views are deterministic; with a
/// random pipeline the fixed key makes the figure reproducible.
fn key(index: usize) -> Key {
    Key { seed: 0, epoch: 0, picture: index as u64, side: Side::Left }
}

/// The attention to each patch, in row-major order.
struct Map {
    width: usize,
    values: Vec<f32>,
}

/// The attention maps of every picture and head.
fn maps(
    network: &VisionTransformer,
    pictures: &[Picture<'_>],
    pipeline: &Pipeline,
    device: &Device,
) -> Vec<Vec<Map>> {
    let (size, device, network) =
        (pipeline.size(), device.clone().without_autodiff(), network.valid());
    let mut scratch = Scratch::default();
    let of_picture = |(i, picture): (usize, &Picture<'_>)| {
        let mut values = vec![0.0; 3 * size * size];
        pipeline.render(picture, key(i), &mut values, &mut scratch);
        let image = Tensor::<4>::from_data(TensorData::new(values, [1, 3, size, size]), &device);
        let attention = network.last_attention(image); // [1, heads, height, width]
        let [_, _, height, width] = attention.dims();
        let values: Vec<f32> = attention.into_data().iter::<f32>().collect();
        let map = |values: &[f32]| Map { width, values: values.to_vec() };
        values.chunks_exact(height * width).map(map).collect()
    };
    // One picture at a time, since the attention matrix is quadratic in the number of patches.
    pictures.iter().enumerate().map(of_picture).collect()
}

impl Map {
    fn height(&self) -> usize {
        self.values.len() / self.width
    }

    /// The attention to a patch, scaled linearly from the map's minimum (0) to its maximum (1).
    fn share(&self, x: usize, y: usize) -> f32 {
        let values = self.values.iter().copied();
        let (least, greatest) =
            (values.clone().fold(f32::MAX, f32::min), values.fold(0.0, f32::max));
        (self.values[y * self.width + x] - least) / (greatest - least).max(f32::MIN_POSITIVE)
    }

    /// The map as a picture with one coloured pixel per patch.
    fn coloured(&self) -> Picture<'static> {
        let places = (0..self.height()).flat_map(|y| (0..self.width).map(move |x| (x, y)));
        let pixels: Vec<u8> = places.flat_map(|(x, y)| colour(self.share(x, y))).collect();
        Picture::new(self.width, self.height(), pixels)
    }

    /// The picture with its brightness scaled by the map, from 0.2 at the minimum to 1 at the
    /// maximum, with bilinear interpolation between patches.
    fn over(&self, picture: &Picture<'_>) -> Picture<'static> {
        let (width, height) = (picture.width(), picture.height());
        // The two neighbouring patches of a pixel along one axis, and the interpolation weight.
        let around = |at: usize, pixels: usize, patches: usize| {
            let place = (at as f32 + 0.5) * patches as f32 / pixels as f32 - 0.5;
            let low = place.floor().clamp(0.0, (patches - 1) as f32);
            (low as usize, (low as usize + 1).min(patches - 1), (place - low).clamp(0.0, 1.0))
        };
        let mut pixels = picture.pixels().to_vec();
        for (i, pixel) in pixels.chunks_exact_mut(3).enumerate() {
            let (left, right, x) = around(i % width, width, self.width);
            let (top, bottom, y) = around(i / width, height, self.height());
            let row = |row| self.share(left, row) * (1.0 - x) + self.share(right, row) * x;
            let light = 0.2 + 0.8 * (row(top) * (1.0 - y) + row(bottom) * y);
            pixel.iter_mut().for_each(|byte| *byte = (f32::from(*byte) * light).round() as u8);
        }
        Picture::new(width, height, pixels)
    }
}

/// The colour of a value in [0, 1].
fn colour(share: f32) -> [u8; 3] {
    let place = share.clamp(0.0, 1.0) * (COLOURS.len() - 1) as f32;
    let low = (place as usize).min(COLOURS.len() - 2);
    let part = place - low as f32;
    std::array::from_fn(|channel| {
        let [from, to] = [COLOURS[low][channel], COLOURS[low + 1][channel]];
        (from + (to - from) * part).round() as u8
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brightness_follows_the_attention() {
        let map = Map { width: 2, values: vec![0.0, 0.2, 0.0, 0.1] };
        let white = Picture::new(4, 4, vec![200; 48]);
        let lit = map.over(&white);
        let at = |x: usize, y: usize| lit.pixels()[3 * (4 * y + x)];
        assert_eq!((at(0, 0), at(3, 0)), (40, 200), "minimum and maximum of the map");
        assert_eq!(at(3, 3), 120, "half of the maximum");
        assert!(at(0, 1) < at(1, 1) && at(1, 1) < at(2, 1), "interpolated in between");
        let coloured = map.coloured();
        assert_eq!(coloured.pixels()[..3], [0, 0, 4]);
        assert_eq!(coloured.pixels()[3..6], [252, 255, 164]);
        assert_eq!(coloured.pixels()[9..], [188, 55, 84]);
    }

    #[test]
    fn a_figure_has_one_row_per_picture_and_one_column_per_head() {
        let device = Device::flex();
        let tiny = sempairs_backbone::VisionTransformerConfig::tiny(4, 16);
        let config = sempairs_backbone::VisionTransformerConfig { dim: 12, depth: 2, ..tiny };
        let network = config.init_seeded(&device, 0);
        let pictures = [Picture::new(20, 20, vec![9; 1200]), Picture::new(30, 20, vec![200; 1800])];
        let pipeline = sempairs_augment::Pipeline::evaluation(24);
        let found = figure(&network, &pictures, &pipeline, &device, 10).unwrap();
        assert_eq!((found.width(), found.height()), (5 * 10 + 6 * GAP, 2 * 10 + 3 * GAP));
    }
}
