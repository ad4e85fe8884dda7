//! The built-in scenes: pictures are determined by the recorded factors.

use std::collections::HashSet;

use sempairs_data::{Pair, Pairing, PictureSource};
use sempairs_scenes::{
    BackgroundKind, Class, Distribution, Factor, Factors, OcclusionKind, PatternKind, SceneSource,
    SceneSplit, mask, render,
};

const SPLITS: [SceneSplit; 5] = SceneSplit::ALL;

fn all(source: &SceneSource) -> Vec<u8> {
    (0..source.len()).flat_map(|i| source.read(i).unwrap().pixels().to_vec()).collect()
}

/// Returns true if a factor has the same value in both.
fn same(factor: Factor, a: &Factors, b: &Factors) -> bool {
    match factor {
        Factor::Instance => a.instance == b.instance,
        Factor::Background => a.background == b.background,
        Factor::Occlusion => a.occlusion == b.occlusion,
        Factor::Pattern => a.pattern == b.pattern,
        Factor::Illumination => a.illumination == b.illumination,
        Factor::Pose => a.pose == b.pose,
        Factor::Scale => a.scale == b.scale,
    }
}

#[test]
fn a_seed_gives_the_same_pictures_and_another_seed_others() {
    for split in SPLITS {
        let once = all(&SceneSource::new(split, 2, 32, 7));
        assert_eq!(once, all(&SceneSource::new(split, 2, 32, 7)));
        assert_eq!(once, all(&SceneSource::new(split, 2, 32, 7).in_memory()));
        assert_ne!(once, all(&SceneSource::new(split, 2, 32, 8)));
    }
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let drawn_by = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| all(&SceneSource::new(SceneSplit::Pretrain, 3, 32, 1).in_memory()))
    };
    assert_eq!(drawn_by(1), drawn_by(3));
}

#[test]
fn a_larger_source_begins_every_class_with_the_pictures_of_a_smaller_one() {
    let (small, large) = (
        SceneSource::new(SceneSplit::Pretrain, 2, 24, 5),
        SceneSource::new(SceneSplit::Pretrain, 5, 24, 5),
    );
    for class in 0..20 {
        for number in 0..2 {
            assert_eq!(
                small.read(class * 2 + number).unwrap(),
                large.read(class * 5 + number).unwrap()
            );
        }
    }
}

#[test]
fn redrawing_a_factor_changes_only_that_factor_and_the_picture() {
    for split in [SceneSplit::Pretrain, SceneSplit::DownstreamTest] {
        let source = SceneSource::new(split, 3, 48, 2);
        for index in 0..source.len() {
            let (class, before) = (source.scene_class(index), source.factors(index));
            let picture = source.read(index).unwrap();
            for factor in Factor::ALL {
                let key = source.key((index + 1) % source.len());
                let after = before.redraw(factor, source.distribution(), key);
                for other in Factor::ALL {
                    assert_eq!(same(other, &before, &after), other != factor, "{other:?}");
                }
                let both_clear = [&before, &after]
                    .iter()
                    .all(|factors| factors.occlusion.kind == OcclusionKind::Clear);
                if factor != Factor::Occlusion || !both_clear {
                    assert_ne!(render(class, &after, 48), picture, "{class:?} {factor:?}");
                }
                if matches!(factor, Factor::Background | Factor::Occlusion | Factor::Illumination) {
                    assert_eq!(mask(class, &before, 48), mask(class, &after, 48));
                }
            }
        }
    }
}

#[test]
fn redrawing_a_factor_with_its_own_key_restores_it() {
    let source = SceneSource::new(SceneSplit::DownstreamTrain, 2, 32, 3);
    for index in 0..source.len() {
        let factors = source.factors(index);
        for factor in Factor::ALL {
            let again = factors.redraw(factor, source.distribution(), source.key(index));
            assert_eq!(again, factors);
        }
    }
}

#[test]
fn redrawn_scenes_differ_from_the_picture_and_from_each_other() {
    let source = SceneSource::new(SceneSplit::DownstreamTest, 1, 32, 0);
    for factor in [Factor::Background, Factor::Pattern, Factor::Illumination, Factor::Pose] {
        for index in 0..source.len() {
            let (one, two) = (source.redrawn(index, factor, 0), source.redrawn(index, factor, 1));
            assert_ne!(one, two);
            assert_ne!(one, source.read(index).unwrap());
            assert_eq!(one, source.redrawn(index, factor, 0));
        }
    }
}

