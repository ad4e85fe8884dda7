//! Steps that move pixels: flip, rotation and blur. Each ends with a barrier over the cube.

use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;

use crate::cube::matmul_tile::UNITS;
use crate::cube::reduction::sum;

/// Copies a view to scratch memory that all units of the cube can read.
#[cube]
fn copy_to_scratch(pixels: &mut [f32], scratch: &mut [f32], first: usize, area: usize) {
    let mut own = UNIT_POS as usize;
    while own < 3 * area {
        scratch[first + own] = pixels[first + own];
        own += UNITS;
    }
    sync_storage();
}

/// Horizontal flip.
#[cube]
pub(super) fn flip(pixels: &mut [f32], scratch: &mut [f32], first: usize, size: usize) {
    let area = size * size;
    sync_storage();
    copy_to_scratch(pixels, scratch, first, area);
    let mut own = UNIT_POS as usize;
    while own < 3 * area {
        let column = own % size;
        pixels[first + own] = scratch[first + own - column + (size - 1 - column)];
        own += UNITS;
    }
    sync_storage();
}

/// Bilinear counter-clockwise rotation about the centre, with zeros outside the image. An output
/// pixel of which a fraction `m` lies inside the image is multiplied by `m` once more.
#[cube]
pub(super) fn rotate(
    pixels: &mut [f32],
    scratch: &mut [f32],
    first: usize,
    size: usize,
    sin: f32,
    cos: f32,
) {
    let area = size * size;
    sync_storage();
    copy_to_scratch(pixels, scratch, first, area);
    let middle = (size as f32 - 1.0f32) / 2.0f32;
    let edge = size as f32 + 1.0f32;
    let mut own = UNIT_POS as usize;
    while own < area {
        let across = (own % size) as f32 - middle;
        let down = (own / size) as f32 - middle;
        // Coordinates start at a border of one pixel outside the image.
        let x = (across * cos - down * sin + middle + 1.0f32).clamp(0.0f32, edge);
        let y = (across * sin + down * cos + middle + 1.0f32).clamp(0.0f32, edge);
        let left = x as usize;
        let top = y as usize;
        let right = x - left as f32;
        let below = y - top as f32;
        let mut presence = 0.0f32;
        let mut red = 0.0f32;
        let mut green = 0.0f32;
        let mut blue = 0.0f32;
        #[unroll]
        for i in 0..2usize {
            #[unroll]
            for j in 0..2usize {
                let px = left + i;
                let py = top + j;
                let mut share = 1.0f32 - right;
                if comptime![i == 1] {
                    share = right;
                }
                if comptime![j == 1] {
                    share *= below;
                } else {
                    share *= 1.0f32 - below;
                }
                if px >= 1 && px <= size && py >= 1 && py <= size {
                    let index = first + (py - 1) * size + px - 1;
                    presence += share;
                    red += share * scratch[index];
                    green += share * scratch[index + area];
                    blue += share * scratch[index + 2 * area];
                }
            }
        }
        let index = first + own;
        pixels[index] = red * presence;
        pixels[index + area] = green * presence;
        pixels[index + 2 * area] = blue * presence;
        own += UNITS;
    }
    sync_storage();
}

/// Reflects an index at the borders of `0 .. size`, outside of which it may lie by less than
/// `size`.
#[cube]
fn mirrored(index: i32, size: i32) -> usize {
    let mut inside = index;
    if inside < 0i32 {
        inside = -inside;
    }
    if inside >= size {
        inside = 2i32 * (size - 1i32) - inside;
    }
    inside as usize
}

/// Gaussian blur with a kernel of `kernel` pixels and reflection at the border, along rows and then
/// along columns.
#[cube]
pub(super) fn blur(
    pixels: &mut [f32],
    scratch: &mut [f32],
    words: &mut Shared<[f32]>,
    weights: &mut Shared<[f32]>,
    first: usize,
    size: usize,
    kernel: usize,
    sigma: f32,
) {
    let half = kernel / 2;
    let unit = UNIT_POS as usize;
    let mut density = 0.0f32;
    if unit < kernel {
        let away = (unit as f32 - half as f32) / sigma;
        density = (-0.5f32 * away * away).exp();
    }
    let total = sum(density, words);
    weights[unit] = density / total;
    sync_storage();

    let mut own = unit;
    while own < 3 * size * size {
        let column = own % size;
        let row = first + own - column;
        let mut value = 0.0f32;
        for i in 0..kernel {
            let from = mirrored((column + i) as i32 - half as i32, size as i32);
            value += weights[i] * pixels[row + from];
        }
        scratch[first + own] = value;
        own += UNITS;
    }
    sync_storage();

    let area = size * size;
    let mut own = unit;
    while own < 3 * area {
        let within = own % area;
        let row = within / size;
        let column = first + own - within + within % size;
        let mut value = 0.0f32;
        for i in 0..kernel {
            let from = mirrored((row + i) as i32 - half as i32, size as i32);
            value += weights[i] * scratch[column + from * size];
        }
        pixels[first + own] = value;
        own += UNITS;
    }
    sync_storage();
}
