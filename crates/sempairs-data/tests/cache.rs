//! The cache of decoded pictures: its content, and the files it rejects.

mod support;

use std::fs;
use std::path::Path;

use image::ImageFormat;
use sempairs_data::{CachedSource, DataError, FolderSource, OnBadPicture, Picture, PictureSource};
use support::{Labelled, encode, plain, put, smooth, varied};

/// Pictures of several sizes in two classes.
fn folder() -> (tempfile::TempDir, FolderSource) {
    let root = tempfile::tempdir().unwrap();
    let sizes = [(40, 30), (12, 9), (16, 16), (200, 17), (1, 1), (17, 200)];
    for (number, (width, height)) in sizes.into_iter().enumerate() {
        let class = ["cat", "dog"][number / 3];
        let picture = encode(varied(width, height), ImageFormat::Png);
        put(root.path(), &format!("{class}/{number}.png"), &picture);
    }
    let source = FolderSource::open(root.path()).unwrap();
    (root, source)
}

#[test]
fn a_cache_holds_the_pictures_at_the_chosen_short_side() {
    let (root, source) = folder();
    let path = root.path().join("a.cache");
    let report = CachedSource::build(&source, 16, &path, OnBadPicture::Error).unwrap();
    assert_eq!((report.pictures, report.shrunk, report.bad.len()), (6, 3, 0));
    assert_eq!(report.bytes, fs::metadata(&path).unwrap().len());

    let cache = CachedSource::open(&path).unwrap();
    assert_eq!((cache.len(), cache.short_side(), cache.classes()), (6, 16, source.classes()));
    let sizes = [(21, 16), (12, 9), (16, 16), (188, 16), (1, 1), (16, 188)];
    for (index, size) in sizes.into_iter().enumerate() {
        let picture = cache.read(index).unwrap();
        assert_eq!((picture.width(), picture.height()), size);
        assert_eq!(cache.name(index), source.name(index));
        assert_eq!(cache.class(index), source.class(index));
        let original = source.read(index).unwrap();
        if (original.width(), original.height()) == size {
            assert_eq!(picture, original, "a picture that is not larger is unchanged");
        }
    }
    let trusting = CachedSource::open_trusting(&path).unwrap();
    assert_eq!(trusting.read(3).unwrap(), cache.read(3).unwrap());
}

#[test]
fn shrinking_is_antialiased() {
    // Reducing keeps a smooth gradient, and turns a fine chequerboard into its mean without
    // aliasing.
    let root = tempfile::tempdir().unwrap();
    let chequer =
        image::RgbImage::from_fn(64, 64, |x, y| image::Rgb([255 * ((x + y) % 2) as u8; 3]));
    put(root.path(), "a/1.png", &encode(chequer, ImageFormat::Png));
    put(root.path(), "a/2.png", &encode(smooth(64, 64), ImageFormat::Png));
    let source = FolderSource::open(root.path()).unwrap();
    let path = root.path().join("a.cache");
    let cache = CachedSource::open_or_build(&source, 16, &path, OnBadPicture::Error).unwrap();
    assert!(cache.read(0).unwrap().pixels().iter().all(|value| value.abs_diff(128) <= 8));
    let (small, large) = (cache.read(1).unwrap(), source.read(1).unwrap());
    for y in 2..14 {
        for x in 2..14 {
            let value = small.pixels()[3 * (16 * y + x)] as f64;
            let block = |dx: usize| large.pixels()[3 * (64 * 4 * y + 4 * x + dx)] as f64;
            assert!((value - (block(1) + block(2)) / 2.0).abs() <= 1.5, "{x}, {y}");
        }
    }
}

#[test]
fn a_cache_is_reused_only_for_the_same_source_and_short_side() {
    let (root, source) = folder();
    let path = root.path().join("a.cache");
    let open = |source: &dyn PictureSource, side| {
        CachedSource::open_or_build(source, side, &path, OnBadPicture::Error)
    };
    let identity = open(&source, 16).unwrap().identity();
    let written = fs::metadata(&path).unwrap().modified().unwrap();
    assert_eq!(open(&source, 16).unwrap().identity(), identity);
    assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), written);

    let message = open(&source, 32).unwrap_err().to_string();
    assert!(message.contains("a.cache: the cache has a short side of 16, not 32"), "{message}");
    // The same names with other pixels.
    put(root.path(), "cat/0.png", &encode(smooth(40, 30), ImageFormat::Png));
    let message = open(&source, 16).unwrap_err().to_string();
    assert!(message.contains("made from other pictures"), "{message}");
    // Other names and classes.
    let message = open(&Labelled::new(&[3, 4]), 16).unwrap_err().to_string();
    assert!(message.contains("made from other pictures"), "{message}");
}

#[test]
fn a_replaced_file_is_detected_at_any_index() {
    // Of 48 pictures, the identity hashes the pixels of every third only.
    let root = tempfile::tempdir().unwrap();
    for number in 0..48 {
        put(root.path(), &format!("a/{number:02}.png"), &plain(number));
    }
    let source = FolderSource::open(root.path()).unwrap();
    let path = root.path().join("a.cache");
    let open = || CachedSource::open_or_build(&source, 16, &path, OnBadPicture::Error);
    let identity = open().unwrap().identity();
    let replaced = root.path().join("a/07.png");
    let (old, time) = (fs::read(&replaced).unwrap(), fs::metadata(&replaced).unwrap().modified());
    let set_time =
        |time| fs::File::options().write(true).open(&replaced).unwrap().set_modified(time).unwrap();
    let refused = || {
        let message = open().unwrap_err().to_string();
        assert!(message.contains("modification times of their files differ"), "{message}");
    };
    // Another length with the same modification time.
    let time = time.unwrap();
    fs::write(&replaced, encode(smooth(5, 5), ImageFormat::Png)).unwrap();
    set_time(time);
    refused();
    // The same length with another modification time.
    fs::write(&replaced, &old).unwrap();
    set_time(time + std::time::Duration::from_secs(1));
    refused();
    set_time(time);
    assert_eq!(open().unwrap().identity(), identity);
}

