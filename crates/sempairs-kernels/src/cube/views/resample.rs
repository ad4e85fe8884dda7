//! Antialiased resize with the weights of Pillow and PyTorch, computed on the fly.

use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;

use super::program::{
    CROP_HEIGHT, CROP_WIDTH, CUBIC, FIELDS, LEFT, OFFSET, RESIZED_HEIGHT, RESIZED_WIDTH, TOP,
    WIDTH, WINDOW_X, WINDOW_Y,
};
use crate::cube::matmul_tile::UNITS;

/// The input pixels under the kernel of one output pixel.
#[derive(CubeType, Clone, Copy)]
struct Taps {
    low: usize,
    high: usize,
    centre: f32,
    wider: f32,
}

/// The taps of output pixel `index` when `input` pixels are resized to `output`; none outside of
/// the output.
#[cube]
fn taps(index: i32, input: usize, output: usize, cubic: bool) -> Taps {
    let scale = input as f32 / output as f32;
    let wider = max(scale, 1.0f32);
    let mut support = wider;
    if cubic {
        support = 2.0f32 * wider;
    }
    let centre = scale * (index as f32 + 0.5f32);
    let mut low = 0usize;
    let mut high = 0usize;
    if index >= 0i32 && index < output as i32 {
        low = max(centre - support + 0.5f32, 0.0f32) as usize;
        high = min((centre + support + 0.5f32) as usize, input);
    }
    Taps { low, high, centre, wider }
}

/// Weight of an input pixel: triangle kernel, or Keys's cubic convolution kernel with a = -1/2.
#[cube]
fn weight(taps: &Taps, pixel: usize, cubic: bool) -> f32 {
    let x = ((pixel as f32 - taps.centre + 0.5f32) / taps.wider).abs();
    let mut value = max(1.0f32 - x, 0.0f32);
    if cubic {
        value = 0.0f32;
        if x < 1.0f32 {
            value = (1.5f32 * x - 2.5f32) * x * x + 1.0f32;
        } else if x < 2.0f32 {
            value = ((-0.5f32 * x + 2.5f32) * x - 4.0f32) * x + 2.0f32;
        }
    }
    value
}

/// The byte at an index of an array of packed words, as a number from 0 to 255.
#[cube]
fn byte(words: &[u32], place: usize) -> f32 {
    let shift = 8u32 * (place % 4) as u32;
    f32::cast_from((words[place / 4] >> shift) & 255u32)
}

/// Resizes every crop along its rows to the width of its view:
/// `narrow[((view · 3 + channel) · size + row) · columns + column]`, between 0 and 1.
#[cube(launch_unchecked)]
pub(in crate::cube) fn shrink_columns(
    words: &[u32],
    crop_windows: &[i32],
    narrow: &mut [f32],
    size: usize,
    columns: usize,
) {
    let column = CUBE_POS_X as usize * UNITS + UNIT_POS as usize;
    let row = CUBE_POS_Y as usize;
    let view = CUBE_POS_Z as usize;
    let at = view * FIELDS;
    if column < crop_windows[at + CROP_WIDTH] as usize {
        let cubic = crop_windows[at + CUBIC] == 1i32;
        let taps = taps(
            row as i32 + crop_windows[at + WINDOW_Y],
            crop_windows[at + CROP_HEIGHT] as usize,
            crop_windows[at + RESIZED_HEIGHT] as usize,
            cubic,
        );
        let stride = 3 * crop_windows[at + WIDTH] as usize;
        let first = crop_windows[at + OFFSET] as usize
            + crop_windows[at + TOP] as usize * stride
            + 3 * (crop_windows[at + LEFT] as usize + column);
        let mut red = 0.0f32;
        let mut green = 0.0f32;
        let mut blue = 0.0f32;
        let mut total = 0.0f32;
        for pixel in taps.low..taps.high {
            let weight = weight(&taps, pixel, cubic);
            let place = first + pixel * stride;
            red += weight * byte(words, place);
            green += weight * byte(words, place + 1);
            blue += weight * byte(words, place + 2);
            total += weight;
        }
        let mut share = 0.0f32;
        if taps.high > taps.low {
            share = 1.0f32 / (255.0f32 * total);
        }
        let plane = size * columns;
        let place = (view * 3 * size + row) * columns + column;
        narrow[place] = red * share;
        narrow[place + plane] = green * share;
        narrow[place + 2 * plane] = blue * share;
    }
}

/// Resizes the output of [`shrink_columns`] along the columns of one view into `pixels`; each unit
/// computes its own pixels.
#[cube]
pub(super) fn shrink_rows(
    narrow: &[f32],
    crop_windows: &[i32],
    pixels: &mut [f32],
    view: usize,
    size: usize,
    columns: usize,
) {
    let at = view * FIELDS;
    let cubic = crop_windows[at + CUBIC] == 1i32;
    let area = size * size;
    let mut own = UNIT_POS as usize;
    while own < area {
        let row = own / size;
        let taps = taps(
            (own % size) as i32 + crop_windows[at + WINDOW_X],
            crop_windows[at + CROP_WIDTH] as usize,
            crop_windows[at + RESIZED_WIDTH] as usize,
            cubic,
        );
        let mut red = 0.0f32;
        let mut green = 0.0f32;
        let mut blue = 0.0f32;
        let mut total = 0.0f32;
        let plane = size * columns;
        let first = (view * 3 * size + row) * columns;
        for pixel in taps.low..taps.high {
            let weight = weight(&taps, pixel, cubic);
            red += weight * narrow[first + pixel];
            green += weight * narrow[first + plane + pixel];
            blue += weight * narrow[first + 2 * plane + pixel];
            total += weight;
        }
        let mut share = 0.0f32;
        if taps.high > taps.low {
            share = 1.0f32 / total;
        }
        red *= share;
        green *= share;
        blue *= share;
        // A cubic kernel overshoots at edges; linear weights cannot leave the range.
        if cubic {
            red = red.clamp(0.0f32, 1.0f32);
            green = green.clamp(0.0f32, 1.0f32);
            blue = blue.clamp(0.0f32, 1.0f32);
        }
        let place = view * 3 * area + own;
        pixels[place] = red;
        pixels[place + area] = green;
        pixels[place + 2 * area] = blue;
        own += UNITS;
    }
}
