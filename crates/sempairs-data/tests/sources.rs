//! Folders and record files, valid and invalid.

mod support;

use std::path::PathBuf;
use std::sync::Arc;

use image::{ImageFormat, RgbImage};
use sempairs_data::{
    CifarKind, CifarSource, Concat, DataError, FlatSource, FolderSource, MAX_FILE_BYTES,
    OnBadPicture, PictureSource, Split, Stl10Source, Stl10Split, Subset, validate,
    validate_headers,
};
use support::{Labelled, encode, plain, put};

fn names(source: &dyn PictureSource) -> Vec<String> {
    (0..source.len()).map(|index| source.name(index)).collect()
}

#[test]
fn class_folders_are_read_in_the_order_of_names() {
    let root = tempfile::tempdir().unwrap();
    // The layouts of Tiny-ImageNet's training set and of ImageNet.
    put(root.path(), "n02/images/b.JPEG", &plain(2));
    put(root.path(), "n02/images/a.JPEG", &plain(1));
    put(root.path(), "n02/n02_boxes.txt", b"a.JPEG 0 0 1 1");
    put(root.path(), "n01/z.png", &plain(3));
    put(root.path(), "n01/.hidden.png", b"");
    put(root.path(), ".git/x", b"");
    put(root.path(), "classes.csv", b"");
    let source = FolderSource::open(root.path()).unwrap();
    assert_eq!(source.classes(), ["n01", "n02"]);
    assert_eq!(names(&source), ["n01/z.png", "n02/images/a.JPEG", "n02/images/b.JPEG"]);
    assert_eq!((0..3).map(|i| source.class(i).unwrap()).collect::<Vec<_>>(), [0, 1, 1]);
    assert_eq!(source.read(1).unwrap().pixels(), [1; 48]);
    assert_eq!(source.ignored(), ["classes.csv", "n02/n02_boxes.txt"]);
}

#[test]
fn a_picture_with_the_extension_of_an_accompanying_file_is_a_picture() {
    let root = tempfile::tempdir().unwrap();
    let picture = RgbImage::from_pixel(4, 4, image::Rgb([9; 3]));
    let kinds = [
        (ImageFormat::Bmp, "dat/bmp.txt"),
        (ImageFormat::Gif, "dat/gif.db"),
        (ImageFormat::Jpeg, "dat/jpeg.CACHE"),
        (ImageFormat::Png, "dat/png.json"),
        (ImageFormat::Tiff, "dat/tiff.log"),
        (ImageFormat::WebP, "dat/webp.tar"),
    ];
    for (format, name) in kinds {
        put(root.path(), name, &encode(picture.clone(), format));
    }
    // Texts that begin with the magic numbers of BMP and PNM.
    put(root.path(), "dat/bmi.csv", b"BMI,age,weight,height,name\n21.5,40,70,1.80,Ann\n");
    put(root.path(), "dat/p1.txt", b"P1 is the first of the points that this file lists");
    put(root.path(), "dat/empty.txt", b"");
    let source = FolderSource::open(root.path()).unwrap();
    assert_eq!(names(&source), kinds.map(|(_, name)| name));
    assert_eq!(source.ignored(), ["dat/bmi.csv", "dat/empty.txt", "dat/p1.txt"]);
    assert!(validate(Arc::new(source), OnBadPicture::Error).is_ok());
}

#[test]
fn the_layout_of_tiny_imagenets_validation_set_is_read() {
    let root = tempfile::tempdir().unwrap();
    for (name, grey) in [("val_0.JPEG", 0), ("val_1.JPEG", 1), ("val_10.JPEG", 10)] {
        put(root.path(), &format!("images/{name}"), &plain(grey));
    }
    let lines =
        "val_0.JPEG\tn09\t0\t0\t9\t9\nval_1.JPEG\tn04\t0\t0\t9\t9\nval_10.JPEG\tn09\t1\t1\t9\t9\n";
    let annotations = put(root.path(), "val_annotations.txt", lines.as_bytes());
    let source = FolderSource::open(root.path()).unwrap();
    assert_eq!(source.classes(), ["n04", "n09"]);
    let classes: Vec<_> = (0..3).map(|index| (source.name(index), source.class(index))).collect();
    let expected = [("val_0", 1), ("val_1", 0), ("val_10", 1)];
    for ((name, class), (stem, number)) in classes.into_iter().zip(expected) {
        assert_eq!((name, class), (format!("images/{stem}.JPEG"), Some(number)));
    }

    let wrong = |text: &str| {
        std::fs::write(&annotations, text).unwrap();
        FolderSource::open(root.path()).unwrap_err().to_string()
    };
    let file = annotations.display();
    let message = wrong(&lines.replace("val_1.", "val_7."));
    assert!(message.starts_with(&format!("{file}, line 2: `images/val_7.JPEG` is not in")));
    assert!(wrong("val_0.JPEG\n").contains("line 1: expected a file name and its class"));
    assert!(wrong(&format!("{lines}{lines}")).contains("line 4: `val_0.JPEG` already has a class"));
    assert!(wrong("val_0.JPEG\tn09\n").contains("val_1.JPEG: no line of"));
}

