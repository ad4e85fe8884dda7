//! Crop windows and blurs compared with direct implementations of the formulas in double precision.

use sempairs_augment::{Augmentation, CropWindow, Interpolation, Plan, Region, Scratch, Step};
use sempairs_data::{Key, Picture, Side};

fn picture(width: usize, height: usize) -> Picture<'static> {
    let bytes =
        (0..3 * width * height).map(|i| ((i as u32).wrapping_mul(2_654_435_761) >> 24) as u8);
    Picture::new(width, height, bytes.collect::<Vec<_>>())
}

fn kernel(x: f64, interpolation: Interpolation) -> f64 {
    let x = x.abs();
    match interpolation {
        Interpolation::Bilinear if x < 1.0 => 1.0 - x,
        Interpolation::Bicubic if x < 1.0 => 1.5 * x.powi(3) - 2.5 * x.powi(2) + 1.0,
        Interpolation::Bicubic if x < 2.0 => -0.5 * x.powi(3) + 2.5 * x.powi(2) - 4.0 * x + 2.0,
        _ => 0.0,
    }
}

/// The weight of every input pixel for one output pixel; zero if that lies outside the output.
fn weights(index: isize, input: usize, output: usize, interpolation: Interpolation) -> Vec<f64> {
    if index < 0 || index >= output as isize {
        return vec![0.0; input];
    }
    let scale = input as f64 / output as f64;
    let centre = (index as f64 + 0.5) * scale;
    let raw = (0..input)
        .map(|pixel| kernel((pixel as f64 + 0.5 - centre) / scale.max(1.0), interpolation));
    let sum: f64 = raw.clone().sum();
    raw.map(|weight| weight / sum).collect()
}

fn oracle(crop_window: &CropWindow, picture: &Picture<'_>, mirrored: bool) -> Vec<f64> {
    let CropWindow { crop, resized, window, size, interpolation } = *crop_window;
    let mut view = vec![0.0; 3 * size * size];
    for y in 0..size {
        let down = weights(window[1] + y as isize, crop.height, resized[1], interpolation);
        for x in 0..size {
            let across = weights(window[0] + x as isize, crop.width, resized[0], interpolation);
            let to = if mirrored { size - 1 - x } else { x };
            for channel in 0..3 {
                let mut sum = 0.0;
                for (row, down) in down.iter().enumerate().filter(|(_, weight)| **weight != 0.0) {
                    let at = (crop.top + row) * picture.width() + crop.left;
                    for (column, across) in across.iter().enumerate() {
                        let byte = picture.pixels()[3 * (at + column) + channel];
                        sum += down * across * f64::from(byte) / 255.0;
                    }
                }
                view[(channel * size + y) * size + to] = sum.clamp(0.0, 1.0);
            }
        }
    }
    view
}

fn agree(plan: &Plan, picture: &Picture<'_>) {
    let mut ours = vec![f32::NAN; 3 * plan.size() * plan.size()];
    plan.apply(picture, &mut ours, &mut Scratch::default());
    let exact = oracle(&plan.crop_window, picture, plan.steps == [Step::Flip]);
    for (ours, exact) in ours.iter().zip(exact) {
        assert!(
            (f64::from(*ours) - exact).abs() < 2e-6,
            "{ours} for {exact}: {:?}",
            plan.crop_window
        );
    }
}

#[test]
fn random_crops_are_weighted_means() {
    for preset in [Augmentation::SimclrCifar, Augmentation::MocoV2] {
        for (width, height, size) in [(64, 64, 32), (90, 41, 13), (7, 5, 16), (1, 1, 9), (3, 80, 8)]
        {
            let picture = picture(width, height);
            for number in 0..8 {
                let key = Key { seed: 3, epoch: 0, picture: number, side: Side::Left };
                let mut plan = preset.pipelines(size)[0].plan(width, height, key);
                plan.steps.retain(|step| *step == Step::Flip);
                agree(&plan, &picture);
            }
        }
    }
}

#[test]
fn windows_may_lie_partly_or_entirely_outside_the_resized_crop() {
    let picture = picture(50, 30);
    let crop = Region { left: 3, top: 2, width: 40, height: 25 };
    for interpolation in [Interpolation::Bilinear, Interpolation::Bicubic] {
        for (resized, window) in [
            ([20, 20], [0, 0]),
            ([100, 60], [41, 19]),
            ([16, 10], [-2, -5]),
            ([21, 200], [1, 150]),
            ([20, 20], [30, 0]),
            ([20, 20], [0, -20]),
            ([20, 20], [10, -12]),
        ] {
            for steps in [vec![], vec![Step::Flip]] {
                let crop_window = CropWindow { crop, resized, window, size: 20, interpolation };
                agree(&Plan { crop_window, steps }, &picture);
            }
        }
    }
}

#[test]
fn a_blur_is_a_weighted_mean_with_reflection() {
    for (size, kernel, sigma) in [(5, 9, 3.0f32), (12, 3, 0.4), (33, 5, 1.1), (70, 23, 2.0)] {
        let picture = picture(size, size);
        let crop = Region { left: 0, top: 0, width: size, height: size };
        let crop_window = CropWindow::of_crop(crop, size, Interpolation::Bilinear);
        let mut view = vec![0.0; 3 * size * size];
        let plan = Plan { crop_window, steps: vec![Step::Blur { kernel, sigma }] };
        plan.apply(&picture, &mut view, &mut Scratch::default());
        let half = (kernel / 2) as isize;
        let bell = |at: isize| (-0.5 * (at as f64 / f64::from(sigma)).powi(2)).exp();
        let total: f64 = (-half..=half).map(bell).sum();
        let mirror = |at: isize| {
            let last = size as isize - 1;
            (if at < 0 {
                -at
            } else if at > last {
                2 * last - at
            } else {
                at
            }) as usize
        };
        for (i, ours) in view.iter().enumerate() {
            let (channel, y, x) = (i / (size * size), i / size % size, i % size);
            let mut sum = 0.0;
            for down in -half..=half {
                for across in -half..=half {
                    let (row, column) = (mirror(y as isize + down), mirror(x as isize + across));
                    let byte = picture.pixels()[3 * (row * size + column) + channel];
                    sum += bell(down) * bell(across) / (total * total) * f64::from(byte) / 255.0;
                }
            }
            assert!((f64::from(*ours) - sum).abs() < 2e-6, "{ours} for {sum}: {kernel} in {size}");
        }
    }
}
