//! Views computed on the device that `SEMPAIRS_DEVICE` names against those computed on the host.

#[path = "support/on_device.rs"]
#[allow(dead_code, reason = "each test binary uses some of it")]
mod on_device;

use sempairs_augment::{Augmentation, CropWindow, Interpolation, Plan, Region, Step};
use sempairs_data::{Key, Picture, Side};
use sempairs_kernels::{reference, views};

/// Colours that change slowly over the image, with a fine pattern and hard edges on top.
fn picture(width: usize, height: usize, seed: usize) -> Picture<'static> {
    let value = |i: usize| {
        let (x, y, channel) = (i / 3 % width, i / 3 / width, i % 3);
        let slope = (x * (channel + 2) * 200 / width + y * (3 - channel) * 100 / height) % 256;
        let edge = if (x / 9 + y / 7 + seed).is_multiple_of(3) { 60 } else { 0 };
        (slope + edge + i.wrapping_mul(2_654_435_761) % 31).min(255) as u8
    };
    Picture::new(width, height, (0..3 * width * height).map(value).collect::<Vec<_>>())
}

/// Largest and mean absolute difference.
fn differences(plans: &[Plan], pictures: &[Picture<'_>]) -> (f32, f32) {
    let device = on_device::device();
    let [actual, host] = [views, reference::views]
        .map(|views| views(plans, pictures, &device).into_data().try_to_vec::<f32>().unwrap());
    assert_eq!(actual.len(), host.len());
    let differences: Vec<f32> = actual.iter().zip(&host).map(|(a, b)| (a - b).abs()).collect();
    assert!(differences.iter().all(|difference| difference.is_finite()));
    let largest = differences.iter().fold(0.0f32, |largest, x| largest.max(*x));
    (largest, differences.iter().sum::<f32>() / differences.len() as f32)
}

fn assert_near(plans: &[Plan], pictures: &[Picture<'_>], name: &str) {
    let (largest, mean) = differences(plans, pictures);
    println!("{name}: at most {} of 255, {} on average", 255.0 * largest, 255.0 * mean);
    assert!(largest <= 2.0 / 255.0, "{name}: {} of 255", 255.0 * largest);
    assert!(mean <= 0.5 / 255.0, "{name}: {} of 255 on average", 255.0 * mean);
}

/// The plans of every published pipeline over images of several shapes, without the normalisation,
/// which would stretch what is compared.
#[test]
#[cfg_attr(
    not(any(feature = "wgpu", feature = "vulkan", feature = "cuda")),
    ignore = "needs a GPU backend"
)]
fn every_preset_is_near_the_host() {
    let pictures =
        [picture(64, 64, 0), picture(91, 67, 1), picture(40, 130, 2), picture(33, 20, 3)];
    for preset in Augmentation::all() {
        for size in [17, 64] {
            let pipelines = preset.pipelines(size).into_iter().chain([preset.evaluation(size)]);
            let pipelines = pipelines.map(|pipeline| pipeline.without_normalization());
            for (side, pipeline) in pipelines.enumerate() {
                let (mut plans, mut of_plans) = (Vec::new(), Vec::new());
                for number in 0..24u64 {
                    let picture = &pictures[number as usize % pictures.len()];
                    let key = Key { seed: 3, epoch: 1, picture: number, side: Side::Left };
                    plans.push(pipeline.plan(picture.width(), picture.height(), key));
                    of_plans.push(picture.clone());
                }
                assert_near(&plans, &of_plans, &format!("{preset}, pipeline {side} at {size}"));
            }
        }
    }
}

