//! Properties of the objects: each fills its bounding box, and classes can be recognised by
//! outline.

use sempairs_data::{Key, Side};
use sempairs_scenes::{Class, Distribution, Factors, Pose, mask};

const SIZE: usize = 48;

/// An upright object of the class in the centre.
fn upright(class: Class, number: u64) -> Factors {
    let key = Key { seed: 11, epoch: class as u64, picture: number, side: Side::Left };
    let mut factors = Factors::draw(&Distribution::pretrain(), key);
    factors.pose = Pose { x: 0.0, y: 0.0, rotation: 0.0, mirrored: false };
    factors.scale = 0.75;
    factors
}

#[test]
fn every_object_fills_its_box_and_stays_within() {
    for &class in Class::ALL {
        for number in 0..10 {
            let shape = mask(class, &upright(class, number), SIZE);
            let covered = |&(x, y): &(usize, usize)| shape[y * SIZE + x] > 127;
            let inside: Vec<_> =
                (0..SIZE * SIZE).map(|i| (i % SIZE, i / SIZE)).filter(covered).collect();
            let extent = |side: fn(&(usize, usize)) -> usize| {
                let (low, high) = (inside.iter().map(side).min(), inside.iter().map(side).max());
                high.unwrap() - low.unwrap() + 1
            };
            let longer = extent(|p| p.0).max(extent(|p| p.1)) as f32;
            let wanted = 0.75 * SIZE as f32;
            assert!((longer - wanted).abs() < 0.12 * wanted, "{class:?}: {longer}, not {wanted}");
            let share = inside.len() as f32 / (wanted * wanted);
            assert!((0.08..0.95).contains(&share), "{class:?} covers {share} of its bounding box");
        }
    }
}

#[test]
fn objects_of_a_class_have_different_outlines() {
    for &class in Class::ALL {
        let (one, two) = (upright(class, 0), upright(class, 1));
        let (one, two) = (mask(class, &one, SIZE), mask(class, &two, SIZE));
        let differ = one.iter().zip(&two).filter(|(a, b)| a.abs_diff(**b) > 127).count();
        assert!(differ > 10, "{class:?}: {differ} pixels");
    }
}

/// Nearest-mean classification of outlines.
#[test]
fn classes_can_be_recognised_by_their_outlines() {
    let means: Vec<Vec<f32>> = Class::ALL
        .iter()
        .map(|&class| {
            let mut mean = vec![0.0; SIZE * SIZE];
            for number in 0..20 {
                for (sum, alpha) in mean.iter_mut().zip(mask(class, &upright(class, number), SIZE))
                {
                    *sum += f32::from(alpha) / 20.0;
                }
            }
            mean
        })
        .collect();
    let (mut right, mut total) = (0, 0);
    for (of, &class) in Class::ALL.iter().enumerate() {
        for number in 20..30 {
            let shape = mask(class, &upright(class, number), SIZE);
            let distance = |mean: &Vec<f32>| -> f32 {
                mean.iter().zip(&shape).map(|(m, &a)| (m - f32::from(a)).powi(2)).sum()
            };
            let nearest = (0..means.len())
                .min_by(|&a, &b| distance(&means[a]).total_cmp(&distance(&means[b])))
                .unwrap();
            right += usize::from(nearest == of);
            total += 1;
        }
    }
    assert!(right * 10 > total * 8, "{right} of {total} outlines recognised");
}