#[test]
fn a_folder_with_another_layout_is_an_error_that_names_the_cause() {
    let root = tempfile::tempdir().unwrap();
    let message = || FolderSource::open(root.path()).unwrap_err().to_string();
    assert!(message().contains("no class folder"));
    assert!(FlatSource::open(root.path()).unwrap_err().to_string().contains("no pictures"));
    put(root.path(), "cat/1.png", &plain(0));
    std::fs::create_dir(root.path().join("dog")).unwrap();
    assert!(message().contains("dog: this class folder contains no pictures"), "{}", message());
    std::fs::remove_dir(root.path().join("dog")).unwrap();
    put(root.path(), "stray.png", &plain(0));
    assert!(message().contains("stray.png: lies outside the class folders"), "{}", message());
    let missing = root.path().join("nowhere");
    assert!(FolderSource::open(&missing).unwrap_err().to_string().contains("nowhere"));
}

#[cfg(unix)]
#[test]
fn links_are_followed_but_not_in_circles() {
    use std::os::unix::fs::symlink;
    let root = tempfile::tempdir().unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    put(elsewhere.path(), "cat.png", &plain(7));
    std::fs::create_dir(root.path().join("cat")).unwrap();
    symlink(elsewhere.path().join("cat.png"), root.path().join("cat/linked.png")).unwrap();
    symlink(elsewhere.path(), root.path().join("dog")).unwrap();
    let source = FolderSource::open(root.path()).unwrap();
    assert_eq!(names(&source), ["cat/linked.png", "dog/cat.png"]);
    assert_eq!(source.read(0).unwrap().pixels(), [7; 48]);

    symlink(root.path(), root.path().join("cat/up")).unwrap();
    symlink(".", root.path().join("here")).unwrap();
    let source = Arc::new(FolderSource::open(root.path()).unwrap());
    let error = validate_headers(source.clone(), OnBadPicture::Error).unwrap_err().to_string();
    assert!(
        error.contains("cat/up: cannot be decoded: a link to a folder that contains it"),
        "{error}"
    );
    let (good, bad) = validate_headers(source, OnBadPicture::Skip).unwrap();
    assert_eq!(names(&good), ["cat/linked.png", "dog/cat.png"]);
    assert_eq!(bad.len(), 2);
}

#[test]
fn a_flat_folder_has_no_classes() {
    let root = tempfile::tempdir().unwrap();
    put(root.path(), "b/2.png", &plain(2));
    put(root.path(), "1.png", &plain(1));
    let source = FlatSource::open(root.path()).unwrap();
    assert_eq!(names(&source), ["1.png", "b/2.png"]);
    assert!(source.classes().is_empty() && source.class(0).is_none());
}

#[test]
fn a_bad_picture_is_an_error_with_its_path_or_is_skipped_and_listed() {
    let root = tempfile::tempdir().unwrap();
    put(root.path(), "cat/1.png", &plain(1));
    let text = put(root.path(), "cat/2.jpg", b"no picture at all");
    put(root.path(), "cat/3.png", &plain(3));
    let empty = put(root.path(), "cat/4.png", b"");
    let png = plain(5);
    let cut = put(root.path(), "cat/5.png", &png[..png.len() / 2]);
    let source: Arc<dyn PictureSource> = Arc::new(FolderSource::open(root.path()).unwrap());

    let message = source.read(1).unwrap_err().to_string();
    assert!(message.starts_with(&format!("{}: cannot be decoded: ", text.display())), "{message}");
    assert!(validate(source.clone(), OnBadPicture::Error).is_err());

    let (good, bad) = validate(source, OnBadPicture::Skip).unwrap();
    assert_eq!(names(&good), ["cat/1.png", "cat/3.png"]);
    assert_eq!(bad.len(), 3);
    for (bad, path) in bad.iter().zip([text, empty, cut]) {
        assert!(path.ends_with(&bad.name));
        assert!(bad.to_string().contains(&path.display().to_string()), "{bad}");
    }

    let all_bad = tempfile::tempdir().unwrap();
    put(all_bad.path(), "1.jpg", b"");
    let source = Arc::new(FlatSource::open(all_bad.path()).unwrap());
    assert!(validate(source, OnBadPicture::Skip).unwrap_err().to_string().contains("1.jpg"));
}

