//! Properties of the drawn plans.

use sempairs_augment::{Augmentation, Pipeline, Plan, Step, Transform};
use sempairs_data::{Key, Side};

use super::{crop, key};

#[test]
fn a_plan_depends_only_on_the_key() {
    let [one, _] = Augmentation::Paper.pipelines(64);
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
fn removing_a_transform_changes_no_other_random_number() {
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
    let [whole, _] = Augmentation::Paper.pipelines(32);
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
        assert!(removed > 0, "{name} was never applied");
    }
    assert_eq!(whole.without("solarize"), Ok(whole.clone()));
    let error = whole.without("greyscale").unwrap_err().to_string();
    assert!(error.contains("\"greyscale\""), "{error}");
    assert!(error.ends_with("; did you mean `grayscale`?"), "{error}");
}

#[test]
fn without_its_normalisation_a_pipeline_has_the_same_steps_but_one() {
    let [whole, _] = Augmentation::Byol.pipelines(32);
    let less = whole.without_normalization();
    assert_eq!(less.normalization().count(), 0);
    assert_eq!(Ok(less.clone()), whole.without("normalize"));
    let mut plan = whole.plan(60, 50, key(0));
    assert!(matches!(plan.steps.pop(), Some(Step::Normalize { .. })));
    assert_eq!(less.plan(60, 50, key(0)), plan);
}

#[test]
fn a_second_transform_of_a_kind_draws_other_values() {
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

/// Values cover their ranges up to the ends. Crops are uniform in area and in the logarithm of the
/// aspect ratio (up to rounding), according to the maximum distance of the distribution functions.
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
        let (w, h) = (plan.crop_window.crop.width as f64, plan.crop_window.crop.height as f64);
        areas.push(w * h / 16e6);
        ratios.push((w / h).ln());
        lefts.push(plan.crop_window.crop.left as f64 / (4000.0 - w + 1.0));
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
    // Each is first in a quarter of the cases: within four standard deviations of 1000.
    assert!(first.iter().all(|count| (890..=1110).contains(count)), "{first:?}");
}

/// Kolmogorov-Smirnov test at a significance level of 1e-4.
fn uniform(mut values: Vec<f64>, low: f64, high: f64) {
    values.sort_by(f64::total_cmp);
    let n = values.len() as f64;
    let apart = values.iter().enumerate().map(|(i, value)| {
        let share = (value - low) / (high - low);
        (share - i as f64 / n).abs().max((share - (i + 1) as f64 / n).abs())
    });
    let apart = apart.fold(0.0, f64::max);
    assert!(apart < 2.23 / n.sqrt(), "distance {apart} from uniform in {low}..{high}");
}

#[test]
fn transforms_are_applied_with_their_probabilities() {
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
