//! Files and folders in real image folders that are not pictures.

mod support;

use std::path::Path;
use std::sync::Arc;

use sempairs_data::cache::CachedSource;
use sempairs_data::{
    Concat, DataError, Exclusion, FlatSource, FolderSource, Manifest, OnBadPicture, Pairing,
    PictureSource, Subset, validate, validate_headers,
};
use support::{plain, put};

const VIDEO: &[u8] = b"\0\0\0\x20ftypisom\0\0\x02\0isomiso2mp41";
const HEIC: &[u8] = b"\0\0\0\x24ftypheic\0\0\0\0mif1heic";

fn names(source: &dyn PictureSource) -> Vec<String> {
    (0..source.len()).map(|index| source.name(index)).collect()
}

/// Two classes of two pictures each.
fn folder() -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for name in ["cat/a.png", "cat/c.png", "dog/a.png", "dog/c.png"] {
        put(root.path(), name, &plain(name.len() as u8));
    }
    root
}

const GOOD: [&str; 4] = ["cat/a.png", "cat/c.png", "dog/a.png", "dog/c.png"];

fn open(root: &Path) -> Arc<dyn PictureSource> {
    Arc::new(FolderSource::open(root).unwrap())
}

#[test]
fn a_video_or_an_unknown_format_is_found_without_decoding_and_can_be_skipped() {
    let root = folder();
    put(root.path(), "cat/b.mp4", VIDEO);
    put(root.path(), "dog/b.heic", HEIC);
    put(root.path(), "dog/d.png", b"");
    let source = open(root.path());
    let message = validate_headers(source.clone(), OnBadPicture::Error).unwrap_err().to_string();
    assert!(message.contains("cat/b.mp4: cannot be decoded: it is an MP4 video"), "{message}");
    assert!(message.contains("the first of 3 files"), "{message}");
    // `validate` and the cache report the same error, before any picture is decoded.
    let cache = root.path().join(".cache");
    let others = [
        validate(source.clone(), OnBadPicture::Error).map(drop).unwrap_err(),
        CachedSource::build(&source, 4, &cache, OnBadPicture::Error).map(drop).unwrap_err(),
    ];
    assert!(others.iter().all(|error| error.to_string() == message), "{others:?}");

    let (good, bad) = validate_headers(source.clone(), OnBadPicture::Skip).unwrap();
    assert_eq!(names(&good), GOOD);
    let listed: Vec<_> = bad.iter().map(|bad| bad.name.as_str()).collect();
    assert_eq!(listed, ["cat/b.mp4", "dog/b.heic", "dog/d.png"]);
    assert!(bad[1].reason.contains("it is HEIC, which is not supported; convert it to JPEG"));
    assert!(bad[2].reason.contains("the file is empty"));
    let (validated, list) = validate(source.clone(), OnBadPicture::Skip).unwrap();
    assert_eq!((names(&validated), list), (names(&good), bad));

    // Pairs of the good pictures are valid for training under `Skip`.
    let file = root.path().join(".pairs.csv");
    let pairs = Pairing::RandomInClass.pairs(&good, 0).unwrap();
    Manifest::from_pairs(&good, &pairs, "drawn").write(&file, &good).unwrap();
    assert_eq!(Manifest::read(&file, &validated).unwrap().rows().len(), 2);
    // The error for a row with a video differs from that for a missing picture.
    std::fs::write(&file, "left,right,class,source,score\ncat/a.png,cat/b.mp4,,,\n").unwrap();
    let message = Manifest::read(&file, &good).unwrap_err().to_string();
    assert!(message.contains("excluded: cat/b.mp4 cannot be decoded"), "{message}");
}

#[test]
fn subsets_and_concatenations_find_the_videos_of_their_sources() {
    let root = folder();
    put(root.path(), "dog/b.mp4", VIDEO);
    let source = open(root.path());
    let cats = Subset::of_classes(source.clone(), &["cat"]).unwrap();
    assert!(validate_headers(Arc::new(cats), OnBadPicture::Error).is_ok());
    let dogs = Subset::of_classes(source.clone(), &["dog"]).unwrap();
    assert!(validate_headers(Arc::new(dogs), OnBadPicture::Error).is_err());
    let both: Arc<dyn PictureSource> = Arc::new(Concat::new(vec![source.clone(), source]));
    let (good, bad) = validate_headers(both, OnBadPicture::Skip).unwrap();
    assert_eq!((good.len(), bad.len()), (8, 2));
    assert_eq!(good.excluded()[0], ("dog/b.mp4".into(), Exclusion::Undecodable));
    let only = tempfile::tempdir().unwrap();
    put(only.path(), "a.mp4", VIDEO);
    let only = Arc::new(FlatSource::open(only.path()).unwrap());
    assert!(validate_headers(only, OnBadPicture::Skip).unwrap_err().to_string().contains("a.mp4"));
}

#[test]
fn a_video_outside_the_class_folders_can_be_skipped_but_a_picture_cannot() {
    let root = folder();
    put(root.path(), "trip.mp4", VIDEO);
    put(root.path(), "LICENCE", b"Do what you like.");
    let source = open(root.path());
    let message = validate_headers(source.clone(), OnBadPicture::Error).unwrap_err().to_string();
    assert!(message.contains("LICENCE: cannot be decoded: not a JPEG"), "{message}");
    let (good, bad) = validate_headers(source, OnBadPicture::Skip).unwrap();
    assert_eq!((names(&good), bad.len()), (GOOD.map(String::from).to_vec(), 2));
    assert!((0..4).all(|index| good.class(index) == Some(index / 2)));
    put(root.path(), "stray.jpg", &plain(1));
    let message = FolderSource::open(root.path()).unwrap_err().to_string();
    assert!(message.contains("stray.jpg: lies outside the class folders"), "{message}");
}

