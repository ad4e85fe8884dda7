use sempairs_data::{ConfigError, Key, Picture};
use serde::{Deserialize, Serialize};

use crate::crop_window::{Beginning, random_resized_crop};
use crate::rng::Rng;
use crate::{CropWindow, Interpolation, Plan, Scratch, Step, Transform};

/// Reason for refusing a pipeline in which no transform determines the size of the views.
const NO_FIXED_SIZE: &str = "the pipeline has no fixed output size: begin it with \
                             random_resized_crop, with resize and center_crop, or with \
                             center_crop";

/// A list of transforms that makes a square view of a picture.
///
/// It begins with the transforms that determine the crop and the size of the view:
/// [`RandomResizedCrop`](Transform::RandomResizedCrop), or [`Resize`](Transform::Resize) and
/// [`CenterCrop`](Transform::CenterCrop), or `CenterCrop` alone. The other transforms follow in any
/// order.
///
/// In a file, a pipeline is an array of transforms. Unknown keys are errors:
///
/// ```toml
/// [[views]]
/// op = "random_resized_crop"
/// size = 64
/// area = [0.08, 1.0]
/// ratio = [0.75, 1.3333333]
/// interpolation = "bicubic"
/// [[views]]
/// op = "horizontal_flip"
/// p = 0.5
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Pipeline(Vec<Transform>);

impl Pipeline {
    /// Creates a pipeline. Use [`check`](Self::check) to validate it.
    pub fn new(transforms: Vec<Transform>) -> Self {
        Self(transforms)
    }

    /// The transforms, in order.
    pub fn transforms(&self) -> &[Transform] {
        &self.0
    }

    /// The evaluation view of `size` by `size` pixels: the shorter side resized to `size`
    /// (bilinear), then a centre crop. It draws no random numbers, and values are in `[0, 1]`.
    ///
    /// Every evaluation uses this view. [`to_evaluation`](Self::to_evaluation) adds the
    /// normalisation that a network was trained with.
    pub fn evaluation(size: usize) -> Self {
        let interpolation = Interpolation::Bilinear;
        Self(vec![Transform::Resize { size, interpolation }, Transform::CenterCrop { size }])
    }

    /// The [evaluation view](Self::evaluation) for a network that was trained on views of this
    /// pipeline: of the same size, followed by the same [normalisation](Self::normalization).
    ///
    /// # Panics
    ///
    /// As [`size`](Self::size).
    pub fn to_evaluation(&self) -> Self {
        let mut evaluation = Self::evaluation(self.size());
        evaluation.0.extend(self.normalization().cloned());
        evaluation
    }

    /// The [`Normalize`](Transform::Normalize) transforms, in order; usually one or none.
    pub fn normalization(&self) -> impl Iterator<Item = &Transform> {
        self.0.iter().filter(|transform| transform.is_normalization())
    }

    /// The pipeline without its [normalisation](Self::normalization), for views that people look
    /// at. The random numbers of the other transforms do not change.
    pub fn without_normalization(&self) -> Self {
        Self(self.0.iter().filter(|transform| !transform.is_normalization()).cloned().collect())
    }

    /// The pipeline with this resampling filter in all transforms that resize. The random numbers
    /// do not change.
    pub fn with_interpolation(mut self, filter: Interpolation) -> Self {
        for transform in &mut self.0 {
            if let Transform::RandomResizedCrop { interpolation, .. }
            | Transform::Resize { interpolation, .. } = transform
            {
                *interpolation = filter;
            }
        }
        self
    }

    /// Checks that the pipeline is valid.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if a value is out of range or if the size of the views is not determined
    /// exactly once. Its key is relative to the pipeline and counts transforms from 0, such as
    /// `[2].sigma`.
    pub fn check(&self) -> Result<(), ConfigError> {
        for (index, transform) in self.0.iter().enumerate() {
            transform.check().map_err(|error| at(index, transform, error))?;
        }
        let (beginning, length) =
            Beginning::of(&self.0).ok_or_else(|| ConfigError::new("", NO_FIXED_SIZE))?;
        for (index, transform) in self.0.iter().enumerate().skip(length) {
            if transform.sets_size() {
                let reason = format!(
                    "{} would crop or resize the view again: only the beginning of a pipeline may \
                     do so, with random_resized_crop, resize and center_crop, or center_crop",
                    transform.name()
                );
                return Err(ConfigError::new(format!("[{index}]"), reason));
            }
            // The reflection at the border needs half a kernel of pixels.
            if let Transform::GaussianBlur { kernel, .. } = transform
                && kernel / 2 >= beginning.size()
            {
                let size = beginning.size();
                let reason =
                    format!("is {kernel}, but half of it must be less than the view's {size}");
                return Err(at(index, transform, ConfigError::new("kernel", reason)));
            }
        }
        Ok(())
    }

    /// Side of the views in pixels.
    ///
    /// # Panics
    ///
    /// Panics if no transform determines it, which [`check`](Self::check) reports as an error.
    pub fn size(&self) -> usize {
        self.beginning().0.size()
    }