#[test]
fn bad_pictures_stop_the_build_or_are_listed() {
    let (root, _) = folder();
    put(root.path(), "cat/bad.jpg", b"not a picture");
    let source = FolderSource::open(root.path()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.cache");
    let error = CachedSource::build(&source, 16, &path, OnBadPicture::Error).unwrap_err();
    assert!(
        matches!(&error, DataError::Picture { picture, .. } if picture.ends_with("cat/bad.jpg"))
    );
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "no file remains");

    let report = CachedSource::build(&source, 16, &path, OnBadPicture::Skip).unwrap();
    assert_eq!((report.pictures, report.bad[0].name.as_str()), (6, "cat/bad.jpg"));
    let cache = CachedSource::open_or_build(&source, 16, &path, OnBadPicture::Skip).unwrap();
    assert_eq!(cache.bad(), report.bad);
    assert_eq!((cache.len(), cache.class(3)), (6, Some(1)));
    // Under `Error`, a cache without the bad pictures is not accepted.
    let error = CachedSource::open_or_build(&source, 16, &path, OnBadPicture::Error).unwrap_err();
    assert!(error.to_string().contains("cat/bad.jpg"), "{error}");

    let none = tempfile::tempdir().unwrap();
    put(none.path(), "cat/1.jpg", b"");
    let source = FolderSource::open(none.path()).unwrap();
    let error = CachedSource::build(&source, 16, &path, OnBadPicture::Skip).unwrap_err();
    assert!(error.to_string().contains("1.jpg: cannot be decoded"), "{error}");
    assert_eq!(CachedSource::open(&path).unwrap().len(), 6, "the old cache is unchanged");
}

fn open_damaged(path: &Path, bytes: &[u8]) -> String {
    fs::write(path, bytes).unwrap();
    match CachedSource::open(path) {
        Err(error @ DataError::Cache { .. }) => {
            assert!(error.to_string().starts_with(&path.display().to_string()));
            error.to_string()
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn damage_anywhere_is_detected_when_a_cache_is_opened() {
    let (root, source) = folder();
    let path = root.path().join("a.cache");
    CachedSource::build(&source, 9, &path, OnBadPicture::Error).unwrap();
    let bytes = fs::read(&path).unwrap();
    let other = root.path().join("damaged.cache");
    let ends = (0..200).chain(bytes.len() - 200..bytes.len());
    for at in ends.chain((200..bytes.len() - 200).step_by(31)) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x10;
        open_damaged(&other, &damaged);
    }
    for length in (0..bytes.len()).step_by(97) {
        open_damaged(&other, &bytes[..length]);
    }
    assert!(open_damaged(&other, &bytes[..bytes.len() - 1]).contains("its end is missing"));
    assert!(open_damaged(&other, b"a text").contains("6 bytes long"));
    assert!(open_damaged(&other, &[b'x'; 500]).contains("not a decoded cache"));
    let doubled = [&bytes[..], &bytes[..]].concat();
    assert!(open_damaged(&other, &doubled).contains("length"));
    let mut newer = bytes.clone();
    newer[8] = 3;
    assert!(open_damaged(&other, &newer).contains("version 3"));
    let mut pixel = bytes;
    pixel[100] ^= 1;
    assert!(open_damaged(&other, &pixel).contains("checksum of bytes 0 to"));
    assert!(CachedSource::open_trusting(&other).is_ok(), "the pixels are not checked");
}

/// Pictures whose pixels are covered by several checksums.
struct Large;

impl PictureSource for Large {
    fn len(&self) -> usize {
        60
    }
    fn classes(&self) -> &[String] {
        &[]
    }
    fn class(&self, _index: usize) -> Option<usize> {
        None
    }
    fn name(&self, index: usize) -> String {
        index.to_string()
    }
    fn read(&self, index: usize) -> Result<Picture<'_>, DataError> {
        let side = 250 + index;
        let pixels: Vec<u8> = (0..3 * side * side).map(|at| (at * (index + 3) / 7) as u8).collect();
        Ok(Picture::new(side, side, pixels))
    }
}

#[test]
fn a_cache_of_many_chunks_is_checked_in_every_one() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("large.cache");
    CachedSource::build(&Large, 1000, &path, OnBadPicture::Error).unwrap();
    let cache = CachedSource::open(&path).unwrap();
    for index in [0, 31, 59] {
        assert_eq!(cache.read(index).unwrap(), Large.read(index).unwrap());
    }
    let mut bytes = fs::read(&path).unwrap();
    let chunk = 4 << 20;
    for at in [chunk - 1, chunk, 3 * chunk + 5] {
        bytes[at] ^= 1;
        let range = format!("bytes {} to", at / chunk * chunk);
        let other = root.path().join("damaged.cache");
        assert!(open_damaged(&other, &bytes).contains(&range));
        bytes[at] ^= 1;
    }
}

#[test]
fn an_empty_cache_is_rejected() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("a.cache");
    let build = |source: &dyn PictureSource, side| {
        CachedSource::build(source, side, &path, OnBadPicture::Error).unwrap_err().to_string()
    };
    assert!(build(&Labelled::unlabelled(0), 16).contains("no picture"));
    assert!(build(&Labelled::unlabelled(3), 0).contains("short side"));
    let missing = CachedSource::open(&path).unwrap_err();
    assert!(matches!(missing, DataError::Io { .. }));
}
