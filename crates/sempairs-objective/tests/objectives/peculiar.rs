//! State and settings of single methods in training: queues, frozen layers, centres, classes.

use burn::module::Module;
use burn::store::ModuleRecord;
use burn::tensor::Device;
use sempairs_backbone::ResNet;
use sempairs_objective::*;

use super::oracle::host;
use super::training::{
    BATCH, CLOCK, backbone, dino, head, moco, pictures, state, swav, train, trained, views,
};

#[test]
#[should_panic(expected = "SupCon needs pictures with classes")]
fn sup_con_without_classes_panics() {
    let config = SupConConfig { projector: head(6, HeadNorm::None), ..SupConConfig::paper() };
    let method = config.init(backbone(), 0, &Device::flex()).train();
    method.loss(Views { classes: None, ..views(0, 0) }, CLOCK);
}

#[test]
fn the_queue_holds_the_keys_of_the_most_recent_steps() {
    let method = moco(BatchSplit::Whole).init(backbone(), 0, &Device::flex()).train();
    let (method, _) = train(method, 0..2, 0);
    let two = host(method.queue());
    let (method, _) = train(method, 2..3, 0);
    let three = host(method.queue());
    let half = two.len() / 2;
    assert_ne!(two[..half], three[..half], "the third step's keys overwrite the first's");
    assert_eq!(two[half..], three[half..]);
    assert!(three.chunks(6).all(|key| (key.iter().map(|x| x * x).sum::<f32>() - 1.0).abs() < 1e-5));
}

#[test]
fn shuffled_keys_come_back_in_order() {
    // In evaluation mode a key depends only on its picture, so groups and their order must not
    // matter.
    let method = moco(BatchSplit::Whole).init(backbone(), 0, &Device::flex()).train();
    let record = || method.clone().into_record().into_bytes().unwrap();
    let queue = |split| {
        let record = ModuleRecord::from_bytes(record()).unwrap();
        let method = moco(split).init(backbone(), 0, &Device::flex()).load_record(record).valid();
        let [left, right] = [1, 2].map(|seed| pictures(16, seed).inner());
        method.loss(Views::pair(left, right), CLOCK);
        host(method.queue())[..BATCH * 6].to_vec()
    };
    let whole = queue(BatchSplit::Whole);
    assert_ne!(whole[..6], whole[6..12]);
    for split in [BatchSplit::Split { groups: 2 }, BatchSplit::Shuffled { groups: 4 }] {
        let same = whole.iter().zip(queue(split)).all(|(a, b)| (a - b).abs() < 1e-5);
        assert!(same, "{split:?}");
    }
}

#[test]
fn shuffled_groups_change_the_batch_statistics_of_a_key() {
    let first = |split| train(moco(split).init(backbone(), 0, &Device::flex()).train(), 0..1, 0).1;
    let [whole, split, shuffled] =
        [BatchSplit::Whole, BatchSplit::Split { groups: 2 }, BatchSplit::Shuffled { groups: 2 }]
            .map(first);
    assert!(whole != split && split != shuffled && whole != shuffled);
}

#[test]
fn nnclr_counts_neighbours_of_a_views_own_class() {
    let config = NnClrConfig {
        support: 16,
        projector: head(6, HeadNorm::All),
        predictor: head(6, HeadNorm::Hidden),
        ..NnClrConfig::paper()
    };
    let accuracy = |method: &NnClr<ResNet>, views: Views, step: usize| -> f32 {
        let loss = method.loss(views, CLOCK.at(step));
        let (name, value) = loss.scalars[0].clone();
        assert_eq!(name, NEIGHBOUR_ACCURACY);
        value.into_scalar()
    };
    let method = config.init(backbone(), 0, &Device::flex()).train();
    let same = || Views::pair(pictures(16, 1), pictures(16, 1)).with_classes((0..8).collect());
    // Random vectors have no class. After that the queue contains the same pictures, then the same
    // pictures with other classes.
    assert_eq!(accuracy(&method, same(), 0), 0.0);
    assert_eq!(accuracy(&method, same(), 1), 1.0);
    let other = || same().with_classes((8..16).collect());
    assert_eq!(accuracy(&method, other(), 2), 0.0);
    let loss = method.loss(Views { classes: None, ..same() }, CLOCK.at(3));
    assert!(loss.scalars.is_empty());
}

#[test]
fn prototypes_are_frozen_at_first_and_always_have_unit_norm() {
    const PROTOTYPES: &str = "prototypes.prototypes.weight";
    let method = swav().init(backbone(), 0, &Device::flex()).train();
    let fresh = state(&method)[PROTOTYPES].clone();
    let (method, _) = train(method, 0..2, 0);
    assert_eq!(state(&method)[PROTOTYPES], fresh);
    let (method, _) = train(method, 2..4, 0);
    let moved = state(&method)[PROTOTYPES].clone();
    assert_ne!(moved, fresh);
    for prototype in 0..10 {
        let length: f32 = moved.iter().skip(prototype).step_by(10).map(|x| x * x).sum();
        assert!((length - 1.0).abs() < 1e-5, "{length}");
    }
}

