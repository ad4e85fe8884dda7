//! Properties of the views that plans make.

use sempairs_augment::{
    Augmentation, Interpolation, Pipeline, Scratch, Step, Transform, apply_batch,
};
use sempairs_data::Picture;

use super::{key, picture, view};

#[test]
fn views_of_any_picture_lie_between_0_and_1_up_to_rounding() {
    for preset in [
        Augmentation::Paper,
        Augmentation::Simclr,
        Augmentation::SimclrCifar,
        Augmentation::CenterCrop,
    ] {
        for size in [3, 32, 37, 64, 224] {
            for (width, height) in [(1, 1), (1, 7), (2, 1), (64, 64), (100, 3), (333, 500)] {
                let picture = picture(width, height);
                for i in 0..6 {
                    for pipeline in preset.pipelines(size) {
                        let view = view(&pipeline.plan(width, height, key(i)), &picture);
                        let good = view.iter().all(|value| (-1e-6..=1.0 + 1e-6).contains(value));
                        assert!(good, "{preset} {width}x{height} at {size}");
                    }
                }
            }
        }
    }
}

#[test]
fn a_picture_of_10000_by_10_gives_a_view() {
    for (width, height) in [(10_000, 10), (10, 10_000)] {
        let picture = picture(width, height);
        for preset in [Augmentation::Simclr, Augmentation::CenterCrop] {
            for i in 0..5 {
                let plan = preset.pipelines(64)[0].plan(width, height, key(i));
                let ratio =
                    plan.crop_window.crop.width as f64 / plan.crop_window.crop.height as f64;
                if preset == Augmentation::Simclr {
                    assert!((0.7..1.45).contains(&ratio), "{:?}", plan.crop_window);
                }
                let view = view(&plan, &picture);
                assert!(view.iter().all(|value| (-1e-6..=1.0 + 1e-6).contains(value)));
            }
        }
    }
}

#[test]
fn a_rendered_view_is_that_of_the_plan() {
    let picture = picture(50, 40);
    let [one, _] = Augmentation::Byol.pipelines(16);
    let mut rendered = vec![f32::NAN; 3 * 16 * 16];
    one.render(&picture, key(4), &mut rendered, &mut Scratch::default());
    assert_eq!(rendered, view(&one.plan(50, 40, key(4)), &picture));
}

#[test]
fn a_uniform_colour_does_not_change() {
    for (width, height) in [(1, 1), (3, 500), (97, 64)] {
        let picture = Picture::new(width, height, [50, 100, 200].repeat(width * height));
        for preset in [Augmentation::SimclrCifar, Augmentation::CenterCrop] {
            let pipeline = preset.pipelines(32)[0].without("color_jitter").unwrap();
            let pipeline = pipeline.without("grayscale").unwrap();
            let view = view(&pipeline.plan(width, height, key(3)), &picture);
            for (plane, byte) in view.chunks_exact(32 * 32).zip([50.0, 100.0, 200.0f32]) {
                assert!(plane.iter().all(|value| (value - byte / 255.0).abs() < 1e-6));
            }
        }
    }
}

#[test]
fn a_window_as_large_as_the_picture_is_the_picture() {
    let picture = picture(33, 33);
    let pipeline = Pipeline::new(vec![Transform::CenterCrop { size: 33 }]);
    let out = view(&pipeline.plan(33, 33, key(0)), &picture);
    for (i, byte) in picture.pixels().iter().enumerate() {
        assert!((out[i % 3 * 33 * 33 + i / 3] - f32::from(*byte) / 255.0).abs() < 1e-7);
    }
    // A larger window shows the picture centred on black; two more columns are one on each side.
    let pipeline = Pipeline::new(vec![Transform::CenterCrop { size: 35 }]);
    let larger = view(&pipeline.plan(33, 33, key(0)), &picture);
    for y in 0..35 {
        for x in 0..35 {
            let inside = (1..34).contains(&x) && (1..34).contains(&y);
            let wanted = if inside { out[(y - 1) * 33 + x - 1] } else { 0.0 };
            assert_eq!(larger[y * 35 + x], wanted);
        }
    }
}

