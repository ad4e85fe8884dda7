//! The loader: batches are a pure function of the step, errors are reported, memory is bounded.

use std::sync::Arc;
use std::time::Duration;

use burn::tensor::Tensor;
use sempairs_augment::{Augmentation, Interpolation, Pipeline, Transform};
use sempairs_data::{
    DataError, FolderSource, Pair, PairDataset, Pairing, Picture, PictureSource, Ramp, Share,
};
use sempairs_objective::Clock;
use sempairs_testing::Generated;
use sempairs_train::{
    Batch, LoaderConfig, Locals, LocalsFrom, MadeOn, PairLoader, Pipelines, TrainError, moment,
};

/// Thirty-seven pictures in pairs, one of which may be damaged.
fn dataset(damaged: Option<usize>) -> (Arc<PairDataset>, Arc<Generated>) {
    let bytes = |picture, byte| (byte * (picture + 1) % 251) as u8;
    let source = Arc::new(Generated::new(37).size(20).bytes(bytes).damaged(damaged));
    let pairs = (0..37).map(|i| Pair { left: i, right: (i + 5) % 37 }).collect();
    (Arc::new(PairDataset::new(source.clone(), pairs)), source)
}

fn batches(start: usize, workers: usize) -> Vec<Batch> {
    let config = LoaderConfig { workers, ahead: 2 };
    let clock = Clock::new(4, 11).at(start);
    let pipelines = Augmentation::Byol.pipelines(16);
    PairLoader::start(dataset(None).0, pipelines, 8, 5, clock, &config)
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap()
}

#[test]
fn a_batch_depends_on_its_step_alone() {
    let all = batches(0, 1);
    assert_eq!(all.len(), 11);
    assert!(all.iter().enumerate().all(|(i, batch)| batch.step == i));
    assert_eq!(batches(0, 3), all);
    for start in [1, 4, 6, 10] {
        assert_eq!(batches(start, 2), all[start..], "from step {start}");
    }
}

#[test]
fn an_epoch_visits_pairs_once_and_drops_the_rest() {
    let all = batches(0, 2);
    for epoch in all.chunks(4).take(2) {
        let mut pairs: Vec<u32> = epoch.iter().flat_map(|b| b.pairs.clone()).collect();
        assert_eq!(pairs.len(), 32);
        pairs.sort_unstable();
        pairs.dedup();
        assert_eq!(pairs.len(), 32);
    }
    // The same pair gets different crops in another epoch.
    let view = |batch: &Batch, pair: u32| {
        let at = batch.pairs.iter().position(|p| *p == pair)?;
        Some(batch.left[at * 3 * 256..][..3 * 256].to_vec())
    };
    // An epoch drops five pairs, so at least three pairs of a batch of eight occur again.
    let next = |pair: u32| all[4..8].iter().find_map(|batch| view(batch, pair));
    let came_again = all[0].pairs.iter().find_map(|&pair| Some((pair, next(pair)?)));
    let (pair, again) = came_again.expect("a pair of the first batch in the second epoch");
    assert_ne!(view(&all[0], pair).unwrap(), again);
}

#[test]
fn a_bad_picture_ends_the_run_with_its_error() {
    let (dataset, _) = dataset(Some(20));
    let clock = Clock::new(4, 100);
    let loader = PairLoader::start(
        dataset,
        Augmentation::Byol.pipelines(16),
        8,
        5,
        clock,
        &LoaderConfig::default(),
    );
    let mut loader = loader.unwrap();
    let error = loader.by_ref().find_map(Result::err).expect("an error");
    assert!(matches!(error, TrainError::Data(_)));
    assert!(error.to_string().contains("picture 20") && error.to_string().contains("damaged"));
    assert!(loader.next().is_none());
}

#[test]
fn workers_stay_a_few_batches_ahead() {
    let (dataset, source) = dataset(None);
    let config = LoaderConfig { workers: 2, ahead: 3 };
    let pipelines = Augmentation::Byol.pipelines(16);
    let mut loader =
        PairLoader::start(dataset, pipelines, 8, 5, Clock::new(4, 1000), &config).unwrap();
    loader.next().unwrap().unwrap();
    std::thread::sleep(Duration::from_millis(500));
    // One batch was taken, at most three are queued, and one more is being computed.
    let read = source.reads();
    assert!(read <= 2 * 8 * (1 + 3 + 1), "{read} pictures were read for one batch");
    drop(loader); // Must not hang.
}

#[test]
fn a_batch_larger_than_the_data_set_is_rejected() {
    let (dataset, _) = dataset(None);
    let pipelines = Augmentation::Byol.pipelines(16);
    let config = LoaderConfig::default();
    let result = PairLoader::start(dataset, pipelines, 38, 0, Clock::new(1, 1), &config);
    assert!(result.err().expect("an error").to_string().contains("37"));
}

fn crop(size: usize, area: [f32; 2]) -> Pipeline {
    let (ratio, interpolation) = ([0.75, 1.333], Interpolation::Bilinear);
    Pipeline::new(vec![Transform::RandomResizedCrop { size, area, ratio, interpolation }])
}

