//! Colour steps, which change each pixel independently, and contrast, which also needs the mean
//! luma.

use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;

use super::program::{BRIGHTNESS, CONTRAST, GREY, HUE, NORMALISE, NUMBERS, SATURATION, SOLARISE};
use crate::cube::matmul_tile::UNITS;
use crate::cube::reduction::sum;

/// Weights of red, green and blue in the luma (ITU-R BT.601, as in torchvision's
/// `rgb_to_grayscale`).
const RED: f32 = 0.2989;
const GREEN: f32 = 0.587;
const BLUE: f32 = 0.114;

/// Luma of a pixel.
#[cube]
fn luma(red: f32, green: f32, blue: f32) -> f32 {
    RED * red + GREEN * green + BLUE * blue
}

/// Clamps a value to [0, 1].
#[cube]
fn unit(value: f32) -> f32 {
    min(max(value, 0.0f32), 1.0f32)
}

/// The mean luma of a view, returned to all units of its cube.
#[cube]
pub(super) fn mean_luma(
    pixels: &mut [f32],
    first: usize,
    area: usize,
    words: &mut Shared<[f32]>,
) -> f32 {
    let mut total = 0.0f32;
    let mut own = UNIT_POS as usize;
    while own < area {
        let index = first + own;
        total +=
            RED * pixels[index] + GREEN * pixels[index + area] + BLUE * pixels[index + 2 * area];
        own += UNITS;
    }
    sum(total, words) / area as f32
}

/// Applies steps `from .. to` to the pixels of each unit. Only the first may be contrast, about
/// `mean`.
#[cube]
pub(super) fn colours(
    pixels: &mut [f32],
    first: usize,
    area: usize,
    steps: &[f32],
    from: usize,
    to: usize,
    mean: f32,
) {
    let mut pixel = Array::<f32>::new(3usize);
    let mut own = UNIT_POS as usize;
    while own < area {
        let index = first + own;
        #[unroll]
        for channel in 0..3usize {
            pixel[channel] = pixels[index + channel * area];
        }
        for step in from..to {
            apply(&mut pixel, steps, step * NUMBERS, mean);
        }
        #[unroll]
        for channel in 0..3usize {
            pixels[index + channel * area] = pixel[channel];
        }
        own += UNITS;
    }
}

/// Applies the step at offset `at` of `steps` to a pixel.
#[cube]
fn apply(pixel: &mut Array<f32>, steps: &[f32], at: usize, mean: f32) {
    let code = u32::cast_from(steps[at]);
    let value = steps[at + 1];
    if code == BRIGHTNESS {
        #[unroll]
        for channel in 0..3usize {
            pixel[channel] = unit(value * pixel[channel]);
        }
    } else if code == CONTRAST {
        #[unroll]
        for channel in 0..3usize {
            pixel[channel] = unit(value * pixel[channel] + (1.0f32 - value) * mean);
        }
    } else if code == SATURATION {
        let grey = luma(pixel[0], pixel[1], pixel[2]);
        #[unroll]
        for channel in 0..3usize {
            pixel[channel] = unit(value * pixel[channel] + (1.0f32 - value) * grey);
        }
    } else if code == HUE {
        shift_hue(pixel, value);
    } else if code == GREY {
        let grey = luma(pixel[0], pixel[1], pixel[2]);
        #[unroll]
        for channel in 0..3usize {
            pixel[channel] = grey;
        }
    } else if code == SOLARISE {
        #[unroll]
        for channel in 0..3usize {
            if pixel[channel] >= value {
                pixel[channel] = 1.0f32 - pixel[channel];
            }
        }
    } else if code == NORMALISE {
        #[unroll]
        for channel in 0..3usize {
            pixel[channel] = (pixel[channel] - steps[at + 1 + channel]) / steps[at + 4 + channel];
        }
    }
}

/// Hue shift in HSV (Smith 1978), with a formula without case distinctions for the inverse: with
/// the hue `h` in `[0, 6)`, the value `v` and the chroma `c`, channel `n` is `v - c · clamp(min(k,
/// 4 - k), 0, 1)`, `k = (n + h) mod 6`, where red has `n = 5`, green 3, blue
/// 1.
#[cube]
fn shift_hue(pixel: &mut Array<f32>, shift: f32) {
    let red = pixel[0];
    let green = pixel[1];
    let blue = pixel[2];
    let value = max(max(red, green), blue);
    let chroma = value - min(min(red, green), blue);
    let mut hue = 0.0f32;
    if chroma > 0.0f32 {
        if value == red {
            hue = (green - blue) / chroma;
        } else if value == green {
            hue = (blue - red) / chroma + 2.0f32;
        } else {
            hue = (red - green) / chroma + 4.0f32;
        }
    }
    let hue = wrap(hue + shift);
    pixel[0] = unit(value - chroma * ramp(wrap(hue + 5.0f32)));
    pixel[1] = unit(value - chroma * ramp(wrap(hue + 3.0f32)));
    pixel[2] = unit(value - chroma * ramp(wrap(hue + 1.0f32)));
}

/// Wraps a hue into `[0, 6)` from at most one period outside.
#[cube]
fn wrap(hue: f32) -> f32 {
    let mut wrapped = hue;
    if wrapped < 0.0f32 {
        wrapped += 6.0f32;
    }
    if wrapped >= 6.0f32 {
        wrapped -= 6.0f32;
    }
    wrapped
}

/// The function `clamp(min(k, 4 - k), 0, 1)` of the hue formula.
#[cube]
fn ramp(k: f32) -> f32 {
    unit(min(k, 4.0f32 - k))
}
