//! Tests with real data sets. The environment variable `SEMPAIRS_REAL_DATA` names a folder that may
//! contain `tinyimagenet-paper59`, `imagenet-sample-173` and `cifar-10-batches-bin`. Tests of
//! missing data sets do nothing.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use sempairs_data::{
    CachedSource, CifarKind, CifarSource, FolderSource, OnBadPicture, Pairing, PictureSource,
    Split, paper_classes, validate,
};

fn real(name: &str) -> Option<PathBuf> {
    let folder = PathBuf::from(std::env::var_os("SEMPAIRS_REAL_DATA")?).join(name);
    folder.exists().then_some(folder)
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
fn tiny_imagenet() {
    let Some(folder) = real("tinyimagenet-paper59") else { return };
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
fn imagenet_at_native_sizes() {
    let Some(folder) = real("imagenet-sample-173") else { return };
    let source = FolderSource::open(folder).unwrap();
    assert_eq!((source.len(), source.classes().len()), (173, 173));
    let cache = through_a_cache(&source, 128);
    for index in 0..cache.len() {
        let picture = cache.read(index).unwrap();
        assert!(picture.width().min(picture.height()) <= 128);
    }
}

#[test]
fn cifar10() {
    let Some(folder) = real("cifar-10-batches-bin") else { return };
    let open = |split| CifarSource::open_folder(CifarKind::Cifar10, &folder, split).unwrap();
    let (train, test) = (open(Split::Train), open(Split::Test));
    assert!(train.len() >= 10_000 && test.len() >= 1_000);
    assert_eq!(train.classes()[0], "airplane");
    through_a_cache(&train, 32);
}
