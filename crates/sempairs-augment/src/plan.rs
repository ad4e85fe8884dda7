use serde::{Deserialize, Serialize};

use crate::CropWindow;

/// An operation on the cropped and resized view, with fixed parameters.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case", deny_unknown_fields)]
pub enum Step {
    /// Mirrors the view horizontally.
    Flip,
    /// Rotates about the centre, counter-clockwise for a positive angle, with bilinear
    /// interpolation; uncovered pixels become black. As in torchvision, a pixel at the border that
    /// is covered by a fraction `m` is multiplied by `m` once more.
    Rotate {
        /// Angle in degrees.
        degrees: f32,
    },
    /// `clamp(factor * value, 0, 1)`.
    Brightness {
        /// Brightness factor.
        factor: f32,
    },
    /// `clamp(factor * value + (1 - factor) * mean, 0, 1)`, with the mean luma of the whole view.
    Contrast {
        /// Contrast factor.
        factor: f32,
    },
    /// `clamp(factor * value + (1 - factor) * luma, 0, 1)`, with the luma of the pixel.
    Saturation {
        /// Saturation factor.
        factor: f32,
    },
    /// Shifts the hue in HSV.
    Hue {
        /// Shift as a fraction of the full circle.
        shift: f32,
    },
    /// Sets every channel to the luma.
    Grayscale,
    /// Gaussian blur with reflection at the border.
    Blur {
        /// Side of the kernel in pixels; odd.
        kernel: usize,
        /// Standard deviation in pixels.
        sigma: f32,
    },
    /// Inverts values at or above the threshold.
    Solarize {
        /// Threshold in `[0, 1]`.
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

/// Complete description of how a view is made from a picture, with all random numbers fixed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The part of the picture that the view shows.
    #[serde(rename = "frame")]
    pub crop_window: CropWindow,
    /// The operations applied to the view, in order.
    pub steps: Vec<Step>,
}

impl Plan {
    /// Side of the view in pixels.
    pub fn size(&self) -> usize {
        self.crop_window.size
    }
}
