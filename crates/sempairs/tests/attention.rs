//! `sempairs attention`: a PNG with one row per picture, and error messages for invalid input.

use std::path::Path;
use std::process::{Command, Output};

use sempairs::backbone::weights::save;
use sempairs::experiment::read_grid;

const EXPERIMENT: &str = include_str!("../experiments/dino_vit.toml");

fn attention(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_sempairs"))
        .args(["attention", "experiment.toml", "--weights", "vit.pth", "--out", "out.png"])
        .args(["--device", "flex", "--set", "evaluation.train.per_class=1"])
        .args(["--set", "evaluation.test.per_class=1"])
        .args(args)
        .current_dir(folder)
        .output()
        .expect("the command starts")
}

fn refusal(folder: &Path, args: &[&str]) -> String {
    let output = attention(folder, args);
    assert!(!output.status.success(), "{args:?} succeeded");
    assert!(!folder.join("out.png").exists());
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(!message.contains("panicked"), "{message}");
    message
}

/// Writes the experiment and weights for it.
fn prepared(folder: &Path) {
    std::fs::write(folder.join("experiment.toml"), EXPERIMENT).unwrap();
    let experiment = read_grid(EXPERIMENT, "dino_vit.toml", &[]).unwrap().remove(0);
    let device = sempairs::device::open("flex").unwrap();
    save(&experiment.backbone.init_seeded(&device, 0), &folder.join("vit.pth")).unwrap();
}

#[test]
fn a_figure_has_one_row_per_picture() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    prepared(folder);
    let drawn = |args: &[&str]| {
        let output = attention(folder, args);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let picture = image::open(folder.join("out.png")).unwrap();
        (picture.width(), picture.height(), picture.into_rgb8())
    };
    // The columns are the picture, three heads, and their mean, four pixels apart.
    let (width, height, test) = drawn(&["--count", "2", "--cell", "20"]);
    assert_eq!((width, height), (5 * 20 + 6 * 4, 2 * 20 + 3 * 4));
    // The figure itself serves as a picture of a user, with a different input size.
    std::fs::copy(folder.join("out.png"), folder.join("mine.png")).unwrap();
    let (width, height, mine) = drawn(&["--picture", "mine.png", "--size", "48", "--cell", "20"]);
    assert_eq!((width, height), (5 * 20 + 6 * 4, 20 + 2 * 4));
    let first = |picture: &image::RgbImage| *picture.get_pixel(14, 14);
    assert_ne!(first(&test), first(&mine));
}

#[test]
fn errors_name_the_invalid_flag_or_file() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    prepared(folder);
    let message = refusal(folder, &["--size", "50"]);
    assert!(message.contains("--size") && message.contains("patch"), "{message}");
    let message = refusal(folder, &["--count", "0"]);
    assert!(message.contains("--count"), "{message}");
    let message = refusal(folder, &["--picture", "nowhere.png"]);
    assert!(message.contains("nowhere.png"), "{message}");
    let message = refusal(folder, &["--picture", "experiment.toml"]);
    assert!(message.contains("experiment.toml"), "{message}");
    let message = refusal(folder, &["--set", "backbone.depth=2"]);
    assert!(message.contains("vit.pth"), "{message}");
    let resnet = "backbone={ name = \"resnet10_narrow\" }";
    let device = sempairs::device::open("flex").unwrap();
    let network = sempairs::backbone::ResNetConfig::resnet10_narrow().init_seeded(&device, 0);
    save(&network, &folder.join("vit.pth")).unwrap();
    let message = refusal(folder, &["--set", resnet]);
    assert!(message.contains("a resnet10_narrow has no attention to draw"), "{message}");
}
