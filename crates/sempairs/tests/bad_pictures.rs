//! Commands on folders that contain files that are not pictures: the pairs made from them can be
//! trained on.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn sempairs(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_sempairs")).args(args).output().expect("the command starts")
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Two classes of three pictures, one of them a video and one a broken link.
fn folder(root: &Path) {
    for class in ["cat", "dog"] {
        fs::create_dir(root.join(class)).unwrap();
        for number in 0..3 {
            let picture = image::RgbImage::from_pixel(16, 16, image::Rgb([80 * number; 3]));
            picture.save(root.join(class).join(format!("{number}.png"))).unwrap();
        }
    }
    fs::write(root.join("cat/0a.mov"), b"\0\0\0\x14ftypqt  \0\0\0\0qt  ").unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink("nowhere.png", root.join("dog/1a.png")).unwrap();
    #[cfg(not(unix))]
    fs::write(root.join("dog/1a.png"), b"").unwrap();
    fs::create_dir(root.join("@eaDir")).unwrap();
}

#[test]
fn pairs_are_drawn_and_checked_without_bad_files() {
    let root = tempfile::tempdir().unwrap();
    let pictures = root.path().join("pictures");
    fs::create_dir(&pictures).unwrap();
    folder(&pictures);
    let manifest = root.path().join("pairs.csv").display().to_string();
    let pictures = pictures.display().to_string();
    let make = ["pairs", "make", &pictures, "--out", &manifest];
    let check = ["pairs", "check", &manifest, &pictures];
    let skipping = |call: &[&str]| sempairs(&[call, &["--on-bad-picture", "skip"]].concat());

    let refused = sempairs(&make);
    assert!(!refused.status.success() && !Path::new(&manifest).exists());
    let message = stderr(&refused);
    let words = "0a.mov: cannot be decoded: it is a QuickTime video, not a picture";
    assert!(message.contains(words) && message.contains("the first of 2 files"), "{message}");
    assert!(message.contains("`--on-bad-picture skip` skips such pictures"), "{message}");

    let made = skipping(&make);
    let message = stderr(&made);
    assert!(made.status.success(), "{message}");
    assert!(message.contains("2 files were left out:") && message.contains("1a.png"), "{message}");
    assert!(!fs::read_to_string(&manifest).unwrap().contains("a."));
    assert!(!sempairs(&check).status.success());
    assert!(skipping(&check).status.success());

    // A truncated picture has a valid header.
    let torn = Path::new(&pictures).join("cat/2.png");
    let whole = fs::read(&torn).unwrap();
    fs::write(&torn, &whole[..whole.len() / 2]).unwrap();
    assert!(skipping(&check).status.success());
    let message = stderr(&skipping(&[&check[..], &["--decode"]].concat()));
    assert!(message.contains("excluded: cat/2.png cannot be decoded"), "{message}");
    let decoding = [&make[..], &["--decode"]].concat();
    assert!(stderr(&sempairs(&decoding)).contains("0a.mov: cannot be decoded"));
    assert!(skipping(&decoding).status.success());
    assert!(skipping(&[&check[..], &["--decode"]].concat()).status.success());

    // A row that names the video is an error with the reason, also in a manifest that was not made
    // by the command.
    let row = "left,right,class,source,score\ncat/0.png,cat/0a.mov,cat,mine,\n";
    fs::write(&manifest, row).unwrap();
    let message = stderr(&skipping(&check));
    assert!(message.contains("line 2: `right` names a picture that was excluded"), "{message}");
}