#[test]
fn a_gif_without_pixels_is_skipped_like_any_bad_picture() {
    let root = tempfile::tempdir().unwrap();
    put(root.path(), "cat/1.png", &plain(1));
    put(root.path(), "cat/2.gif", &support::gif_with_empty_canvas());
    let source = Arc::new(FolderSource::open(root.path()).unwrap());
    let message = validate(source.clone(), OnBadPicture::Error).unwrap_err().to_string();
    assert!(message.ends_with("2.gif: cannot be decoded: its size is 0x0, so it has no pixels"));
    let (good, bad) = validate(source, OnBadPicture::Skip).unwrap();
    assert_eq!((names(&good), bad[0].name.as_str()), (vec!["cat/1.png".into()], "cat/2.gif"));
}

#[cfg(unix)]
#[test]
fn a_file_that_is_not_regular_is_rejected_without_opening_it() {
    let root = tempfile::tempdir().unwrap();
    put(root.path(), "a/1.png", &plain(1));
    // Opening the pipe would block until there is a writer; the device has no end.
    let pipe = root.path().join("a/2.png");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let device = root.path().join("a/3.png");
    std::os::unix::fs::symlink("/dev/zero", &device).unwrap();
    let socket = root.path().join("a/4.png");
    let _listening = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    let source = Arc::new(FolderSource::open(root.path()).unwrap());
    for (index, path) in [(1, &pipe), (2, &device), (3, &socket)] {
        let message = source.read(index).unwrap_err().to_string();
        assert!(message.starts_with(&path.display().to_string()), "{message}");
        assert!(message.contains("not a regular file"), "{message}");
    }
    let (good, bad) = validate(source, OnBadPicture::Skip).unwrap();
    assert_eq!((good.len(), bad.len()), (1, 3));
}

#[test]
fn a_long_file_is_rejected_by_its_first_bytes_or_its_length() {
    let root = tempfile::tempdir().unwrap();
    let video = put(root.path(), "a.mp4", b"\0\0\0\x20ftypisom");
    let endless = put(root.path(), "b.png", &plain(1));
    for path in [&video, &endless] {
        // A sparse file takes no space on the disk.
        let file = std::fs::OpenOptions::new().write(true).open(path).unwrap();
        file.set_len(MAX_FILE_BYTES + 1).unwrap();
    }
    let source = FlatSource::open(root.path()).unwrap();
    let message = source.read(0).unwrap_err().to_string();
    assert!(message.contains("a.mp4: cannot be decoded: it is an MP4 video"), "{message}");
    let message = source.read(1).unwrap_err().to_string();
    assert!(message.ends_with("536870911 bytes, more than the limit of 536870910"), "{message}");
}

#[test]
fn the_stamp_of_a_picture_is_the_length_and_time_of_its_file() {
    let root = tempfile::tempdir().unwrap();
    let path = put(root.path(), "1.png", &plain(1));
    let source: Arc<dyn PictureSource> = Arc::new(FlatSource::open(root.path()).unwrap());
    let stamp = source.stamp(0).unwrap();
    assert_eq!(stamp.bytes, plain(1).len() as u64);
    let other = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1);
    std::fs::File::options().write(true).open(&path).unwrap().set_modified(other).unwrap();
    let later = Subset::first(source.clone(), 1).stamp(0).unwrap();
    assert_eq!((later.bytes, later.modified), (stamp.bytes, Some(1_000_000_000)));
    let rendered: Arc<dyn PictureSource> = Arc::new(Labelled::new(&[1]));
    let both = Concat::new(vec![rendered, source]);
    assert_eq!((both.stamp(0), both.stamp(1)), (None, Some(later)));

    put(root.path(), "data_batch_1.bin", &cifar10_record(3));
    let cifar = CifarSource::open_folder(CifarKind::Cifar10, root.path(), Split::Train).unwrap();
    assert_eq!(cifar.stamp(0).unwrap().bytes, 3073);
}

