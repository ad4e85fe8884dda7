//! Properties that hold for any picture and any key.

mod files;
mod plans;
mod views;

use sempairs_augment::{Interpolation, Plan, Scratch, Transform};
use sempairs_data::{Key, Picture, Side};

fn key(picture: u64) -> Key {
    Key { seed: 5, epoch: 2, picture, side: Side::Right }
}

/// A picture of pseudo-random pixels, in which no error can hide behind a pattern.
fn picture(width: usize, height: usize) -> Picture<'static> {
    let bytes = (0..3 * width * height).map(|i| (i as u32).wrapping_mul(2_654_435_761) >> 24);
    Picture::new(width, height, bytes.map(|byte| byte as u8).collect::<Vec<_>>())
}

fn view(plan: &Plan, picture: &Picture<'_>) -> Vec<f32> {
    let mut out = vec![f32::NAN; 3 * plan.size() * plan.size()];
    plan.apply(picture, &mut out, &mut Scratch::default());
    out
}

fn crop(size: usize, area: [f32; 2], ratio: [f32; 2]) -> Transform {
    Transform::RandomResizedCrop { size, area, ratio, interpolation: Interpolation::Bilinear }
}