/// Each step alone, and pairs of steps in either order, so that exchanges of pixels through memory
/// are covered.
#[test]
#[cfg_attr(
    not(any(feature = "wgpu", feature = "vulkan", feature = "cuda")),
    ignore = "needs a GPU backend"
)]
fn every_step_is_near_the_host() {
    let steps = [
        Step::Flip,
        Step::Rotate { degrees: 33.0 },
        Step::Rotate { degrees: -140.5 },
        Step::Brightness { factor: 1.3 },
        Step::Contrast { factor: 0.4 },
        Step::Saturation { factor: 1.7 },
        Step::Hue { shift: -0.3 },
        Step::Hue { shift: 0.5 },
        Step::Grayscale,
        Step::Blur { kernel: 9, sigma: 1.9 },
        Step::Blur { kernel: 23, sigma: 0.4 },
        Step::Solarize { threshold: 0.5 },
        Step::Normalize { mean: [0.4, 0.5, 0.6], std: [1.0, 0.9, 1.1] },
    ];
    let picture = picture(70, 50, 5);
    let crop = Region { left: 3, top: 2, width: 61, height: 44 };
    let plan = |steps: Vec<Step>| Plan {
        crop_window: CropWindow::of_crop(crop, 21, Interpolation::Bilinear),
        steps,
    };
    let mut plans = vec![plan(vec![])];
    for first in steps {
        plans.push(plan(vec![first]));
        // Rounding may cross the threshold of solarisation, which therefore comes last.
        if !matches!(first, Step::Solarize { .. }) {
            plans.extend(steps.map(|second| plan(vec![first, second])));
        }
    }
    let pictures = vec![picture; plans.len()];
    for (index, plan) in plans.iter().enumerate() {
        let near = std::slice::from_ref(plan);
        assert_near(near, &pictures[index..=index], &format!("{:?}", plan.steps));
    }
    assert_near(&plans, &pictures, "all at once");
}

/// Crops that are enlarged, reduced, cut at the edge or larger than the image, with both
/// interpolation kernels.
#[test]
#[cfg_attr(
    not(any(feature = "wgpu", feature = "vulkan", feature = "cuda")),
    ignore = "needs a GPU backend"
)]
fn every_crop_window_is_near_the_host() {
    let whole = Region { left: 0, top: 0, width: 70, height: 50 };
    let corner = Region { left: 69, top: 49, width: 1, height: 1 };
    let strip = Region { left: 10, top: 0, width: 5, height: 50 };
    for interpolation in [Interpolation::Bilinear, Interpolation::Bicubic] {
        let mut plans = Vec::new();
        for crop in [whole, corner, strip] {
            for size in [16] {
                plans.push(CropWindow::of_crop(crop, size, interpolation));
                let windows = [([30, 20], [7, 2]), ([12, 9], [-2, -3]), ([90, 200], [20, 150])];
                for (resized, window) in windows {
                    plans.push(CropWindow { crop, resized, window, size, interpolation });
                }
            }
        }
        let plans: Vec<_> = plans
            .into_iter()
            .map(|crop_window| Plan { crop_window, steps: vec![Step::Flip] })
            .collect();
        for (index, plan) in plans.iter().enumerate() {
            let picture = [picture(70, 50, 7)];
            let name = format!("{interpolation:?}, crop window {index}");
            assert_near(std::slice::from_ref(plan), &picture, &name);
        }
    }
}

/// On a device with autodiff the views have the same values and no gradient, as the trainer needs.
#[test]
#[cfg_attr(
    not(any(feature = "wgpu", feature = "vulkan", feature = "cuda")),
    ignore = "needs a GPU backend"
)]
fn an_autodiff_device_gets_the_same_views() {
    let device = on_device::device();
    let pictures = [picture(64, 64, 0), picture(91, 67, 1)];
    let [pipeline, _] = Augmentation::Simclr.pipelines(16);
    let plan = |number: usize| {
        let side = Side::Left;
        let key = Key { seed: 3, epoch: 1, picture: number as u64, side };
        pipeline.plan(pictures[number].width(), pictures[number].height(), key)
    };
    let plans = [plan(0), plan(1)];
    let tracked = views(&plans, &pictures, &device.clone().autodiff());
    assert!(tracked.is_autodiff() && !tracked.is_require_grad());
    let plain = views(&plans, &pictures, &device);
    assert_eq!(tracked.into_data(), plain.into_data());
}