/// A CIFAR-10 record whose channels contain `class`, `class + 100` and the pixel's row.
fn cifar10_record(class: u8) -> Vec<u8> {
    let rows = (0..32u8).flat_map(|row| [row; 32]);
    [class].into_iter().chain([class; 1024]).chain([class + 100; 1024]).chain(rows).collect()
}

#[test]
fn the_files_of_cifar10_are_concatenated() {
    let root = tempfile::tempdir().unwrap();
    let batch =
        |classes: &[u8]| classes.iter().flat_map(|&it| cifar10_record(it)).collect::<Vec<_>>();
    put(root.path(), "data_batch_1.bin", &batch(&[3, 9]));
    put(root.path(), "data_batch_2.bin", &batch(&[0]));
    put(root.path(), "test_batch.bin", &batch(&[5]));
    let open = |split| CifarSource::open_folder(CifarKind::Cifar10, root.path(), split);
    let train = open(Split::Train).unwrap();
    assert_eq!(names(&train), ["data_batch_1.bin#0", "data_batch_1.bin#1", "data_batch_2.bin#0"]);
    assert_eq!((0..3).map(|i| train.class(i).unwrap()).collect::<Vec<_>>(), [3, 9, 0]);
    assert_eq!(train.classes()[9], "truck");
    let picture = train.read(1).unwrap();
    assert_eq!((picture.width(), picture.height()), (32, 32));
    assert_eq!(picture.pixels()[3 * (7 * 32 + 5)..][..3], [9, 109, 7]);
    assert_eq!(open(Split::Test).unwrap().class(0), Some(5));

    put(root.path(), "batches.meta.txt", b"a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n\n");
    assert_eq!(open(Split::Test).unwrap().classes()[5], "f");
    put(root.path(), "batches.meta.txt", b"a\nb\n");
    let message = open(Split::Test).unwrap_err().to_string();
    assert!(message.contains("2 class names, but there must be 10"), "{message}");
}

#[test]
fn cifar100_has_fine_and_coarse_labels() {
    let root = tempfile::tempdir().unwrap();
    let mut record = vec![19, 81];
    record.extend([1; 3072]);
    put(root.path(), "train.bin", &record);
    let class = |kind| {
        let source = CifarSource::open_folder(kind, root.path(), Split::Train).unwrap();
        source.classes()[source.class(0).unwrap()].clone()
    };
    assert_eq!(class(CifarKind::Cifar100), "streetcar");
    assert_eq!(class(CifarKind::Cifar100Coarse), "vehicles_2");
}

#[test]
fn a_cifar_file_with_a_wrong_length_or_label_is_an_error() {
    let root = tempfile::tempdir().unwrap();
    let open = |bytes: &[u8]| {
        let path = put(root.path(), "data_batch_1.bin", bytes);
        CifarSource::open(CifarKind::Cifar10, &[path]).unwrap_err()
    };
    let error = open(&cifar10_record(1)[..3000]);
    assert!(matches!(error, DataError::Length { record: 3073, actual: 3000, .. }));
    let message = error.to_string();
    let parts = ["data_batch_1.bin", "3000", "3073"];
    assert!(parts.iter().all(|part| message.contains(part)), "{message}");
    assert!(matches!(open(b""), DataError::Length { actual: 0, .. }));
    let message = open(&cifar10_record(10)).to_string();
    assert!(message.contains("data_batch_1.bin, record 0") && message.contains("class is 10"));
    let missing = CifarSource::open_folder(CifarKind::Cifar100, root.path(), Split::Test);
    assert!(missing.unwrap_err().to_string().contains("no test.bin"));
    assert!(CifarSource::open(CifarKind::Cifar10, &[PathBuf::from("gone.bin")]).is_err());
}