#[test]
fn an_occluder_covers_about_the_recorded_fraction() {
    /// Large, since every pixel that an edge touches counts as covered.
    const SIZE: usize = 128;
    for split in [SceneSplit::Pretrain, SceneSplit::DownstreamTrain] {
        let source = SceneSource::new(split, 10, SIZE, 4);
        let (mut recorded, mut measured) = (0.0, 0.0);
        for index in 0..source.len() {
            let covered = source.factors(index);
            let mut clear = covered.clone();
            clear.occlusion.kind = OcclusionKind::Clear;
            let class = source.scene_class(index);
            let (with, without) = (render(class, &covered, SIZE), render(class, &clear, SIZE));
            let differ = with
                .pixels()
                .chunks_exact(3)
                .zip(without.pixels().chunks_exact(3))
                .filter(|(a, b)| a != b)
                .count();
            recorded += covered.occlusion.coverage;
            measured += differ as f32 / (SIZE * SIZE) as f32;
            assert_eq!(covered.occlusion.coverage == 0.0, differ == 0);
        }
        let ratio = measured / recorded;
        assert!((0.6..1.6).contains(&ratio), "{split:?}: {ratio} of the recorded coverage");
    }
}

#[test]
fn the_splits_share_no_classes_and_pretraining_no_nuisances() {
    let classes = |split| Class::of(split).into_iter().collect::<HashSet<_>>();
    let (pretrain, downstream) =
        (classes(SceneSplit::Pretrain), classes(SceneSplit::DownstreamTrain));
    assert_eq!((pretrain.len(), downstream.len()), (20, 12));
    assert!(pretrain.is_disjoint(&downstream));
    assert_eq!(downstream, classes(SceneSplit::DownstreamTest));
    let validation = classes(SceneSplit::ValidationTrain);
    assert_eq!(validation, classes(SceneSplit::ValidationTest));
    assert_eq!(validation.len(), downstream.len());
    assert!(validation.is_disjoint(&downstream) && validation.is_disjoint(&pretrain));
    assert_eq!(pretrain.len() + downstream.len() + validation.len(), Class::ALL.len());
    assert_eq!(SceneSplit::ValidationTest.distribution(), Distribution::downstream());

    let (a, b) = (Distribution::pretrain(), Distribution::downstream());
    a.check().unwrap();
    b.check().unwrap();
    assert!(a.backgrounds.iter().all(|kind| !b.backgrounds.contains(kind)));
    assert!(a.occlusions.iter().all(|kind| !b.occlusions.contains(kind)));
    assert!(a.patterns.iter().all(|kind| !b.patterns.contains(kind)));
    assert!(a.silhouettes.iter().all(|kind| !b.silhouettes.contains(kind)));
    assert!(a.light[1] <= b.light[0] || b.light[1] <= a.light[0]);
    for [from, to] in &a.palette.hues {
        assert!(b.palette.hues.iter().all(|arc| arc[1] < *from || *to < arc[0]));
    }
}

#[test]
fn factors_are_within_the_distribution_and_cover_it() {
    for split in SPLITS {
        let source = SceneSource::new(split, 30, 32, 9);
        let distribution = source.distribution();
        let mut seen: (HashSet<BackgroundKind>, HashSet<OcclusionKind>, HashSet<PatternKind>) =
            Default::default();
        for index in 0..source.len() {
            let factors = source.factors(index);
            assert!(distribution.backgrounds.contains(&factors.background.kind));
            assert!(distribution.patterns.contains(&factors.pattern.kind));
            let [smallest, largest] = distribution.scale;
            assert!((smallest..=largest).contains(&factors.scale));
            seen.0.insert(factors.background.kind);
            seen.1.insert(factors.occlusion.kind);
            seen.2.insert(factors.pattern.kind);
        }
        assert_eq!(seen.0.len(), distribution.backgrounds.len());
        assert_eq!(seen.1.len(), distribution.occlusions.len() + 1);
        assert_eq!(seen.2.len(), distribution.patterns.len());
    }
}

#[test]
fn an_invalid_distribution_is_rejected_with_the_name_of_the_field() {
    let refused = |change: fn(&mut Distribution)| {
        let mut distribution = Distribution::pretrain();
        change(&mut distribution);
        distribution.check().unwrap_err().key().to_owned()
    };
    assert_eq!(refused(|d| d.backgrounds.clear()), "backgrounds");
    assert_eq!(refused(|d| d.scale = [0.7, 0.5]), "scale");
    assert_eq!(refused(|d| d.occluded = f32::NAN), "occluded");
    assert_eq!(refused(|d| d.palette.hues[0] = [0.5, 1.5]), "palette.hues");
}