#[test]
fn inverse_steps_restore_the_view() {
    let picture = picture(40, 40);
    let mut plan = Pipeline::new(vec![Transform::CenterCrop { size: 40 }]).plan(40, 40, key(0));
    let plain = view(&plan, &picture);
    let mut with = |steps: Vec<Step>| {
        plan.steps = steps;
        view(&plan, &picture)
    };
    let near = |a: &[f32], b: &[f32]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 2e-6);
    assert_eq!(with(vec![Step::Flip, Step::Flip]), plain);
    assert_eq!(
        with(vec![Step::Hue { shift: 0.0 }, Step::Flip, Step::Flip]),
        with(vec![Step::Hue { shift: 0.0 }])
    );
    assert!(near(&with(vec![Step::Hue { shift: 0.3 }, Step::Hue { shift: -0.3 }]), &plain));
    assert!(near(&with(vec![Step::Hue { shift: 0.5 }, Step::Hue { shift: 0.5 }]), &plain));
    assert!(near(
        &with(vec![Step::Rotate { degrees: 90.0 }, Step::Rotate { degrees: -90.0 }]),
        &plain
    ));
    assert!(near(&with(vec![Step::Rotate { degrees: 180.0 }; 2]), &plain));
    assert!(near(&with(vec![Step::Contrast { factor: 1.0 }]), &plain));
    assert!(near(&with(vec![Step::Solarize { threshold: 0.0 }; 2]), &plain));
    assert!(near(&with(vec![Step::Blur { kernel: 5, sigma: 0.01 }]), &plain));
}

/// Contrast uses the mean of the preceding step, however it is fused with its neighbours.
#[test]
fn fused_steps_equal_the_same_steps_one_by_one() {
    let picture = picture(50, 41);
    let steps = [
        Step::Contrast { factor: 0.5 },
        Step::Hue { shift: 0.1 },
        Step::Brightness { factor: 1.6 },
        Step::Contrast { factor: 1.7 },
        Step::Contrast { factor: 0.8 },
        Step::Blur { kernel: 3, sigma: 1.0 },
        Step::Contrast { factor: 1.2 },
        Step::Saturation { factor: 0.3 },
        Step::Flip,
        Step::Contrast { factor: 1.1 },
        Step::Normalize { mean: [0.5; 3], std: [0.2, 0.3, 0.4] },
    ];
    let mut plan = Pipeline::new(vec![Transform::CenterCrop { size: 39 }]).plan(50, 41, key(0));
    let mut single = view(&plan, &picture);
    plan.steps = steps.to_vec();
    let fused = view(&plan, &picture);
    for step in steps {
        plan.steps = vec![step];
        plan.apply_planar(&mut single, &mut Scratch::default());
    }
    assert!(fused.iter().zip(&single).all(|(a, b)| (a - b).abs() < 1e-5));
}

#[test]
fn a_batch_equals_its_single_views_whatever_the_state_of_the_buffers() {
    let sizes = [(64, 64), (31, 200), (500, 333), (1, 1), (90, 90), (64, 48)];
    let pictures: Vec<_> = sizes.iter().cycle().take(40).map(|&(w, h)| picture(w, h)).collect();
    let [_, two] = Augmentation::Dino.pipelines(48);
    let plans: Vec<_> = pictures
        .iter()
        .enumerate()
        .map(|(i, picture)| two.plan(picture.width(), picture.height(), key(i as u64)))
        .collect();
    let mut out = vec![f32::NAN; 40 * 3 * 48 * 48];
    apply_batch(&plans, &pictures, &mut out);
    for ((plan, picture), ours) in plans.iter().zip(&pictures).zip(out.chunks_exact(3 * 48 * 48)) {
        assert_eq!(view(plan, picture), ours);
    }
    apply_batch(&[], &[], &mut []);
}

#[test]
#[should_panic(expected = "lies outside a picture of 10x10")]
fn a_plan_for_another_picture_panics() {
    let plan = Augmentation::CenterCrop.pipelines(8)[0].plan(20, 20, key(0));
    view(&plan, &picture(10, 10));
}

#[test]
fn another_filter_changes_the_pixels_but_not_the_window() {
    let [bicubic, _] = Augmentation::Simclr.pipelines(16);
    let bilinear = bicubic.clone().with_interpolation(Interpolation::Bilinear);
    let picture = picture(60, 40);
    let plans = [&bicubic, &bilinear].map(|pipeline| pipeline.plan(60, 40, key(3)));
    let [a, b] = plans.map(|plan| view(&plan, &picture));
    assert_ne!(a, b);
    let back = bilinear.with_interpolation(Interpolation::Bicubic);
    assert_eq!(back, bicubic);
    let difference = a.iter().zip(&b).map(|(a, b)| (a - b).abs()).sum::<f32>() / a.len() as f32;
    assert!(difference < 0.1, "the views show different windows: {difference}");
}
