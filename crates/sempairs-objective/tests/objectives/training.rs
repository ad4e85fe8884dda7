//! Every method in training: what moves, what stays, and that a saved one goes on as if nothing had been.

use std::collections::BTreeMap;

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::{GradientsParams, SgdConfig};
use burn::store::ModuleRecord;
use burn::tensor::{Bytes, Device, Tensor, TensorData};
use sempairs_backbone::{Backbone, ResNet, ResNetConfig};
use sempairs_objective::*;

use crate::oracle::{host, values};

const BATCH: usize = 8;
const CLOCK: Clock = Clock { step: 0, steps_per_epoch: 3, steps: 12 };

/// All parameters and buffers by name.
pub fn state<M: Module>(module: &M) -> BTreeMap<String, Vec<f32>> {
    named(module, |_| true)
}

/// The parameters that an optimiser may move, by name.
fn trained<M: Module>(module: &M) -> BTreeMap<String, Vec<f32>> {
    named(module, |tracked| tracked)
}

fn named<M: Module>(module: &M, keep: fn(bool) -> bool) -> BTreeMap<String, Vec<f32>> {
    struct Named(Vec<String>, BTreeMap<String, Vec<f32>>, fn(bool) -> bool);
    impl ModuleVisitor for Named {
        fn enter_module(&mut self, name: &str, _container_type: &str) {
            self.0.push(name.to_owned());
        }
        fn exit_module(&mut self, _name: &str, _container_type: &str) {
            self.0.pop();
        }
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            if (self.2)(param.is_require_grad()) {
                self.1.insert(self.0.join("."), host(param.val()));
            }
        }
    }
    let mut visitor = Named(Vec::new(), BTreeMap::new(), keep);
    module.visit(&mut visitor);
    visitor.1
}

fn backbone() -> ResNet {
    let config = ResNetConfig { widths: [4, 4, 8, 8], ..ResNetConfig::resnet10_narrow() };
    config.init_seeded(&Device::flex(), 1)
}

fn pictures(size: usize, seed: usize) -> Tensor<4> {
    let values = values(BATCH * 3 * size * size, seed);
    let data = TensorData::new(values, [BATCH, 3, size, size]);
    Tensor::from_data(data, &Device::flex().autodiff())
}

/// What a loader would hand out for a step.
fn views(step: usize, locals: usize) -> Views {
    Views::pair(pictures(16, 100 * step + 1), pictures(16, 100 * step + 2))
        .with_locals((0..locals).map(|i| pictures(8, 100 * step + 3 + i)).collect())
        .with_classes((0..BATCH as u32).map(|i| i / 2).collect())
}

fn train<M: Method>(mut method: M, steps: std::ops::Range<usize>, locals: usize) -> (M, Vec<f32>) {
    // Without momentum the optimiser has no state, so that all there is lies in the method.
    let mut optimizer = SgdConfig::new().init();
    let mut losses = Vec::new();
    for step in steps {
        let clock = CLOCK.at(step);
        let loss = method.loss(views(step, locals), clock);
        for (name, scalar) in &loss.scalars {
            assert!(scalar.clone().into_scalar::<f32>().is_finite(), "{name}");
        }
        assert_eq!(loss.embeddings.dims()[0] % BATCH, 0);
        losses.push(loss.value.clone().into_scalar::<f32>());
        let mut gradients = GradientsParams::from_grads(loss.value.backward(), &method);
        method.mask(&mut gradients, clock);
        method = optimizer.step(0.05, method, gradients).after_step(clock);
    }
    assert!(losses.iter().all(|loss| loss.is_finite()), "{losses:?}");
    (method, losses)
}

/// Trains, saves in the midst of an epoch, loads into another network that has trained elsewhere, and goes on with both. `copy`
/// is the path of a student and of its momentum copy.
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
    // Nothing of where it has been may show.
    let (elsewhere, _) = train(make().train(), 9..11, locals);
    let loaded = elsewhere.try_load_record(record).unwrap();
    assert_eq!(state(&loaded), all_after, "a record holds the whole state");
    let (method, losses) = train(method, 4..8, locals);
    let (loaded, again) = train(loaded, 4..8, locals);
    assert_eq!(losses, again, "a loaded method goes on with the same losses");
    assert_eq!(state(&method), state(&loaded), "and to the same state");
    let evaluated = method.evaluated().clone().valid();
    assert_eq!(evaluated.forward(pictures(16, 9).inner()).dims(), [BATCH, evaluated.features()]);
}

