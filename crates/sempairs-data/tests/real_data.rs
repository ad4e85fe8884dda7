//! Tests with real data sets, which `cargo test --test real_data -- --ignored` runs. The
//! environment variable `SEMPAIRS_REAL_DATA` names a folder with `tinyimagenet-paper59`,
//! `imagenet-sample-173` and `cifar-10-batches-bin`.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use sempairs_data::{
    CachedSource, CifarKind, CifarSource, FolderSource, OnBadPicture, Pairing, PictureSource,
    Split, paper_classes, validate,
};

fn real(name: &str) -> PathBuf {
    let folder = std::env::var_os("SEMPAIRS_REAL_DATA").expect("SEMPAIRS_REAL_DATA is a folder");
    PathBuf::from(folder).join(name)
}

/// Builds and opens a cache, and prints how long each took.
fn through_a_cache(source: &dyn PictureSource, short_side: usize) -> CachedSource {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("real.cache");
    let start = Instant::now();
    let report = CachedSource::build(source, short_side, &path, OnBadPicture::Error).unwrap();
    let built = start.elapsed();
    let start = Instant::now();
    let cache = CachedSource::open(&path).unwrap();
    println!("{report:?}: built in {built:?}, opened in {:?}", start.elapsed());
    assert_eq!(cache.len(), source.len());
    cache
}

#[test]
#[ignore = "needs data sets: SEMPAIRS_REAL_DATA"]
fn tiny_imagenet() {
    let folder = real("tinyimagenet-paper59");
    let train = FolderSource::open(folder.join("train")).unwrap();
    let val = FolderSource::open(folder.join("val")).unwrap();
    assert_eq!((train.len(), val.len()), (29_500, 2_950));
    assert_eq!(train.classes(), val.classes());
    let mut ours: Vec<String> = paper_classes()
        .into_iter()
        .filter(|it| it.in_tiny_imagenet)
        .filter_map(|it| it.wnid)
        .collect();
    ours.sort();
    assert_eq!(train.classes(), ours);
    let cache = through_a_cache(&train, 64);
    for index in (0..train.len()).step_by(997) {
        assert_eq!(cache.read(index).unwrap(), train.read(index).unwrap());
    }
    assert_eq!(Pairing::RandomInClass.pairs(&cache, 0).unwrap().len(), 29_500);
    assert!(validate(Arc::new(val), OnBadPicture::Error).is_ok());
}

#[test]
#[ignore = "needs data sets: SEMPAIRS_REAL_DATA"]
fn imagenet_at_native_sizes() {
    let folder = real("imagenet-sample-173");
    let source = FolderSource::open(folder).unwrap();
    assert_eq!((source.len(), source.classes().len()), (173, 173));
    let cache = through_a_cache(&source, 128);
    for index in 0..cache.len() {
        let picture = cache.read(index).unwrap();
        assert!(picture.width().min(picture.height()) <= 128);
    }
}

#[test]
#[ignore = "needs data sets: SEMPAIRS_REAL_DATA"]
fn cifar10() {
    let folder = real("cifar-10-batches-bin");
    let open = |split| CifarSource::open_folder(CifarKind::Cifar10, &folder, split).unwrap();
    let (train, test) = (open(Split::Train), open(Split::Test));
    assert!(train.len() >= 10_000 && test.len() >= 1_000);
    assert_eq!(train.classes()[0], "airplane");
    through_a_cache(&train, 32);
}
