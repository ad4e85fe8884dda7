use sempairs_data::ConfigError;
use serde::{Deserialize, Serialize};

use crate::MAX_SIDE;

/// Maximum strength of a colour change; larger values would give only black and white.
const MAX_STRENGTH: f32 = 1_000.0;

/// Minimum standard deviation for normalisation.
const MIN_STD: f32 = 1e-6;

/// Maximum absolute mean, and maximum standard deviation, for normalisation.
const MAX_MEAN: f32 = 1e6;

/// Resampling filter for resizing. Both filters are antialiased: they widen with the reduction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Interpolation {
    /// Triangle filter over two pixels.
    #[default]
    Bilinear,
    /// Keys's cubic filter with a = -1/2 over four pixels, as in Pillow; results are clamped to
    /// `[0, 1]`.
    Bicubic,
}

/// A transform of an augmentation pipeline, with its ranges and probabilities. A
/// [`Plan`](crate::Plan) holds the values drawn from them.
///
/// Sizes are in pixels, colours in `[0, 1]`, and `p` is the probability that the transform is
/// applied.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case", deny_unknown_fields)]
pub enum Transform {
    /// Crops a rectangle of random area and aspect ratio and resizes it to a square (Szegedy et al.
    /// 2015). It is drawn as in torchvision: ten attempts, then the largest centred rectangle
    /// within the ratios.
    RandomResizedCrop {
        /// Side of the view in pixels.
        size: usize,
        /// Minimum and maximum area, as fractions of the picture's.
        area: [f32; 2],
        /// Minimum and maximum aspect ratio (width over height); its logarithm is uniform.
        ratio: [f32; 2],
        /// Resampling filter.
        #[serde(default)]
        interpolation: Interpolation,
    },
    /// Mirrors the view horizontally.
    HorizontalFlip {
        /// Probability.
        p: f32,
    },
    /// Rotates about the centre, counter-clockwise for positive angles, with bilinear
    /// interpolation; uncovered pixels become black.
    Rotation {
        /// Probability.
        p: f32,
        /// Minimum and maximum angle in degrees.
        degrees: [f32; 2],
    },
    /// Changes brightness, contrast, saturation and hue in random order. The first three are scaled
    /// by a factor in `[max(0, 1 - strength), 1 + strength]`; the hue is shifted by a fraction of
    /// the full circle in `[-strength, strength]`. A strength of 0 disables a change.
    ColorJitter {
        /// Probability.
        p: f32,
        /// Strength of the change of brightness.
        brightness: f32,
        /// Strength of the change of contrast, about the mean luma of the view.
        contrast: f32,
        /// Strength of the change of saturation.
        saturation: f32,
        /// Strength of the change of hue, at most 0.5.
        hue: f32,
    },
    /// Sets all channels to the luma `0.2989 R + 0.587 G + 0.114 B` (ITU-R BT.601).
    Grayscale {
        /// Probability.
        p: f32,
    },
    /// Gaussian blur with reflection at the border.
    GaussianBlur {
        /// Probability.
        p: f32,
        /// Side of the kernel in pixels; odd.
        kernel: usize,
        /// Minimum and maximum standard deviation in pixels.
        sigma: [f32; 2],
    },
    /// Inverts values at or above the threshold.
    Solarize {
        /// Probability.
        p: f32,
        /// Threshold in `[0, 1]`.
        threshold: f32,
    },
    /// Resizes so that the shorter side has the given length, keeping the aspect ratio.
    Resize {
        /// Length of the shorter side in pixels.
        size: usize,
        /// Resampling filter.
        #[serde(default)]
        interpolation: Interpolation,
    },
    /// Crops a square from the centre; the rest is black if the picture is too small.
    CenterCrop {
        /// Side of the view in pixels.
        size: usize,
    },
    /// Image normalisation: `(value - mean) / std` for each channel.
    Normalize {
        /// Means of the red, green and blue channels.
        mean: [f32; 3],
        /// Standard deviations of the red, green and blue channels.
        std: [f32; 3],
    },
}

impl Transform {
    /// The names of the transforms in a file, in the order of the variants.
    pub const NAMES: [&'static str; 10] = [
        "random_resized_crop",
        "horizontal_flip",
        "rotation",
        "color_jitter",
        "grayscale",
        "gaussian_blur",
        "solarize",
        "resize",
        "center_crop",
        "normalize",
    ];