fn with_locals(source: Arc<dyn PictureSource>, from: LocalsFrom, workers: usize) -> Vec<Batch> {
    with_locals_on(source, from, workers, MadeOn::Host)
}

fn with_locals_on(
    source: Arc<dyn PictureSource>,
    from: LocalsFrom,
    workers: usize,
    made_on: MadeOn,
) -> Vec<Batch> {
    let pairs = (0..37).map(|i| Pair { left: i, right: (i + 5) % 37 }).collect();
    let dataset = Arc::new(PairDataset::new(source, pairs));
    let pipeline = crop(8, [0.05, 0.3]);
    let pipelines = Pipelines {
        left: crop(16, [0.3, 1.0]),
        right: crop(16, [0.3, 1.0]),
        locals: Some(Locals { pipeline, count: 3, from }),
        made_on,
    };
    let config = LoaderConfig { workers, ahead: 2 };
    PairLoader::start(dataset, pipelines, 8, 5, Clock::new(4, 6), &config)
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap()
}

#[test]
fn local_crops_come_from_the_configured_picture() {
    for (from, sides) in [
        (LocalsFrom::Left, [0, 0, 0]),
        (LocalsFrom::Right, [1, 1, 1]),
        (LocalsFrom::Both, [0, 1, 0]),
    ] {
        for batch in with_locals(
            Arc::new(Generated::new(37).size(20).classes(&[], |index| Some(index % 5))),
            from,
            2,
        ) {
            assert_eq!((batch.local_size, batch.locals.len()), (8, 8 * 3 * 3 * 64));
            let views = batch.clone().views(&burn::tensor::Device::flex());
            let classes: Vec<u32> = batch.pairs.iter().map(|pair| pair % 5).collect();
            assert_eq!(views.classes, Some(classes));
            for (crop, side) in views.locals.iter().zip(sides) {
                assert_eq!(crop.dims(), [8, 3, 8, 8]);
                let values: Vec<f32> = crop.to_data().iter().collect();
                for (row, pair) in values.chunks(3 * 64).zip(&batch.pairs) {
                    let grey = [*pair, (pair + 5) % 37][side] as f32 / 255.0;
                    assert!(row.iter().all(|x| (x - grey).abs() < 1e-4), "{from:?}: {pair}");
                }
            }
        }
    }
}

#[test]
fn local_crops_depend_on_the_step_alone_and_do_not_change_the_views() {
    let plain = || dataset(None).1;
    let all = with_locals(plain(), LocalsFrom::Both, 1);
    assert_eq!(with_locals(plain(), LocalsFrom::Both, 3), all);
    let lefts = with_locals(plain(), LocalsFrom::Left, 2);
    for (one, other) in all.iter().zip(&lefts) {
        assert_eq!((&one.left, &one.right, &one.pairs), (&other.left, &other.right, &other.pairs));
        assert_eq!(one.classes, None);
    }
    // Crops of one pair differ from each other and from those of another epoch.
    let crops: Vec<&[f32]> = lefts[0].locals.chunks(3 * 64).take(3).collect();
    assert!(crops[0] != crops[1] && crops[1] != crops[2]);
}

/// On a device without the kernels both are computed by the host and are equal bit for bit. `views`
/// is tested against its reference implementation in `sempairs-kernels`.
#[test]
fn views_computed_on_the_device_equal_those_of_the_host() {
    let device = burn::tensor::Device::flex();
    let values = |views: &[Tensor<4>]| -> Vec<Vec<f32>> {
        views.iter().map(|view| view.to_data().iter().collect()).collect()
    };
    for from in [LocalsFrom::Left, LocalsFrom::Right, LocalsFrom::Both] {
        let host = with_locals(dataset(None).1, from, 2);
        let planned = with_locals_on(dataset(None).1, from, 2, MadeOn::Device);
        assert_eq!(host.len(), planned.len());
        for (host, planned) in host.into_iter().zip(planned) {
            assert_eq!((host.step, &host.pairs), (planned.step, &planned.pairs));
            assert!(planned.left.is_empty() && planned.planned.len() == host.pairs.len());
            let [host, planned] = [host, planned].map(|batch| batch.views(&device));
            assert_eq!(host.classes, planned.classes);
            assert_eq!(values(&[host.left, host.right]), values(&[planned.left, planned.right]));
            assert_eq!(values(&host.locals), values(&planned.locals));
        }
    }
}

/// Hides the decoding of parts of a source.
struct Whole(FolderSource);

impl PictureSource for Whole {
    fn len(&self) -> usize {
        self.0.len()
    }
    fn classes(&self) -> &[String] {
        self.0.classes()
    }
    fn class(&self, index: usize) -> Option<usize> {
        self.0.class(index)
    }
    fn name(&self, index: usize) -> String {
        self.0.name(index)
    }
    fn read(&self, index: usize) -> Result<Picture<'_>, DataError> {
        self.0.read(index)
    }
}

