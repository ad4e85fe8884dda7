use serde::{Deserialize, Serialize};

use crate::Frame;

/// One thing done to the square view after its frame is cut, with every number settled.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case", deny_unknown_fields)]
pub enum Step {
    /// Left and right change places.
    Flip,
    /// A turn about the centre, counter-clockwise if positive; bilinear, black where nothing was. As
    /// in torchvision, a border pixel made of `m` parts picture and `1 - m` parts nothing is weighed
    /// by `m` once more.
    Rotate {
        /// The angle.
        degrees: f32,
    },
    /// `clamp(factor * value)`.
    Brightness {
        /// The factor.
        factor: f32,
    },
    /// `clamp(factor * value + (1 - factor) * mean)`, with the mean luma of the whole view.
    Contrast {
        /// The factor.
        factor: f32,
    },
    /// `clamp(factor * value + (1 - factor) * luma)`, with the luma of the pixel.
    Saturation {
        /// The factor.
        factor: f32,
    },
    /// The hue turns, in the hexcone of HSV.
    Hue {
        /// Share of the full circle.
        shift: f32,
    },
    /// Every channel becomes the luma.
    Grayscale,
    /// A Gaussian blur, mirrored at the border.
    Blur {
        /// Pixels of the kernel's side; odd.
        kernel: usize,
        /// Standard deviation in pixels.
        sigma: f32,
    },
    /// Values at or above the threshold are inverted.
    Solarize {
        /// The threshold in `[0, 1]`.
        threshold: f32,
    },
    /// `(value - mean) / std`.
    Normalize {
        /// Means of red, green and blue.
        mean: [f32; 3],
        /// Standard deviations of red, green and blue.
        std: [f32; 3],
    },
}

/// Everything that happens to one picture on its way to one view: a pure description, without pixels
/// and without randomness left in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Which part of the picture the view shows.
    pub frame: Frame,
    /// What is done to the view then, in order.
    pub steps: Vec<Step>,
}

impl Plan {
    /// Side of the view in pixels.
    pub fn size(&self) -> usize {
        self.frame.size
    }
}
