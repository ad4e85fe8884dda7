//! What holds for any picture and any key.

use sempairs_augment::{
    Interpolation, Pipeline, Plan, Preset, Scratch, Step, Transform, apply_batch,
};
use sempairs_data::{Key, Picture, Side};

fn key(picture: u64) -> Key {
    Key { seed: 5, epoch: 2, picture, side: Side::Right }
}

/// A picture without a pattern that a mistake could hide in.
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

#[test]
fn presets_pass_their_check_and_survive_files() {
    for preset in Preset::all() {
        assert_eq!(preset.to_string().parse(), Ok(preset));
        let json = serde_json::to_string(&preset).unwrap();
        assert_eq!(json, format!("\"{preset}\""));
        for size in [3, 32, 64, 96, 224] {
            for pipeline in preset.pipelines(size).into_iter().chain([preset.evaluation(size)]) {
                assert_eq!(pipeline.check(), Ok(()), "{preset} at {size}");
                assert_eq!(pipeline.size(), size);
                let json = serde_json::to_string(&pipeline).unwrap();
                assert_eq!(serde_json::from_str::<Pipeline>(&json).unwrap(), pipeline);
                let plan = pipeline.plan(200, 100, key(1));
                let json = serde_json::to_string(&plan).unwrap();
                assert_eq!(serde_json::from_str::<Plan>(&json).unwrap(), plan);
            }
        }
    }
    let error = "simclr2".parse::<Preset>().unwrap_err().to_string();
    assert!(error.contains("\"simclr2\"") && error.contains("simclr_cifar"), "{error}");
}

#[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
struct File {
    views: Pipeline,
}

#[test]
fn toml_goes_there_and_back_and_misspelt_keys_are_errors() {
    for preset in Preset::all() {
        for views in preset.pipelines(64) {
            let file = File { views };
            let text = toml::to_string(&file).unwrap();
            assert_eq!(toml::from_str::<File>(&text).unwrap(), file, "{text}");
        }
    }
    let good = "[[views]]\nop = \"center_crop\"\nsize = 64\n";
    toml::from_str::<File>(good).unwrap();
    for bad in [
        format!("{good}sise = 3\n"),
        good.replace("center_crop", "centre"),
        "[[views]]\nop = \"center_crop\"\n".into(),
        format!("{good}[[views]]\nop = \"solarize\"\np = 0.5\nthreshold = 0.5\nkernel = 3\n"),
    ] {
        let error = toml::from_str::<File>(&bad).unwrap_err().to_string();
        assert!(error.contains("unknown") || error.contains("missing"), "{error}");
    }
}

#[test]
fn check_finds_what_cannot_run() {
    let square = || crop(32, [0.1, 1.0], [0.75, 1.5]);
    let blur = |kernel| Transform::GaussianBlur { p: 0.5, kernel, sigma: [0.1, 2.0] };
    let resize = Transform::Resize { size: 40, interpolation: Interpolation::Bicubic };
    for (transforms, complaint) in [
        (vec![], "no fixed output size"),
        (vec![Transform::Grayscale { p: 0.2 }], "no fixed output size"),
        (vec![resize.clone()], "no fixed output size"),
        (vec![square(), Transform::CenterCrop { size: 16 }], "transform 2 (center_crop)"),
        (vec![square(), square()], "again"),
        (vec![square(), Transform::Grayscale { p: 1.5 }], "transform 2 (grayscale): p is 1.5"),
        (vec![square(), Transform::HorizontalFlip { p: f32::NAN }], "p is NaN"),
        (vec![square(), blur(4)], "odd"),
        (vec![square(), blur(65)], "less than the view's 32"),
        (vec![crop(32, [0.0, 1.0], [1.0, 1.0])], "area is [0, 1]"),
        (vec![crop(32, [0.1, 1.1], [1.0, 1.0])], "area"),
        (vec![crop(32, [0.1, 1.0], [2.0, 1.0])], "ratio is [2, 1]"),
        (vec![crop(0, [0.1, 1.0], [1.0, 1.0])], "size is 0"),
    ] {
        let error = Pipeline::new(transforms).check().unwrap_err().to_string();
        assert!(error.contains(complaint), "{error}");
    }
    assert_eq!(
        Pipeline::new(vec![resize, Transform::CenterCrop { size: 32 }, blur(63)]).check(),
        Ok(())
    );
}