#[test]
fn a_source_has_its_classes_in_order_and_names_its_pictures() {
    for split in SPLITS {
        let source = SceneSource::new(split, 6, 16, 0);
        let count = source.classes().len();
        assert_eq!(source.len(), 6 * count);
        assert_eq!(source.classes().iter().collect::<HashSet<_>>().len(), count);
        for index in 0..source.len() {
            assert_eq!(source.class(index), Some(index / 6));
            assert_eq!(source.scene_class(index).name(), source.classes()[index / 6]);
        }
        assert_eq!(source.class(source.len()), None);
        let names: HashSet<_> = (0..source.len()).map(|index| source.name(index)).collect();
        assert_eq!(names.len(), source.len());
        let picture = source.read(0).unwrap();
        assert_eq!((picture.width(), picture.height()), (16, 16));
    }
}

#[test]
fn curated_pairs_share_the_class_and_no_factor() {
    let source = SceneSource::new(SceneSplit::Pretrain, 8, 32, 6);
    let pairs = source.curated_pairs();
    assert_eq!(pairs.len(), 20 * 4);
    let mut used = HashSet::new();
    for (left, right) in pairs {
        assert!(used.insert(left) && used.insert(right), "every picture is in one pair");
        assert_eq!(source.class(left), source.class(right));
        let (a, b) = (source.factors(left), source.factors(right));
        assert!(Factor::ALL.iter().all(|&factor| !same(factor, &a, &b)));
    }
    assert_eq!(SceneSource::new(SceneSplit::Pretrain, 5, 32, 6).curated_pairs().len(), 20 * 2);
}

#[test]
fn factors_and_distributions_survive_being_written_down() {
    let source = SceneSource::new(SceneSplit::DownstreamTrain, 1, 32, 12);
    for index in 0..source.len() {
        let factors = source.factors(index);
        let text = serde_json::to_string(&factors).unwrap();
        let read: Factors = serde_json::from_str(&text).unwrap();
        assert_eq!(read, factors);
    }
    let text = serde_json::to_string(source.distribution()).unwrap();
    assert_eq!(&serde_json::from_str::<Distribution>(&text).unwrap(), source.distribution());
    let misspelt = text.replace("\"scale\"", "\"scales\"");
    assert!(serde_json::from_str::<Distribution>(&misspelt).is_err());
}

/// These numbers are in the keys of the pictures, so they must never change.
#[test]
fn further_splits_leave_classes_and_keys_of_the_first_ones_as_they_were() {
    for (split, number, first) in [
        (SceneSplit::Pretrain, 0, "car"),
        (SceneSplit::DownstreamTrain, 1, "truck"),
        (SceneSplit::DownstreamTest, 2, "truck"),
        (SceneSplit::ValidationTrain, 3, "helicopter"),
        (SceneSplit::ValidationTest, 4, "helicopter"),
    ] {
        let source = SceneSource::new(split, 2, 16, 9);
        let key = source.key(1);
        let class = source.scene_class(1);
        assert_eq!((class.name(), key.seed, key.epoch), (first, 9, number));
        assert_eq!(key.picture, ((class as u64) << 40) | 1);
    }
    // The numbers of the classes.
    for (class, number) in [(Class::Car, 0), (Class::Key, 19), (Class::Truck, 20)] {
        assert_eq!(class as usize, number);
    }
    assert_eq!((Class::Hammer as usize, Class::Helicopter as usize), (31, 32));
}

#[test]
fn the_validation_splits_have_different_pictures_of_the_same_classes() {
    let [train, test] = [SceneSplit::ValidationTrain, SceneSplit::ValidationTest]
        .map(|split| SceneSource::new(split, 2, 24, 0));
    assert_eq!(train.classes(), test.classes());
    assert!((0..train.len()).all(|index| train.read(index).unwrap() != test.read(index).unwrap()));
}

#[test]
fn scenes_know_their_kinds_and_have_contrasting_partners() {
    // With few scenes, a class may have no such assignment.
    let source = SceneSource::new(SceneSplit::Pretrain, 60, 16, 4);
    for index in 0..source.len() {
        let (factors, kinds) = (source.factors(index), source.nuisances(index).unwrap());
        let expected = (factors.background.kind as u32, factors.pattern.kind as u32);
        assert_eq!((kinds.background, kinds.pattern), expected);
    }
    let pairs = Pairing::Contrasting.pairs(&source, 2).unwrap();
    assert_eq!(pairs.iter().map(|pair| pair.right).collect::<HashSet<_>>().len(), source.len());
    for Pair { left, right } in pairs {
        assert_eq!(source.class(left), source.class(right));
        let (a, b) = (source.factors(left), source.factors(right));
        assert_ne!(a.background.kind, b.background.kind);
        assert_ne!(a.pattern.kind, b.pattern.kind);
    }
}