    /// Index of the variant. It determines the random streams, and must therefore never change.
    pub(crate) fn kind(&self) -> usize {
        match self {
            Self::RandomResizedCrop { .. } => 0,
            Self::HorizontalFlip { .. } => 1,
            Self::Rotation { .. } => 2,
            Self::ColorJitter { .. } => 3,
            Self::Grayscale { .. } => 4,
            Self::GaussianBlur { .. } => 5,
            Self::Solarize { .. } => 6,
            Self::Resize { .. } => 7,
            Self::CenterCrop { .. } => 8,
            Self::Normalize { .. } => 9,
        }
    }

    /// Name of the transform in a file.
    pub fn name(&self) -> &'static str {
        Self::NAMES[self.kind()]
    }

    /// Returns true for [`Normalize`](Self::Normalize).
    pub(crate) fn is_normalization(&self) -> bool {
        matches!(self, Self::Normalize { .. })
    }

    /// Returns true if the transform determines the crop or the size of the view.
    pub(crate) fn sets_size(&self) -> bool {
        matches!(
            self,
            Self::RandomResizedCrop { .. } | Self::Resize { .. } | Self::CenterCrop { .. }
        )
    }

    /// Checks that every value is in its range.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] with the name of the field, such as `area`.
    pub fn check(&self) -> Result<(), ConfigError> {
        let check = |good: bool, field: &'static str, value: String, wanted: &str| match good {
            true => Ok(()),
            false => Err(ConfigError::new(field, format!("is {value}, but {wanted}"))),
        };
        let probability =
            |p: &f32| check((0.0..=1.0).contains(p), "p", p.to_string(), "it must be from 0 to 1");
        let side = |size: &usize| {
            let good = (1..=MAX_SIDE).contains(size);
            check(good, "size", size.to_string(), &format!("it must be from 1 to {MAX_SIDE}"))
        };
        let range = |field, [low, high]: &[f32; 2], least: f32, most: f32, wanted: &str| {
            let good = low.is_finite() && high.is_finite() && least <= *low && *low <= *high;
            check(good && *high <= most, field, format!("[{low}, {high}]"), wanted)
        };
        let tiny = f32::MIN_POSITIVE;
        match self {
            Self::RandomResizedCrop { size, area, ratio, .. } => {
                side(size)?;
                range("area", area, tiny, 1.0, "it must be ascending, above 0 and at most 1")?;
                range("ratio", ratio, tiny, f32::MAX, "it must be ascending and above 0")
            }
            Self::HorizontalFlip { p } | Self::Grayscale { p } => probability(p),
            Self::Rotation { p, degrees } => {
                probability(p)?;
                range("degrees", degrees, -360.0, 360.0, "it must be ascending, from -360 to 360")
            }
            Self::ColorJitter { p, brightness, contrast, saturation, hue } => {
                probability(p)?;
                for (field, strength, most) in [
                    ("brightness", brightness, MAX_STRENGTH),
                    ("contrast", contrast, MAX_STRENGTH),
                    ("saturation", saturation, MAX_STRENGTH),
                    ("hue", hue, 0.5),
                ] {
                    let good = (0.0..=most).contains(strength);
                    let wanted = format!("it must be from 0 to {most}");
                    check(good, field, strength.to_string(), &wanted)?;
                }
                Ok(())
            }
            Self::GaussianBlur { p, kernel, sigma } => {
                probability(p)?;
                check(kernel % 2 == 1, "kernel", kernel.to_string(), "it must be odd")?;
                range("sigma", sigma, tiny, f32::MAX, "it must be ascending and above 0")
            }
            Self::Solarize { p, threshold } => {
                probability(p)?;
                let good = (0.0..=1.0).contains(threshold);
                check(good, "threshold", threshold.to_string(), "it must be from 0 to 1")
            }
            Self::Resize { size, .. } | Self::CenterCrop { size } => side(size),
            Self::Normalize { mean, std } => {
                let good = mean.iter().all(|value| value.abs() <= MAX_MEAN);
                let wanted = format!("each value must be from -{MAX_MEAN} to {MAX_MEAN}");
                check(good, "mean", format!("{mean:?}"), &wanted)?;
                let good = std.iter().all(|value| (MIN_STD..=MAX_MEAN).contains(value));
                let wanted = format!("each value must be from {MIN_STD} to {MAX_MEAN}");
                check(good, "std", format!("{std:?}"), &wanted)
            }
        }
    }
}