fn head(output: usize, norm: HeadNorm) -> ProjectorConfig {
    ProjectorConfig::new([12], output, norm)
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
#[should_panic(expected = "SupCon needs the classes")]
fn sup_con_without_classes_is_a_mistake() {
    let config = SupConConfig { projector: head(6, HeadNorm::None), ..SupConConfig::paper() };
    let method = config.init(backbone(), 0, &Device::flex()).train();
    method.loss(Views { classes: None, ..views(0, 0) }, CLOCK);
}

#[test]
fn dcl() {
    let config = DclConfig { projector: head(6, HeadNorm::Hidden), ..DclConfig::paper() };
    config.check().unwrap();
    check(|| config.init(backbone(), 1, &Device::flex()), 0, None);
}

fn moco(batch_norm: BatchSplit) -> MoCoConfig {
    MoCoConfig {
        queue: 16,
        momentum: Schedule::Constant { value: 0.9 },
        batch_norm,
        projector: head(6, HeadNorm::None),
        ..MoCoConfig::paper()
    }
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
fn the_queue_holds_the_keys_of_the_newest_steps_in_turn() {
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
    // Outside training a key depends on its picture alone, so groups and their order may not show.
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
fn shuffled_groups_change_what_a_key_is_normalised_by() {
    let first = |split| train(moco(split).init(backbone(), 0, &Device::flex()).train(), 0..1, 0).1;
    let [whole, split, shuffled] =
        [BatchSplit::Whole, BatchSplit::Split { groups: 2 }, BatchSplit::Shuffled { groups: 2 }]
            .map(first);
    assert!(whole != split && split != shuffled && whole != shuffled);
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
    let method = make().train();
    let group = method.constant_rate().unwrap();
    let id = burn::module::ParamId::new();
    let (constant, scheduled): (Vec<String>, Vec<String>) =
        trained(&method).into_keys().partition(|name| group.matches(&id, Some(name)));
    assert!(!constant.is_empty() && constant.iter().all(|name| name.starts_with("predictor.")));
    assert!(scheduled.iter().all(|name| name.starts_with("encoder.")));
    let config = SimSiamConfig { constant_predictor_rate: false, ..config };
    assert!(config.init(backbone(), 0, &Device::flex()).constant_rate().is_none());
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

fn swav() -> SwavConfig {
    SwavConfig {
        prototypes: 10,
        freeze_steps: 2,
        // Fills in steps 3 and 4, is used from step 5 on.
        queue: Some(SwavQueue { size: 16, from_epoch: 1 }),
        projector: head(6, HeadNorm::Hidden),
        ..SwavConfig::paper()
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
fn prototypes_stay_at_first_and_have_length_one_always() {
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
fn a_full_queue_takes_part_in_assignments() {
    let with = |queue| SwavConfig { queue, ..swav() }.init(backbone(), 0, &Device::flex()).train();
    let (_, queued) = train(with(swav().queue), 0..7, 0);
    let (_, plain) = train(with(None), 0..7, 0);
    // It fills from epoch 1 in two steps and is used in the third.
    assert_eq!(queued[..5], plain[..5]);
    assert_ne!(queued[5], plain[5]);
}

fn dino(fixed_lengths: bool) -> DinoConfig {
    let projector = ProjectorConfig { activation: Activation::Gelu, ..head(6, HeadNorm::None) };
    DinoConfig {
        prototypes: 10,
        momentum: Schedule::Cosine { start: 0.9, end: 1.0 },
        fixed_lengths,
        projector,
        ..DinoConfig::paper()
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

#[test]
fn dinos_last_layer_stays_for_an_epoch_and_its_centre_moves() {
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
fn dino_is_evaluated_by_its_teacher_and_tells_its_entropy() {
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
fn methods_tell_their_negatives_and_their_loss_at_chance() {
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
fn predictor_and_projector_are_drawn_apart() {
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
