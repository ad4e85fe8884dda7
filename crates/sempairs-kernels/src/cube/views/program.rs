//! Plans encoded as tables of numbers.

use std::collections::HashMap;

use sempairs_augment::{Interpolation, Plan, Step};
use sempairs_data::Picture;

/// Numbers per crop window; the constants below are their indices.
pub(super) const FIELDS: usize = 13;
pub(super) const OFFSET: usize = 0;
pub(super) const WIDTH: usize = 1;
pub(super) const LEFT: usize = 2;
pub(super) const TOP: usize = 3;
pub(super) const CROP_WIDTH: usize = 4;
pub(super) const CROP_HEIGHT: usize = 5;
pub(super) const RESIZED_WIDTH: usize = 6;
pub(super) const RESIZED_HEIGHT: usize = 7;
pub(super) const WINDOW_X: usize = 8;
pub(super) const WINDOW_Y: usize = 9;
pub(super) const CUBIC: usize = 10;
pub(super) const FIRST_STEP: usize = 11;
pub(super) const STEPS: usize = 12;

/// Numbers per step: a code and its parameters.
pub(super) const NUMBERS: usize = 7;
pub(super) const FLIP: u32 = 0;
pub(super) const ROTATE: u32 = 1;
pub(super) const BLUR: u32 = 2;
pub(super) const CONTRAST: u32 = 3;
/// This code and all larger ones change each pixel independently.
pub(super) const BRIGHTNESS: u32 = 4;
pub(super) const SATURATION: u32 = 5;
pub(super) const HUE: u32 = 6;
pub(super) const GREY: u32 = 7;
pub(super) const SOLARISE: u32 = 8;
pub(super) const NORMALISE: u32 = 9;

/// The plans of a batch, encoded for the kernels.
pub(super) struct Program {
    /// The bytes of all images, four per word, the first one least significant.
    pub(super) words: Vec<u32>,
    /// [`FIELDS`] numbers per view.
    pub(super) crop_windows: Vec<i32>,
    /// [`NUMBERS`] numbers per step.
    pub(super) steps: Vec<f32>,
    /// Columns of the widest crop.
    pub(super) columns: usize,
}

impl Program {
    /// Encodes a batch; the pixels of an image that several views share are uploaded once.
    ///
    /// # Panics
    /// If a crop lies outside its image, or the batch has 2³¹ bytes or more.
    pub(super) fn new(plans: &[Plan], pictures: &[Picture<'_>]) -> Self {
        let (mut bytes, mut crop_windows, mut steps) = (Vec::new(), Vec::new(), Vec::new());
        let mut columns = 1;
        let mut offsets = HashMap::new();
        for (plan, picture) in plans.iter().zip(pictures) {
            let crop = plan.crop_window.crop;
            assert!(
                crop.left + crop.width <= picture.width()
                    && crop.top + crop.height <= picture.height(),
                "{crop:?} lies outside an image of {}x{} pixels",
                picture.width(),
                picture.height(),
            );
            columns = columns.max(crop.width);
            let offset = *offsets.entry(picture.pixels().as_ptr_range()).or_insert_with(|| {
                let offset = bytes.len();
                bytes.extend_from_slice(picture.pixels());
                offset
            });
            let [width, height] = plan.crop_window.resized;
            let [x, y] = plan.crop_window.window;
            let cubic = plan.crop_window.interpolation == Interpolation::Bicubic;
            let numbers = [offset, picture.width(), crop.left, crop.top, crop.width, crop.height];
            let numbers = numbers.into_iter().chain([width, height]).map(number);
            crop_windows.extend(numbers.chain([x as i32, y as i32, i32::from(cubic)]));
            crop_windows.extend([number(steps.len() / NUMBERS), number(plan.steps.len())]);
            steps.extend(plan.steps.iter().flat_map(encoded));
        }
        // A kernel cannot bind an empty buffer.
        if steps.is_empty() {
            steps.resize(NUMBERS, 0.0);
        }
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        let word = |four: &[u8]| u32::from_le_bytes(four.try_into().expect("four bytes"));
        Self { words: bytes.chunks_exact(4).map(word).collect(), crop_windows, steps, columns }
    }
}

fn number(value: usize) -> i32 {
    i32::try_from(value).expect("a batch has fewer than 2^31 bytes")
}

fn encoded(step: &Step) -> [f32; NUMBERS] {
    let one = |code: u32, value: f32| [code as f32, value, 0.0, 0.0, 0.0, 0.0, 0.0];
    match *step {
        Step::Flip => one(FLIP, 0.0),
        Step::Rotate { degrees } => {
            let (sin, cos) = f64::from(degrees).to_radians().sin_cos();
            [ROTATE as f32, sin as f32, cos as f32, 0.0, 0.0, 0.0, 0.0]
        }
        Step::Blur { kernel, sigma } => {
            [BLUR as f32, extent(kernel, sigma) as f32, sigma, 0.0, 0.0, 0.0, 0.0]
        }
        Step::Contrast { factor } => one(CONTRAST, factor),
        Step::Brightness { factor } => one(BRIGHTNESS, factor),
        Step::Saturation { factor } => one(SATURATION, factor),
        Step::Hue { shift } => one(HUE, 6.0 * shift),
        Step::Grayscale => one(GREY, 0.0),
        Step::Solarize { threshold } => one(SOLARISE, threshold),
        Step::Normalize { mean: [a, b, c], std: [d, e, f] } => [NORMALISE as f32, a, b, c, d, e, f],
    }
}

/// Weights of a blur below this are neglected; their total effect is below 1/255.
const NEGLIGIBLE: f64 = 1e-8;

/// Size of a blur kernel without negligible weights at its ends.
pub(super) fn extent(kernel: usize, sigma: f32) -> usize {
    let half = kernel / 2;
    let density = |away: usize| (-0.5 * (away as f64 / f64::from(sigma)).powi(2)).exp();
    let sum = density(0) + 2.0 * (1..=half).map(density).sum::<f64>();
    let within = (1..=half).take_while(|away| density(*away) / sum >= NEGLIGIBLE).count();
    2 * within + 1
}