#[test]
fn a_full_queue_contributes_to_assignments() {
    let with = |queue| SwavConfig { queue, ..swav() }.init(backbone(), 0, &Device::flex()).train();
    let (_, queued) = train(with(swav().queue), 0..7, 0);
    let (_, plain) = train(with(None), 0..7, 0);
    // From epoch 1 on it is filled in two steps, and used from the third on.
    assert_eq!(queued[..5], plain[..5]);
    assert_ne!(queued[5], plain[5]);
}

#[test]
fn dinos_last_layer_is_frozen_for_an_epoch_and_its_centre_moves() {
    let last = |method: &Dino<ResNet>| -> Vec<Vec<f32>> {
        let state = state(method);
        let names = ["direction.weight", "length"];
        names.map(|name| state[&format!("student.head.last_layer.{name}")].clone()).to_vec()
    };
    let method = dino(false).init(backbone(), 0, &Device::flex()).train();
    let (fresh, centre) = (last(&method), host(method.centre()));
    let (method, _) = train(method, 0..3, 0);
    assert_eq!(last(&method), fresh, "epoch 0");
    assert_ne!(host(method.centre()), centre);
    let (method, _) = train(method, 3..4, 0);
    assert!(last(&method).iter().zip(&fresh).all(|(a, b)| a != b), "epoch 1");
}

#[test]
fn dino_evaluates_its_teacher_and_logs_the_teachers_entropy() {
    let method = dino(false).init(backbone(), 0, &Device::flex()).train();
    let (method, _) = train(method, 0..2, 0);
    assert_ne!(state(method.evaluated()), state(method.backbone()));
    let loss = method.loss(views(2, 0), CLOCK.at(2));
    let (name, entropy) = &loss.scalars[0];
    let entropy = entropy.clone().into_scalar::<f32>();
    assert_eq!(*name, TEACHER_ENTROPY);
    assert!(entropy > 0.0 && entropy <= 10f32.ln() + 1e-5, "{entropy}");
}

#[test]
fn methods_state_their_negatives_and_chance_level_loss() {
    let device = Device::flex();
    let method = moco(BatchSplit::Whole).init(backbone(), 0, &device);
    assert_eq!(method.negatives(), Negatives::Queue { keys: 16 });
    assert_eq!(method.chance(BATCH), Some(17f64.ln()));
    let simclr = SimClrConfig { projector: head(6, HeadNorm::None), ..SimClrConfig::code() };
    let simclr = simclr.init(backbone(), 0, &device);
    assert_eq!((simclr.negatives(), simclr.chance(8)), (Negatives::Batch, Some(2.0 * 15f64.ln())));
    let dino = dino(false).init(backbone(), 0, &device);
    assert_eq!((dino.negatives(), dino.chance(8)), (Negatives::None, Some(10f64.ln())));
    assert!(dino.takes_locals() && !simclr.takes_locals() && !simclr.needs_classes());
}

#[test]
fn predictor_and_projector_have_different_initial_weights() {
    let config = ByolConfig {
        momentum: Schedule::Constant { value: 0.99 },
        projector: ProjectorConfig::new([8], 8, HeadNorm::Hidden),
        predictor: ProjectorConfig::new([8], 8, HeadNorm::Hidden),
    };
    let state = state(&config.init(backbone(), 0, &Device::flex()));
    assert_ne!(
        state["online.projector.layers.0.linear.weight"],
        state["predictor.layers.0.linear.weight"]
    );
}

#[test]
fn simsiams_predictor_may_have_a_constant_learning_rate() {
    let config = SimSiamConfig {
        projector: head(6, HeadNorm::PlainLast),
        predictor: head(6, HeadNorm::Hidden),
        constant_predictor_rate: true,
    };
    let method = config.init(backbone(), 0, &Device::flex()).train();
    let group = method.constant_rate().unwrap();
    let id = burn::module::ParamId::new();
    let (constant, scheduled): (Vec<String>, Vec<String>) =
        trained(&method).into_keys().partition(|name| group.matches(&id, Some(name)));
    assert!(!constant.is_empty() && constant.iter().all(|name| name.starts_with("predictor.")));
    assert!(scheduled.iter().all(|name| name.starts_with("encoder.")));
    let config = SimSiamConfig { constant_predictor_rate: false, ..config };
    assert!(config.init(backbone(), 0, &Device::flex()).constant_rate().is_none());
}
