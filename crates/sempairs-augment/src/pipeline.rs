use sempairs_data::Key;
use serde::{Deserialize, Serialize};

use crate::crop_window::{Beginning, random_box};
use crate::draw::Draw;
use crate::{AugmentError, Frame, Interpolation, Plan, Step, Transform};

/// A list of transforms from a picture to a square view.
///
/// It begins with what sets the view's frame: [`RandomResizedCrop`](Transform::RandomResizedCrop), or
/// [`Resize`](Transform::Resize) and [`CenterCrop`](Transform::CenterCrop), or `CenterCrop` alone. The
/// rest follow in any order.
///
/// In a file it is the list itself; a misspelt key is an error:
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
    /// The pipeline of these transforms; see [`check`](Self::check) for what is wanted of them.
    pub fn new(transforms: Vec<Transform>) -> Self {
        Self(transforms)
    }

    /// The transforms, in order.
    pub fn transforms(&self) -> &[Transform] {
        &self.0
    }

    /// The evaluation view of `size` by `size` pixels: the shorter side resized to `size` (bilinear),
    /// then a centre crop. It draws no random numbers, and values are in `[0, 1]`.
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
        self.0.iter().filter(|transform| matches!(transform, Transform::Normalize { .. }))
    }

    /// Whether the pipeline can be run.
    ///
    /// # Errors
    ///
    /// [`AugmentError`] with the transform's place if nothing or more than one thing sets the size of
    /// the views, or if a number is out of its range.
    pub fn check(&self) -> Result<(), AugmentError> {
        for (index, transform) in self.0.iter().enumerate() {
            transform.check(index + 1)?;
        }
        let (beginning, length) = Beginning::of(&self.0).ok_or(AugmentError::NoFixedSize)?;
        for (index, transform) in self.0.iter().enumerate().skip(length) {
            let (position, name) = (index + 1, transform.name());
            if transform.sets_frame() {
                return Err(AugmentError::SecondFrame { position, name });
            }
            // Mirroring at the border, there must be enough to mirror.
            if let Transform::GaussianBlur { kernel, .. } = transform
                && kernel / 2 >= beginning.size()
            {
                return Err(AugmentError::Value {
                    position,
                    name,
                    field: "kernel",
                    value: kernel.to_string(),
                    wanted: format!(
                        "half of it has to be less than the view's {}",
                        beginning.size()
                    ),
                });
            }
        }
        Ok(())
    }

    /// Side of the views in pixels.
    ///
    /// # Panics
    ///
    /// If nothing sets it, which [`check`](Self::check) reports.
    pub fn size(&self) -> usize {
        self.beginning().0.size()
    }

    /// The same pipeline without the transforms of one name, such as `"grayscale"`; the others draw
    /// what they drew before.
    ///
    /// # Errors
    ///
    /// [`AugmentError::UnknownTransform`] if no transform is called that. A pipeline that merely has
    /// none of that name is returned as it is.
    pub fn without(&self, name: &str) -> Result<Self, AugmentError> {
        if !Transform::NAMES.contains(&name) {
            let known = Transform::NAMES.join(", ");
            return Err(AugmentError::UnknownTransform { name: name.to_owned(), known });
        }
        Ok(Self(self.0.iter().filter(|transform| transform.name() != name).cloned().collect()))
    }

    /// Draws every random number for the view of a picture of `width` by `height` pixels.
    ///
    /// The n-th transform of a kind draws from a stream that only `key`, the kind and n select.
    ///
    /// # Panics
    ///
    /// If a side is zero or the pipeline does not pass [`check`](Self::check).
    pub fn plan(&self, width: usize, height: usize, key: Key) -> Plan {
        assert!(width > 0 && height > 0, "a picture has at least one pixel, not {width}x{height}");
        let mut seen = [0; Transform::NAMES.len()];
        let mut draw = |transform: &Transform| {
            let kind = transform.kind();
            let nth = seen[kind];
            seen[kind] += 1;
            Draw(key.rng((1 + kind as u64) << 32 | nth))
        };
        let (beginning, length) = self.beginning();
        let frame = match beginning {
            Beginning::Random { size, area, ratio, interpolation } => {
                let crop = random_box(width, height, area, ratio, &mut draw(&self.0[0]));
                Frame::of_crop(crop, size, interpolation)
            }
            Beginning::Centred { short, size } => Frame::centred(width, height, short, size),
        };
        let mut steps = Vec::with_capacity(self.0.len() + 3);
        for transform in &self.0[length..] {
            draw_steps(transform, &mut draw(transform), &mut steps);
        }
        Plan { frame, steps }
    }

    fn beginning(&self) -> (Beginning, usize) {
        Beginning::of(&self.0).unwrap_or_else(|| panic!("{}", AugmentError::NoFixedSize))
    }
}

/// Appends what a transform comes to, this once.
fn draw_steps(transform: &Transform, draw: &mut Draw, steps: &mut Vec<Step>) {
    let between =
        |[low, high]: [f32; 2], draw: &mut Draw| draw.uniform(low.into(), high.into()) as f32;
    match *transform {
        Transform::HorizontalFlip { p } => {
            if draw.chance(p) {
                steps.push(Step::Flip);
            }
        }
        Transform::Rotation { p, degrees } => {
            if draw.chance(p) {
                steps.push(Step::Rotate { degrees: between(degrees, draw) });
            }
        }
        Transform::ColorJitter { p, brightness, contrast, saturation, hue } => {
            if draw.chance(p) {
                let factors = |strength: f32| [(1.0 - strength).max(0.0), 1.0 + strength];
                // Everything is drawn whatever the strengths, so that changing one moves no other.
                let mut order = [
                    (brightness, Step::Brightness { factor: between(factors(brightness), draw) }),
                    (contrast, Step::Contrast { factor: between(factors(contrast), draw) }),
                    (saturation, Step::Saturation { factor: between(factors(saturation), draw) }),
                    (hue, Step::Hue { shift: between([-hue, hue], draw) }),
                ];
                draw.shuffle(&mut order);
                steps.extend(order.into_iter().filter(|step| step.0 > 0.0).map(|step| step.1));
            }
        }
        Transform::Grayscale { p } => {
            if draw.chance(p) {
                steps.push(Step::Grayscale);
            }
        }
        Transform::GaussianBlur { p, kernel, sigma } => {
            if draw.chance(p) {
                steps.push(Step::Blur { kernel, sigma: between(sigma, draw) });
            }
        }
        Transform::Solarize { p, threshold } => {
            if draw.chance(p) {
                steps.push(Step::Solarize { threshold });
            }
        }
        Transform::Normalize { mean, std } => steps.push(Step::Normalize { mean, std }),
        Transform::RandomResizedCrop { .. }
        | Transform::Resize { .. }
        | Transform::CenterCrop { .. } => {
            panic!("{} sets the frame a second time", transform.name())
        }
    }
}
