//! Throughput of the data loader: reading pictures, from JPEG files and from a decoded cache, and
//! augmenting both views of each pair, on all cores.
//!
//! `cargo bench --bench loader -- [FILTER]`; one item is one pair. The pictures are built-in scenes
//! of 64 by 64 pixels.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use divan::Bencher;
use divan::counter::ItemsCount;
use image::ExtendedColorType;
use image::codecs::jpeg::JpegEncoder;
use sempairs_augment::Augmentation;
use sempairs_data::{
    CachedSource, FolderSource, OnBadPicture, PairDataset, Pairing, PictureSource,
};
use sempairs_objective::Clock;
use sempairs_scenes::{SceneSource, SceneSplit};
use sempairs_train::{LoaderConfig, PairLoader};

fn main() {
    divan::main();
}

const SIDE: usize = 64;
const PER_CLASS: usize = 20;
const BATCH: usize = 128;
/// Number of warm-up batches, and of timed batches.
const BATCHES: [usize; 2] = [1, 8];

/// Writes scenes as JPEG files, one folder per class.
fn draw(folder: &Path) {
    let scenes = SceneSource::new(SceneSplit::Pretrain, PER_CLASS, SIDE, 0);
    for index in 0..scenes.len() {
        let class = scenes.class(index).expect("scenes have classes");
        let class = folder.join(&scenes.classes()[class]);
        fs::create_dir_all(&class).expect("a folder");
        let picture = scenes.read(index).expect("a scene");
        let mut bytes = Vec::new();
        JpegEncoder::new_with_quality(&mut bytes, 90)
            .encode(picture.pixels(), SIDE as u32, SIDE as u32, ExtendedColorType::Rgb8)
            .expect("a picture");
        fs::write(class.join(format!("{index}.jpg")), bytes).expect("a file");
    }
}

fn run(bencher: Bencher, source: Arc<dyn PictureSource>) {
    let pairs = Pairing::RandomInClass.pairs(&*source, 0).expect("pairs");
    let dataset = Arc::new(PairDataset::new(source, pairs));
    let [before, timed] = BATCHES;
    bencher
        .counter(ItemsCount::new(timed * BATCH))
        .with_inputs(|| {
            let clock = Clock::new(dataset.len() / BATCH, before + timed);
            let pipelines = Augmentation::Simclr.pipelines(SIDE);
            let config = LoaderConfig::default();
            let mut loader =
                PairLoader::start(dataset.clone(), pipelines, BATCH, 0, clock, &config)
                    .expect("a loader");
            for _ in 0..before {
                loader.next().expect("a batch").expect("pictures");
            }
            loader
        })
        .bench_local_values(|loader| {
            loader.map(|batch| batch.expect("pictures").pairs.len()).sum::<usize>()
        });
}

#[divan::bench(sample_count = 10, sample_size = 1)]
fn jpeg_files(bencher: Bencher) {
    let folder = tempfile::tempdir().expect("a folder");
    draw(folder.path());
    run(bencher, Arc::new(FolderSource::open(folder.path()).expect("pictures")));
}

#[divan::bench(sample_count = 10, sample_size = 1)]
fn decoded_cache(bencher: Bencher) {
    let folder = tempfile::tempdir().expect("a folder");
    let (pictures, cache) = (folder.path().join("pictures"), folder.path().join("cache"));
    draw(&pictures);
    let source = FolderSource::open(&pictures).expect("pictures");
    CachedSource::build(&source, SIDE, &cache, OnBadPicture::Error).expect("a cache");
    run(bencher, Arc::new(CachedSource::open(&cache).expect("a cache")));
}

/// Reading of one picture at a time on one thread, without augmentation.
#[divan::bench_group]
mod picture {
    use super::*;

    fn run(bencher: Bencher, source: &dyn PictureSource) {
        let mut next = 0;
        bencher.counter(ItemsCount::new(1usize)).bench_local(|| {
            next = (next + 1) % source.len();
            // The cache is memory-mapped; summing the pixels forces them to be read.
            let picture = source.read(next).expect("a picture");
            picture.pixels().iter().map(|&byte| u64::from(byte)).sum::<u64>()
        });
    }

    #[divan::bench]
    fn from_a_jpeg_file(bencher: Bencher) {
        let folder = tempfile::tempdir().expect("a folder");
        draw(folder.path());
        run(bencher, &FolderSource::open(folder.path()).expect("pictures"));
    }

    #[divan::bench]
    fn from_a_decoded_cache(bencher: Bencher) {
        let folder = tempfile::tempdir().expect("a folder");
        let (pictures, cache) = (folder.path().join("pictures"), folder.path().join("cache"));
        draw(&pictures);
        let source = FolderSource::open(&pictures).expect("pictures");
        CachedSource::build(&source, SIDE, &cache, OnBadPicture::Error).expect("a cache");
        run(bencher, &CachedSource::open(&cache).expect("a cache"));
    }
}