#[test]
fn system_folders_are_not_classes_and_contain_no_pictures() {
    let root = folder();
    for system in ["@eaDir", "__MACOSX", "lost+found", "$Recycle.Bin", "System Volume Information"]
    {
        put(root.path(), &format!("{system}/a.jpg"), &plain(1));
        put(root.path(), &format!("cat/{system}/a.jpg/SYNOPHOTO_THUMB_M.jpg"), &plain(1));
    }
    put(root.path(), "cat/Thumbs.db", b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1");
    put(root.path(), "cat/desktop.ini", b"[.ShellClassInfo]");
    put(root.path(), "cat/a.xmp", b"<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"/>");
    put(root.path(), "cat/IMG_E0001.AAE", b"<?xml version=\"1.0\"?>");
    put(root.path(), "cat/._a.png", b"\0\x05\x16\x07\0\x02\0\0Mac OS X");
    let source = open(root.path());
    assert_eq!(source.classes(), ["cat", "dog"]);
    assert_eq!(names(&*source), GOOD);
    assert!(validate_headers(source, OnBadPicture::Error).is_ok());
    let flat = FlatSource::open(root.path()).unwrap();
    assert_eq!(names(&flat), GOOD);
}

#[test]
fn a_folder_named_like_a_picture_is_a_folder() {
    let root = folder();
    put(root.path(), "cat/x.jpg/b.png", &plain(3));
    let source = open(root.path());
    assert_eq!(
        names(&*source),
        ["cat/a.png", "cat/c.png", "cat/x.jpg/b.png", "dog/a.png", "dog/c.png"]
    );
    assert!(validate(source, OnBadPicture::Error).is_ok());
}

#[cfg(unix)]
#[test]
fn broken_links_can_be_skipped() {
    use std::os::unix::fs::symlink;
    let root = folder();
    symlink("nowhere.png", root.path().join("cat/b.png")).unwrap();
    symlink("round.png", root.path().join("dog/round.png")).unwrap();
    symlink("gone.txt", root.path().join("dog/notes.txt")).unwrap();
    symlink("/mnt/gone/birds", root.path().join("birds")).unwrap();
    let source = FolderSource::open(root.path()).unwrap();
    assert_eq!(source.ignored(), ["dog/notes.txt"]);
    let source: Arc<dyn PictureSource> = Arc::new(source);
    let message = validate_headers(source.clone(), OnBadPicture::Error).unwrap_err().to_string();
    let expected = "birds: cannot be decoded: a broken link to /mnt/gone/birds: ";
    assert!(message.contains(expected), "{message}");
    for skip in [validate_headers, validate] {
        let (good, bad) = skip(source.clone(), OnBadPicture::Skip).unwrap();
        assert_eq!(names(&good), GOOD);
        let listed: Vec<_> = bad.iter().map(|bad| bad.name.as_str()).collect();
        assert_eq!(listed, ["birds", "cat/b.png", "dog/round.png"]);
    }
    let flat = Arc::new(FlatSource::open(root.path()).unwrap());
    assert_eq!(names(&validate_headers(flat, OnBadPicture::Skip).unwrap().0), GOOD);
}

#[cfg(unix)]
#[test]
fn a_name_that_is_not_utf_8_can_be_skipped() {
    use std::os::unix::ffi::OsStrExt;
    let root = folder();
    let name = std::ffi::OsStr::from_bytes(b"b\xE9.png");
    std::fs::write(root.path().join("cat").join(name), plain(1)).unwrap();
    let source = open(root.path());
    let message = validate_headers(source.clone(), OnBadPicture::Error).unwrap_err().to_string();
    assert!(message.contains("cat/b\u{FFFD}.png: cannot be decoded: its name is not UTF-8"));
    assert_eq!(names(&validate_headers(source, OnBadPicture::Skip).unwrap().0), GOOD);
}

#[test]
fn a_picture_deleted_after_the_listing_is_a_bad_picture() {
    let root = folder();
    let source = open(root.path());
    std::fs::remove_file(root.path().join("dog/a.png")).unwrap();
    let error = source.read(2).unwrap_err();
    assert!(matches!(error, DataError::Picture { .. }), "{error:?}");
    let message = OnBadPicture::Error.explain(error, "`--skip`").to_string();
    assert!(
        message.contains("dog/a.png: cannot be decoded: it cannot be read: No such file"),
        "{message}"
    );
    assert!(message.ends_with("; `--skip` skips such pictures"), "{message}");
    let (good, bad) = validate(source, OnBadPicture::Skip).unwrap();
    assert_eq!((good.len(), bad[0].name.as_str()), (3, "dog/a.png"));
}

#[cfg(unix)]
#[test]
fn a_picture_without_read_permission_is_a_bad_picture() {
    use std::os::unix::fs::PermissionsExt;
    let root = folder();
    let locked = root.path().join("cat/c.png");
    std::fs::set_permissions(&locked, std::fs::Permissions::from_mode(0o000)).unwrap();
    if std::fs::File::open(&locked).is_ok() {
        return; // root may read everything
    }
    let (good, bad) = validate_headers(open(root.path()), OnBadPicture::Skip).unwrap();
    assert_eq!((good.len(), bad[0].name.as_str()), (3, "cat/c.png"));
    assert!(bad[0].reason.contains("it cannot be read: Permission denied"), "{}", bad[0]);
}