#[test]
fn views_of_a_decoded_part_equal_those_of_the_whole_picture() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../sempairs/tests/fixtures/pictures");
    let open = || FolderSource::open(folder).unwrap();
    for pairing in [Pairing::Same { file: None }, Pairing::RandomInClass] {
        let batches = |source: Arc<dyn PictureSource>| -> Vec<Batch> {
            let pairs = pairing.pairs(&*source, 1).unwrap();
            let dataset = Arc::new(PairDataset::new(source, pairs));
            let locals =
                Locals { pipeline: crop(8, [0.05, 0.3]), count: 3, from: LocalsFrom::Both };
            let pipelines =
                Pipelines { locals: Some(locals), ..Augmentation::Byol.pipelines(16).into() };
            let clock = Clock::new(2, 6);
            PairLoader::start(dataset, pipelines, 8, 5, clock, &LoaderConfig::default())
                .unwrap()
                .collect::<Result<_, _>>()
                .unwrap()
        };
        assert_eq!(batches(Arc::new(open())), batches(Arc::new(Whole(open()))));
    }
}

/// Batches of thirty-seven pairs, each of which has another picture as its partner or, if mixed,
/// the picture itself.
fn mixed(share: Option<Share>, start: usize, workers: usize, made_on: MadeOn) -> Vec<Batch> {
    let plain = dataset(None).0;
    let dataset = match share {
        Some(share) => Arc::new(PairDataset::clone(&plain).mixed(share)),
        None => plain,
    };
    let config = LoaderConfig { workers, ahead: 2 };
    let pipelines = Pipelines {
        left: crop(16, [0.3, 1.0]),
        right: crop(16, [0.3, 1.0]),
        locals: Some(Locals { pipeline: crop(8, [0.05, 0.3]), count: 2, from: LocalsFrom::Both }),
        made_on,
    };
    PairLoader::start(dataset, pipelines, 8, 5, Clock::new(4, 11).at(start), &config)
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap()
}

#[test]
fn mixed_pairs_with_a_share_of_0_or_1_give_the_bits_of_the_other_arms() {
    let semantic = dataset(None).0;
    let lefts = semantic.pairs().iter().map(|pair| Pair { right: pair.left, ..*pair });
    let same = PairDataset::new(semantic.source().clone(), lefts.collect());
    let batches = |dataset: PairDataset| -> Vec<Batch> {
        let (dataset, clock) = (Arc::new(dataset), Clock::new(4, 11));
        let pipelines = Augmentation::Byol.pipelines(16);
        let config = LoaderConfig { workers: 2, ahead: 2 };
        PairLoader::start(dataset, pipelines, 8, 5, clock, &config)
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap()
    };
    let mixed = |share| PairDataset::clone(&semantic).mixed(Share::Constant(share));
    assert_eq!(batches(mixed(0.0)), batches(same));
    assert_eq!(batches(mixed(1.0)), batches(PairDataset::clone(&semantic)));
}

#[test]
fn batches_of_mixed_pairs_depend_on_their_step_alone_also_within_a_schedule() {
    let ramp = Ramp { from: 0.0, to: 1.0, begin: 0.1, end: 0.8 };
    for share in [Share::Constant(0.5), Share::Linear(ramp)] {
        for made_on in [MadeOn::Host, MadeOn::Device] {
            let all = mixed(Some(share), 0, 1, made_on);
            assert_eq!(all.len(), 11);
            assert_eq!(mixed(Some(share), 0, 3, made_on), all);
            for start in [1, 4, 6, 9] {
                assert_eq!(mixed(Some(share), start, 2, made_on), all[start..]);
            }
        }
    }
}

#[test]
fn mixed_pairs_have_the_drawn_partner_and_the_augmentation_of_the_other_arms() {
    let share = Share::Linear(Ramp { from: 0.0, to: 1.0, begin: 0.1, end: 0.8 });
    let (dataset, _) = dataset(None);
    let dataset = PairDataset::clone(&dataset).mixed(share);
    let (plain, found) =
        (mixed(None, 0, 2, MadeOn::Device), mixed(Some(share), 0, 2, MadeOn::Device));
    let mut partners = Vec::new();
    for (plain, found) in plain.iter().zip(&found) {
        assert_eq!((&plain.pairs, plain.step), (&found.pairs, found.step));
        let at = moment(5, Clock::new(4, 11).at(found.step));
        let mut count = 0;
        for ((&number, plain), found) in found.pairs.iter().zip(&plain.planned).zip(&found.planned)
        {
            let pair = dataset.pair_at(number as usize, at);
            // Pictures of equal size get equal crops, whoever the partner is.
            assert_eq!((&found.left, &found.views), (&plain.left, &plain.views));
            let partner = plain.right.as_ref().filter(|_| pair.left != pair.right);
            assert_eq!(found.right.as_ref(), partner);
            count += usize::from(found.right.is_some());
        }
        partners.push(count);
    }
    assert_eq!((partners[0], partners[1], partners[9], partners[10]), (0, 0, 8, 8));
    assert!(partners[2..9].iter().any(|count| (1..8).contains(count)), "{partners:?}");
}