#[test]
fn stl10_is_stored_column_by_column() {
    let root = tempfile::tempdir().unwrap();
    let value = |channel: usize, x: usize, y: usize| (channel * 80 + x / 2 + 3 * (y % 11)) as u8;
    let mut bytes = Vec::new();
    for channel in 0..3 {
        for x in 0..96 {
            bytes.extend((0..96).map(|y| value(channel, x, y)));
        }
    }
    bytes.extend([0; 27648]);
    for name in ["train_X.bin", "unlabeled_X.bin"] {
        put(root.path(), name, &bytes);
    }
    put(root.path(), "train_y.bin", &[10, 1]);
    let train = Stl10Source::open(root.path(), Stl10Split::Train).unwrap();
    assert_eq!((train.len(), train.class(0), train.class(1)), (2, Some(9), Some(0)));
    assert_eq!((train.classes()[9].as_str(), train.name(1).as_str()), ("truck", "train_X.bin#1"));
    let picture = train.read(0).unwrap();
    assert_eq!((picture.width(), picture.height()), (96, 96));
    for (x, y) in [(0, 0), (95, 0), (0, 95), (17, 60), (60, 17)] {
        for channel in 0..3 {
            let pixel = picture.pixels()[3 * (96 * y + x) + channel];
            assert_eq!(pixel, value(channel, x, y), "channel {channel} at {x}, {y}");
        }
    }
    assert!(train.read(1).unwrap().pixels().iter().all(|&value| value == 0));
    let unlabelled = Stl10Source::open(root.path(), Stl10Split::Unlabelled).unwrap();
    assert_eq!((unlabelled.len(), unlabelled.class(0)), (2, None));
    assert!(unlabelled.classes().is_empty());

    let message = || Stl10Source::open(root.path(), Stl10Split::Train).unwrap_err().to_string();
    put(root.path(), "train_y.bin", &[10]);
    assert!(message().contains("1 labels for the 2 pictures"), "{}", message());
    put(root.path(), "train_y.bin", &[3, 0]);
    assert!(message().contains("train_y.bin, record 1") && message().contains("label is 0"));
    put(root.path(), "train_X.bin", &bytes[1..]);
    assert!(message().contains("train_X.bin: the file is 55295 bytes long"), "{}", message());
}

#[test]
fn a_subset_keeps_or_renumbers_classes() {
    let source: Arc<dyn PictureSource> = Arc::new(Labelled::new(&[5, 3, 4]));
    assert_eq!(Subset::first(source.clone(), 4).len(), 4);
    assert_eq!(Subset::first(source.clone(), 99).len(), 12);
    let three = Subset::first_per_class(source.clone(), 3).unwrap();
    assert_eq!(
        (0..9).map(|index| three.index(index)).collect::<Vec<_>>(),
        (0..9).collect::<Vec<_>>()
    );
    let error = Subset::first_per_class(source.clone(), 4).err().unwrap().to_string();
    assert_eq!(error, "class `class 1`: has 3 pictures, but 4 are needed");

    let named = Subset::of_classes(source.clone(), &["class 2", "class 0"]).unwrap();
    assert_eq!((named.len(), named.classes()), (9, &["class 2".into(), "class 0".into()][..]));
    for index in 0..9 {
        let there = source.class(named.index(index)).unwrap();
        assert_eq!(named.classes()[named.class(index).unwrap()], source.classes()[there]);
    }
    let misspelt = Subset::of_classes(source.clone(), &["class 7"]).err().unwrap().to_string();
    assert!(misspelt.contains("`class 7`: the source has no such class"));
    assert!(Subset::of_classes(source, &["class 1", "class 1"]).is_err());
}

#[test]
fn smaller_random_subsets_are_contained_in_larger_ones() {
    let source: Arc<dyn PictureSource> = Arc::new(Labelled::new(&[40, 50]));
    let draw = |count, seed| {
        let subset = Subset::random_per_class(source.clone(), count, seed).unwrap();
        (0..subset.len()).map(|index| subset.index(index)).collect::<Vec<_>>()
    };
    let (small, large) = (draw(10, 1), draw(30, 1));
    assert_eq!((small.len(), large.len()), (20, 60));
    assert!(small.iter().all(|index| large.contains(index)));
    assert!(small.is_sorted());
    assert_ne!(small, draw(10, 2));
}

#[test]
fn sources_are_merged_by_class_names() {
    let left: Arc<dyn PictureSource> = Arc::new(Labelled::new(&[1, 2]));
    let right = Subset::of_classes(Arc::new(Labelled::new(&[1, 1, 1])), &["class 2", "class 1"]);
    let both = Concat::new(vec![left, Arc::new(right.unwrap())]);
    assert_eq!(both.classes(), ["class 0", "class 1", "class 2"]);
    assert_eq!((0..5).map(|i| both.class(i).unwrap()).collect::<Vec<_>>(), [0, 1, 1, 1, 2]);
    assert_eq!(both.name(3), "1.png");
    assert_eq!(both.read(4).unwrap().pixels(), [2; 3]);
}