    /// Returns the pipeline without the transforms of one name, such as `"grayscale"`. The random
    /// numbers of the other transforms do not change.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] without a key, but with the nearest name, if there is no transform of that
    /// name. It is not an error if the pipeline does not contain it.
    pub fn without(&self, name: &str) -> Result<Self, ConfigError> {
        if !Transform::NAMES.contains(&name) {
            let known = Transform::NAMES.join(", ");
            let reason =
                format!("there is no transform named \"{name}\"; the transforms are {known}");
            return Err(ConfigError::new("", reason).with_nearest(name, Transform::NAMES));
        }
        Ok(Self(self.0.iter().filter(|transform| transform.name() != name).cloned().collect()))
    }

    /// Draws all random numbers for the view of a picture of `width` by `height` pixels.
    ///
    /// The n-th transform of a kind draws from a stream that is determined by `key`, the kind and n
    /// only.
    ///
    /// # Panics
    ///
    /// Panics if a side is zero or if the pipeline does not pass [`check`](Self::check).
    pub fn plan(&self, width: usize, height: usize, key: Key) -> Plan {
        assert!(width > 0 && height > 0, "a picture of {width}x{height} has no pixels");
        let mut seen = [0; Transform::NAMES.len()];
        let mut rng = |transform: &Transform| {
            let kind = transform.kind();
            let nth = seen[kind];
            seen[kind] += 1;
            Rng(key.rng((1 + kind as u64) << 32 | nth))
        };
        let (beginning, length) = self.beginning();
        let crop_window = match beginning {
            Beginning::Random { size, area, ratio, interpolation } => {
                let crop = random_resized_crop(width, height, area, ratio, &mut rng(&self.0[0]));
                CropWindow::of_crop(crop, size, interpolation)
            }
            Beginning::Centred { short, size } => CropWindow::centred(width, height, short, size),
        };
        let mut steps = Vec::with_capacity(self.0.len() + 3);
        for transform in &self.0[length..] {
            draw_steps(transform, &mut rng(transform), &mut steps);
        }
        Plan { crop_window, steps }
    }

    /// Makes the view of a picture: [`plan`](Self::plan), then [`Plan::apply`].
    ///
    /// # Shapes
    ///
    /// - `out`: `[3, S, S]`, flattened, with `S` the [`size`](Self::size)
    ///
    /// # Panics
    ///
    /// Panics if the pipeline does not pass [`check`](Self::check), or if `out` has the wrong
    /// length.
    pub fn render(&self, picture: &Picture<'_>, key: Key, out: &mut [f32], scratch: &mut Scratch) {
        self.plan(picture.width(), picture.height(), key).apply(picture, out, scratch);
    }

    fn beginning(&self) -> (Beginning, usize) {
        Beginning::of(&self.0).unwrap_or_else(|| panic!("{NO_FIXED_SIZE}"))
    }
}

/// An error of a value of the transform at `index`, with its key in the pipeline, and with the
/// transform's name, which the key does not contain.
fn at(index: usize, transform: &Transform, error: ConfigError) -> ConfigError {
    let reason = format!("{} ({})", error.reason(), transform.name());
    ConfigError::new(error.key(), reason).under(&format!("[{index}]"))
}

/// Draws the parameters of a transform, and appends the resulting steps.
fn draw_steps(transform: &Transform, rng: &mut Rng, steps: &mut Vec<Step>) {
    let between =
        |[low, high]: [f32; 2], rng: &mut Rng| rng.uniform(low.into(), high.into()) as f32;
    match *transform {
        Transform::HorizontalFlip { p } => {
            if rng.chance(p) {
                steps.push(Step::Flip);
            }
        }
        Transform::Rotation { p, degrees } => {
            if rng.chance(p) {
                steps.push(Step::Rotate { degrees: between(degrees, rng) });
            }
        }
        Transform::ColorJitter { p, brightness, contrast, saturation, hue } => {
            if rng.chance(p) {
                let factors = |strength: f32| [(1.0 - strength).max(0.0), 1.0 + strength];
                // All values are drawn even for a strength of zero, so that changing one strength
                // does not change the random numbers of the others.
                let mut order = [
                    (brightness, Step::Brightness { factor: between(factors(brightness), rng) }),
                    (contrast, Step::Contrast { factor: between(factors(contrast), rng) }),
                    (saturation, Step::Saturation { factor: between(factors(saturation), rng) }),
                    (hue, Step::Hue { shift: between([-hue, hue], rng) }),
                ];
                rng.shuffle(&mut order);
                steps.extend(order.into_iter().filter(|step| step.0 > 0.0).map(|step| step.1));
            }
        }
        Transform::Grayscale { p } => {
            if rng.chance(p) {
                steps.push(Step::Grayscale);
            }
        }
        Transform::GaussianBlur { p, kernel, sigma } => {
            if rng.chance(p) {
                steps.push(Step::Blur { kernel, sigma: between(sigma, rng) });
            }
        }
        Transform::Solarize { p, threshold } => {
            if rng.chance(p) {
                steps.push(Step::Solarize { threshold });
            }
        }
        Transform::Normalize { mean, std } => steps.push(Step::Normalize { mean, std }),
        Transform::RandomResizedCrop { .. }
        | Transform::Resize { .. }
        | Transform::CenterCrop { .. } => {
            panic!("{} determines the crop window a second time", transform.name())
        }
    }
}
