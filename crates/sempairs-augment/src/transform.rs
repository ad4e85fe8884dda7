use serde::{Deserialize, Serialize};

use crate::AugmentError;

/// Pixels along a side of a view: eighteen times the 224 of ImageNet's networks.
pub const MAX_SIDE: usize = 4_096;

/// The strongest change of a colour; any beyond leaves black and white alone.
const MAX_STRENGTH: f32 = 1_000.0;

/// The least deviation that values are divided by.
const MIN_STD: f32 = 1e-6;

/// The largest mean that is taken away.
const MAX_MEAN: f32 = 1e6;

/// How pixels are weighed when a picture changes its size; both widen with the reduction, that is,
/// are antialiased.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Interpolation {
    /// A triangle over two pixels.
    #[default]
    Bilinear,
    /// Keys's cubic with a = -1/2 over four pixels, as in Pillow; results are clamped to `[0, 1]`.
    Bicubic,
}

/// One step from a picture to a view, with its ranges and probabilities; see [`Plan`](crate::Plan) for
/// what is drawn from them.
///
/// Sizes are in pixels, colours are in `[0, 1]`, `p` is the probability that the transform is applied.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case", deny_unknown_fields)]
pub enum Transform {
    /// A box of random area and aspect ratio, resized to a square (Szegedy et al. 2015; the drawing is
    /// torchvision's: ten attempts, then the largest centred box within the ratios).
    RandomResizedCrop {
        /// Side of the view.
        size: usize,
        /// Least and greatest area, as shares of the picture's.
        area: [f32; 2],
        /// Least and greatest width over height; its logarithm is uniform.
        ratio: [f32; 2],
        /// How pixels are weighed.
        #[serde(default)]
        interpolation: Interpolation,
    },
    /// Left and right change places.
    HorizontalFlip {
        /// Probability.
        p: f32,
    },
    /// A turn about the centre, counter-clockwise if positive, bilinear, black where nothing was.
    Rotation {
        /// Probability.
        p: f32,
        /// Least and greatest angle in degrees.
        degrees: [f32; 2],
    },
    /// Brightness, contrast, saturation and hue change in random order: each of the first three by a
    /// factor in `[max(0, 1 - strength), 1 + strength]`, the hue by a share of the full circle in
    /// `[-strength, strength]`. A strength of 0 leaves its quality alone.
    ColorJitter {
        /// Probability.
        p: f32,
        /// Strength of the change of brightness.
        brightness: f32,
        /// Strength of the change of contrast, about the mean of the grey picture.
        contrast: f32,
        /// Strength of the change of saturation.
        saturation: f32,
        /// Strength of the change of hue, at most 0.5.
        hue: f32,
    },
    /// All channels become the luma `0.2989 R + 0.587 G + 0.114 B` (ITU-R BT.601).
    Grayscale {
        /// Probability.
        p: f32,
    },
    /// A Gaussian blur, mirrored at the border.
    GaussianBlur {
        /// Probability.
        p: f32,
        /// Pixels of the kernel's side; odd.
        kernel: usize,
        /// Least and greatest standard deviation in pixels.
        sigma: [f32; 2],
    },
    /// Values at or above the threshold are inverted.
    Solarize {
        /// Probability.
        p: f32,
        /// The threshold in `[0, 1]`.
        threshold: f32,
    },
    /// The shorter side gets this length and the longer one follows.
    Resize {
        /// The shorter side.
        size: usize,
        /// How pixels are weighed.
        #[serde(default)]
        interpolation: Interpolation,
    },
    /// The square in the middle, black where the picture is too small.
    CenterCrop {
        /// Side of the view.
        size: usize,
    },
    /// `(value - mean) / std`, each channel with its own.
    Normalize {
        /// Means of red, green and blue.
        mean: [f32; 3],
        /// Standard deviations of red, green and blue.
        std: [f32; 3],
    },
}

impl Transform {
    /// The names a pipeline's file uses, in the order of the variants.
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

    /// The number of the variant: which random streams it draws from, for ever.
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

    /// The name a pipeline's file uses.
    pub fn name(&self) -> &'static str {
        Self::NAMES[self.kind()]
    }

    /// Whether it settles which part of the picture the view shows, and how large.
    pub(crate) fn sets_frame(&self) -> bool {
        matches!(
            self,
            Self::RandomResizedCrop { .. } | Self::Resize { .. } | Self::CenterCrop { .. }
        )
    }

    /// Whether every number is within its range.
    pub(crate) fn check(&self, position: usize) -> Result<(), AugmentError> {
        let name = self.name();
        let check = |good: bool, field: &'static str, value: String, wanted: &str| {
            let wanted = wanted.to_owned();
            if good {
                Ok(())
            } else {
                Err(AugmentError::Value { position, name, field, value, wanted })
            }
        };
        let probability = |p: &f32| {
            check((0.0..=1.0).contains(p), "p", p.to_string(), "it has to be from 0 to 1")
        };
        let side = |size: &usize| {
            let good = (1..=MAX_SIDE).contains(size);
            check(good, "size", size.to_string(), &format!("it has to be from 1 to {MAX_SIDE}"))
        };
        let range = |field, [low, high]: &[f32; 2], least: f32, most: f32, wanted: &str| {
            let good = low.is_finite() && high.is_finite() && least <= *low && *low <= *high;
            check(good && *high <= most, field, format!("[{low}, {high}]"), wanted)
        };
        let tiny = f32::MIN_POSITIVE;
        match self {
            Self::RandomResizedCrop { size, area, ratio, .. } => {
                side(size)?;
                range("area", area, tiny, 1.0, "it has to rise within 0 (excluded) and 1")?;
                range("ratio", ratio, tiny, f32::MAX, "it has to rise and be greater than 0")
            }
            Self::HorizontalFlip { p } | Self::Grayscale { p } => probability(p),
            Self::Rotation { p, degrees } => {
                probability(p)?;
                range("degrees", degrees, -360.0, 360.0, "it has to rise within -360 and 360")
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
                    let wanted = format!("it has to be from 0 to {most}");
                    check(good, field, strength.to_string(), &wanted)?;
                }
                Ok(())
            }
            Self::GaussianBlur { p, kernel, sigma } => {
                probability(p)?;
                check(kernel % 2 == 1, "kernel", kernel.to_string(), "it has to be odd")?;
                range("sigma", sigma, tiny, f32::MAX, "it has to rise and be greater than 0")
            }
            Self::Solarize { p, threshold } => {
                probability(p)?;
                let good = (0.0..=1.0).contains(threshold);
                check(good, "threshold", threshold.to_string(), "it has to be from 0 to 1")
            }
            Self::Resize { size, .. } | Self::CenterCrop { size } => side(size),
            Self::Normalize { mean, std } => {
                let good = mean.iter().all(|value| value.abs() <= MAX_MEAN);
                let wanted = format!("each has to be from -{MAX_MEAN} to {MAX_MEAN}");
                check(good, "mean", format!("{mean:?}"), &wanted)?;
                let good = std.iter().all(|value| (MIN_STD..=MAX_MEAN).contains(value));
                let wanted = format!("each has to be from {MIN_STD} to {MAX_MEAN}");
                check(good, "std", format!("{std:?}"), &wanted)
            }
        }
    }
}