#[test]
fn a_plan_depends_on_the_key_alone() {
    let [one, _] = Preset::Paper.pipelines(64);
    let plans: Vec<Plan> = (0..64).map(|i| one.plan(90, 70, key(i))).collect();
    let elsewhere = std::thread::spawn({
        let one = one.clone();
        move || (0..64).rev().map(|i| one.plan(90, 70, key(i))).collect::<Vec<_>>()
    });
    let mut elsewhere = elsewhere.join().unwrap();
    elsewhere.reverse();
    assert_eq!(plans, elsewhere);
    let other = |change: fn(&mut Key)| {
        let mut key = key(0);
        change(&mut key);
        one.plan(90, 70, key)
    };
    assert_ne!(plans[0], plans[1]);
    assert_ne!(plans[0], other(|key| key.seed += 1));
    assert_ne!(plans[0], other(|key| key.epoch += 1));
    assert_ne!(plans[0], other(|key| key.side = Side::Left));
}

#[test]
fn leaving_a_transform_out_changes_no_other_draw() {
    type Belongs = fn(&Step) -> bool;
    let parts: [(&str, Belongs); 5] = [
        ("rotation", |step| matches!(step, Step::Rotate { .. })),
        ("horizontal_flip", |step| *step == Step::Flip),
        ("grayscale", |step| *step == Step::Grayscale),
        ("gaussian_blur", |step| matches!(step, Step::Blur { .. })),
        ("color_jitter", |step| {
            matches!(
                step,
                Step::Brightness { .. }
                    | Step::Contrast { .. }
                    | Step::Saturation { .. }
                    | Step::Hue { .. }
            )
        }),
    ];
    let [whole, _] = Preset::Paper.pipelines(32);
    for (name, belongs) in parts {
        let less = whole.without(name).unwrap();
        assert_eq!(less.transforms().len() + 1, whole.transforms().len());
        let mut removed = 0;
        for i in 0..100 {
            let (mut all, some) = (whole.plan(60, 50, key(i)), less.plan(60, 50, key(i)));
            let before = all.steps.len();
            all.steps.retain(|step| !belongs(step));
            removed += before - all.steps.len();
            assert_eq!(all, some, "without {name}");
        }
        assert!(removed > 0, "{name} never happened");
    }
    assert_eq!(whole.without("solarize"), Ok(whole.clone()));
    let error = whole.without("greyscale").unwrap_err().to_string();
    assert!(error.contains("\"greyscale\"") && error.contains("grayscale"), "{error}");
}

#[test]
fn a_second_transform_of_a_kind_draws_for_itself() {
    let jitter = || Transform::ColorJitter {
        p: 1.0,
        brightness: 0.4,
        contrast: 0.0,
        saturation: 0.0,
        hue: 0.0,
    };
    let twice = Pipeline::new(vec![crop(8, [0.5, 1.0], [1.0, 1.0]), jitter(), jitter()]);
    let steps = twice.plan(20, 20, key(0)).steps;
    assert_eq!(steps.len(), 2);
    assert_ne!(steps[0], steps[1]);
}

/// Draws lie in their ranges and reach into their ends; boxes are uniform in area and in the logarithm
/// of their ratio (to rounding), by the largest distance of the distribution functions.
#[test]
fn boxes_and_strengths_are_uniform() {
    let (area, ratio) = ([0.08, 0.5], [3.0 / 4.0, 4.0 / 3.0f32]);
    let jitter = Transform::ColorJitter {
        p: 1.0,
        brightness: 0.8,
        contrast: 0.8,
        saturation: 0.8,
        hue: 0.2,
    };
    let pipeline = Pipeline::new(vec![crop(8, area, ratio), jitter]);
    let (mut areas, mut ratios, mut lefts, mut factors, mut shifts) =
        (vec![], vec![], vec![], vec![], vec![]);
    let mut first = [0; 4];
    let count = 4000;
    for i in 0..count {
        let plan = pipeline.plan(4000, 4000, key(i));
        let (w, h) = (plan.frame.crop.width as f64, plan.frame.crop.height as f64);
        areas.push(w * h / 16e6);
        ratios.push((w / h).ln());
        lefts.push(plan.frame.crop.left as f64 / (4000.0 - w + 1.0));
        for (place, step) in plan.steps.iter().enumerate() {
            let kind = match *step {
                Step::Brightness { factor } => {
                    factors.push(f64::from(factor));
                    0
                }
                Step::Contrast { .. } => 1,
                Step::Saturation { .. } => 2,
                Step::Hue { shift } => {
                    shifts.push(f64::from(shift));
                    3
                }
                _ => panic!("{step:?}"),
            };
            first[kind] += usize::from(place == 0);
        }
    }
    let log = |ratio: f32| f64::from(ratio).ln();
    uniform(areas, f64::from(area[0]), f64::from(area[1]));
    uniform(ratios, log(ratio[0]), log(ratio[1]));
    uniform(lefts, 0.0, 1.0);
    uniform(factors, 0.2, 1.8);
    uniform(shifts, -0.2, 0.2);
    // Each comes first a quarter of the time: within four standard deviations of 1000.
    assert!(first.iter().all(|count| (890..=1110).contains(count)), "{first:?}");
}

