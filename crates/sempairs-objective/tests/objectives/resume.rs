//! A method that is saved and loaded within a run continues exactly, and its record contains all of
//! its parameters.

use burn::module::Module;
use burn::store::ModuleRecord;
use burn::tensor::{Bytes, Device};
use sempairs_backbone::Backbone;
use sempairs_objective::*;

use super::training::{BATCH, backbone, dino, head, moco, pictures, state, swav, train, trained};

/// Trains, saves within an epoch, loads the record into a network that was trained on other data,
/// and continues with both. `copy` is the path of a student and that of its momentum encoder.
fn check<M: Method>(make: impl Fn() -> M, locals: usize, copy: Option<[&str; 2]>) {
    let fresh = make().train();
    let before = trained(&fresh);
    assert!(before.len() > 30, "{:?}", before.keys());
    let all_before = state(&fresh);
    let (method, _) = train(fresh, 0..4, locals);
    let (after, all_after) = (trained(&method), state(&method));
    let still: Vec<&String> = before.keys().filter(|name| before[*name] == after[*name]).collect();
    assert!(still.is_empty(), "never moved: {still:?}");
    if let Some([student, copy]) = copy {
        let followed = before
            .keys()
            .filter_map(|name| Some((name, format!("{copy}{}", name.strip_prefix(student)?))));
        let mut count = 0;
        for (name, copy) in followed {
            count += 1;
            assert_ne!(all_before[&copy], all_after[&copy], "{copy} does not follow");
            assert_ne!(after[name], all_after[&copy], "{copy} is the student's");
        }
        assert!(count > 30);
    }

    let bytes = method.clone().into_record().into_bytes().unwrap().to_vec();
    let record = ModuleRecord::from_bytes(Bytes::from_bytes_vec(bytes)).unwrap();
    // The earlier state of that network must not matter.
    let (elsewhere, _) = train(make().train(), 9..11, locals);
    let loaded = elsewhere.try_load_record(record).unwrap();
    assert_eq!(state(&loaded), all_after, "a record contains the whole state");
    let (method, losses) = train(method, 4..8, locals);
    let (loaded, again) = train(loaded, 4..8, locals);
    assert_eq!(losses, again, "a loaded method continues with the same losses");
    assert_eq!(state(&method), state(&loaded), "and to the same state");
    let evaluated = method.evaluated().clone().valid();
    assert_eq!(evaluated.forward(pictures(16, 9).inner()).dims(), [BATCH, evaluated.features()]);
}

#[test]
fn simclr() {
    for config in [SimClrConfig::paper(), SimClrConfig::code()] {
        let config = SimClrConfig { projector: head(6, HeadNorm::All), ..config };
        config.check().unwrap();
        check(|| config.init(backbone(), 1, &Device::flex()), 0, None);
    }
}

#[test]
fn sup_con() {
    let config = SupConConfig { projector: head(6, HeadNorm::None), ..SupConConfig::paper() };
    config.check().unwrap();
    assert!(config.init(backbone(), 0, &Device::flex()).needs_classes());
    check(|| config.init(backbone(), 1, &Device::flex()), 0, None);
}

#[test]
fn dcl() {
    let config = DclConfig { projector: head(6, HeadNorm::Hidden), ..DclConfig::paper() };
    config.check().unwrap();
    check(|| config.init(backbone(), 1, &Device::flex()), 0, None);
}

#[test]
fn moco_v2() {
    for split in
        [BatchSplit::Whole, BatchSplit::Split { groups: 2 }, BatchSplit::Shuffled { groups: 4 }]
    {
        let config = moco(split);
        config.check().unwrap();
        config.check_data(BATCH, 17).unwrap();
        let make = || config.init(backbone(), 1, &Device::flex());
        check(make, 0, Some(["query.", "key.network."]));
    }
}

#[test]
fn byol() {
    let config = ByolConfig {
        momentum: Schedule::Cosine { start: 0.9, end: 1.0 },
        projector: head(6, HeadNorm::Hidden).without_last_bias(),
        predictor: head(6, HeadNorm::Hidden).without_last_bias(),
    };
    config.check().unwrap();
    let make = || config.init(backbone(), 1, &Device::flex());
    check(make, 0, Some(["online.", "target.network."]));
}

#[test]
fn simsiam() {
    let config = SimSiamConfig {
        projector: head(6, HeadNorm::PlainLast),
        predictor: head(6, HeadNorm::Hidden),
        constant_predictor_rate: true,
    };
    config.check().unwrap();
    let make = || config.init(backbone(), 1, &Device::flex());
    check(make, 0, None);
}

#[test]
fn barlow_twins() {
    let projector = head(6, HeadNorm::Hidden).without_last_bias();
    let config = BarlowTwinsConfig { projector, ..BarlowTwinsConfig::paper() };
    config.check().unwrap();
    check(|| config.init(backbone(), 1, &Device::flex()), 0, None);
}

#[test]
fn vicreg() {
    for config in [VicRegConfig::paper(), VicRegConfig::code()] {
        let projector = head(6, HeadNorm::Hidden).without_last_bias();
        let config = VicRegConfig { projector, ..config };
        config.check().unwrap();
        check(|| config.init(backbone(), 1, &Device::flex()), 0, None);
    }
}

#[test]
fn nnclr() {
    for loss in [NeighbourLoss::Paper, NeighbourLoss::NtXent] {
        let config = NnClrConfig {
            support: 16,
            loss,
            projector: head(6, HeadNorm::All),
            predictor: head(6, HeadNorm::Hidden),
            ..NnClrConfig::paper()
        };
        config.check().unwrap();
        check(|| config.init(backbone(), 1, &Device::flex()), 0, None);
    }
}

#[test]
fn swav_with_queue_and_crops() {
    for (locals, queue) in [(0, None), (0, swav().queue), (2, swav().queue)] {
        let config = SwavConfig { queue, ..swav() };
        config.check().unwrap();
        check(|| config.init(backbone(), 1, &Device::flex()), locals, None);
    }
}

#[test]
fn dino_with_and_without_crops() {
    for (locals, fixed_lengths) in [(0, false), (2, true)] {
        let config = dino(fixed_lengths);
        config.check().unwrap();
        let make = || config.init(backbone(), 1, &Device::flex());
        check(make, locals, Some(["student.", "teacher.network."]));
    }
}