/// Kolmogorov and Smirnov's test at the level of one in ten thousand.
fn uniform(mut values: Vec<f64>, low: f64, high: f64) {
    values.sort_by(f64::total_cmp);
    let n = values.len() as f64;
    let apart = values.iter().enumerate().map(|(i, value)| {
        let share = (value - low) / (high - low);
        (share - i as f64 / n).abs().max((share - (i + 1) as f64 / n).abs())
    });
    let apart = apart.fold(0.0, f64::max);
    assert!(apart < 2.23 / n.sqrt(), "{apart} from uniform in {low}..{high}");
}

#[test]
fn probabilities_are_what_they_say() {
    let pipeline = Pipeline::new(vec![
        crop(8, [0.5, 1.0], [1.0, 1.0]),
        Transform::HorizontalFlip { p: 0.0 },
        Transform::Grayscale { p: 0.2 },
        Transform::Solarize { p: 1.0, threshold: 0.5 },
    ]);
    let steps: Vec<Step> = (0..5000).flat_map(|i| pipeline.plan(20, 20, key(i)).steps).collect();
    let count = |wanted: &Step| steps.iter().filter(|step| *step == wanted).count();
    assert_eq!(count(&Step::Flip), 0);
    assert_eq!(count(&Step::Solarize { threshold: 0.5 }), 5000);
    // Four standard deviations.
    assert!(count(&Step::Grayscale).abs_diff(1000) < 114);
}

#[test]
fn views_of_any_picture_lie_between_0_and_1_to_rounding() {
    for preset in [Preset::Paper, Preset::Simclr, Preset::SimclrCifar, Preset::Evaluation] {
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
        for preset in [Preset::Simclr, Preset::Evaluation] {
            for i in 0..5 {
                let plan = preset.pipelines(64)[0].plan(width, height, key(i));
                let ratio = plan.frame.crop.width as f64 / plan.frame.crop.height as f64;
                if preset == Preset::Simclr {
                    assert!((0.7..1.45).contains(&ratio), "{:?}", plan.frame);
                }
                let view = view(&plan, &picture);
                assert!(view.iter().all(|value| (-1e-6..=1.0 + 1e-6).contains(value)));
            }
        }
    }
}

#[test]
fn one_colour_stays_that_colour() {
    for (width, height) in [(1, 1), (3, 500), (97, 64)] {
        let picture = Picture::new(width, height, [50, 100, 200].repeat(width * height));
        for preset in [Preset::SimclrCifar, Preset::Evaluation] {
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
fn a_frame_as_large_as_the_picture_is_the_picture() {
    let picture = picture(33, 33);
    let pipeline = Pipeline::new(vec![Transform::CenterCrop { size: 33 }]);
    let out = view(&pipeline.plan(33, 33, key(0)), &picture);
    for (i, byte) in picture.pixels().iter().enumerate() {
        assert!((out[i % 3 * 33 * 33 + i / 3] - f32::from(*byte) / 255.0).abs() < 1e-7);
    }
    // A larger window shows it in the middle of black; two columns more go one to each side.
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
fn steps_that_undo_each_other() {
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

/// However contrast is fused with its neighbours, it is about the mean of what came before it.
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
fn a_batch_is_its_views_and_buffers_leave_no_trace() {
    let sizes = [(64, 64), (31, 200), (500, 333), (1, 1), (90, 90), (64, 48)];
    let pictures: Vec<_> = sizes.iter().cycle().take(40).map(|&(w, h)| picture(w, h)).collect();
    let [_, two] = Preset::Dino.pipelines(48);
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
fn a_plan_for_another_picture_is_refused() {
    let plan = Preset::Evaluation.pipelines(8)[0].plan(20, 20, key(0));
    view(&plan, &picture(10, 10));
}
