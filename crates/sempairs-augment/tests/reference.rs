//! Every operation compared with the results of torchvision. They are read from the folder in the
//! environment variable `SEMPAIRS_REFERENCE`, or from the copy in this repository. The names of the
//! tensors contain the parameters.

use sempairs_augment::{CropWindow, Interpolation, Plan, Region, Scratch, Step};
use sempairs_data::Picture;
use sempairs_testing::Reference;

/// Tolerance for operations that only add, multiply and compare.
const EXACT: f32 = 1e-5;
/// Maximum and mean tolerances for all other operations.
const LARGEST: f32 = 2.0 / 255.0;
const AVERAGE: f32 = 0.5 / 255.0;

fn reference() -> Reference {
    Reference::read("augment/functional.safetensors")
}

/// The numbers after `prefix` in the names of tensors, of which there must be at least one.
fn parameters(reference: &Reference, prefix: &str) -> Vec<(String, f32)> {
    let names = reference.names();
    let found: Vec<(String, f32)> = names
        .filter_map(|name| Some((name.to_owned(), name.strip_prefix(prefix)?.parse().ok()?)))
        .collect();
    assert!(!found.is_empty(), "no tensor is named {prefix}NUMBER");
    found
}

/// Applies a step to the tensor `base` and compares the result with the tensor `name`.
fn check(reference: &Reference, name: &str, step: Step, exact: bool) {
    let (shape, mut view) = (reference.shape("base"), reference.floats("base").to_vec());
    let size = shape[1];
    assert_eq!(shape, [3, size, size]);
    let crop = Region { left: 0, top: 0, width: size, height: size };
    let crop_window = CropWindow::of_crop(crop, size, Interpolation::Bilinear);
    Plan { crop_window, steps: vec![step] }.apply_planar(&mut view, &mut Scratch::default());
    compare(name, &view, reference.floats(name), exact);
}

fn compare(name: &str, ours: &[f32], theirs: &[f32], exact: bool) {
    assert_eq!(ours.len(), theirs.len(), "{name}");
    let apart: Vec<f32> = ours.iter().zip(theirs).map(|(a, b)| (a - b).abs()).collect();
    let largest = apart.iter().fold(0.0, |a: f32, b| a.max(*b));
    let average = apart.iter().sum::<f32>() / apart.len() as f32;
    println!("{name}: at most {largest:.2e}, on average {average:.2e}");
    assert!(largest <= if exact { EXACT } else { LARGEST }, "{name}: {largest} apart");
    assert!(average <= if exact { EXACT } else { AVERAGE }, "{name}: {average} apart on average");
}

#[test]
fn reference_resized_crop() {
    let reference = reference();
    let (shape, image) = (reference.shape("image"), reference.floats("image"));
    let [3, height, width] = shape[..] else { panic!("image {shape:?}") };
    let plane = width * height;
    let bytes: Vec<u8> =
        (0..3 * plane).map(|i| (image[i % 3 * plane + i / 3] * 255.0).round() as u8).collect();
    let picture = Picture::new(width, height, bytes);
    let mut boxes: Vec<_> = parameters(&reference, "resized_crop")
        .into_iter()
        .map(|(name, _)| {
            let corners = reference.integers(&format!("{name}.box"));
            (name, corners)
        })
        .collect();
    boxes.push(("base".into(), vec![0, 0, height, width]));
    for (name, corners) in boxes {
        let [top, left, height, width] = corners[..] else { panic!("{name}.box {corners:?}") };
        let (shape, theirs) = (reference.shape(&name), reference.floats(&name));
        let crop = Region { left, top, width, height };
        let crop_window = CropWindow::of_crop(crop, shape[1], Interpolation::Bilinear);
        let mut ours = vec![0.0; theirs.len()];
        Plan { crop_window, steps: vec![] }.apply(&picture, &mut ours, &mut Scratch::default());
        compare(&name, &ours, theirs, true);
        // A flip during resampling gives the same result as a separate one.
        let mut mirrored = vec![0.0; theirs.len()];
        let plan = Plan { crop_window, steps: vec![Step::Flip] };
        plan.apply(&picture, &mut mirrored, &mut Scratch::default());
        plan.apply_planar(&mut mirrored, &mut Scratch::default());
        assert_eq!(mirrored, ours, "{name} mirrored twice");
    }
}

#[test]
fn reference_flip() {
    check(&reference(), "hflip", Step::Flip, true);
}

#[test]
fn reference_brightness() {
    let reference = reference();
    for (name, factor) in parameters(&reference, "brightness_") {
        check(&reference, &name, Step::Brightness { factor }, true);
    }
}

#[test]
fn reference_contrast() {
    let reference = reference();
    for (name, factor) in parameters(&reference, "contrast_") {
        check(&reference, &name, Step::Contrast { factor }, true);
    }
}

#[test]
fn reference_saturation() {
    let reference = reference();
    for (name, factor) in parameters(&reference, "saturation_") {
        check(&reference, &name, Step::Saturation { factor }, true);
    }
}

#[test]
fn reference_hue() {
    let reference = reference();
    for (name, shift) in parameters(&reference, "hue_") {
        check(&reference, &name, Step::Hue { shift }, false);
    }
}

#[test]
fn reference_grayscale() {
    check(&reference(), "grayscale", Step::Grayscale, true);
}

#[test]
fn reference_blur() {
    let reference = reference();
    for (name, sigma) in parameters(&reference, "gaussian_blur_k7_") {
        check(&reference, &name, Step::Blur { kernel: 7, sigma }, false);
    }
}

#[test]
fn reference_solarize() {
    let reference = reference();
    for (name, threshold) in parameters(&reference, "solarize_") {
        check(&reference, &name, Step::Solarize { threshold }, true);
    }
}

#[test]
fn reference_rotation() {
    let reference = reference();
    for (name, degrees) in parameters(&reference, "rotate_") {
        check(&reference, &name, Step::Rotate { degrees }, false);
    }
}

#[test]
fn reference_normalize() {
    // The tensor's name refers to ImageNet: the mean and standard deviation of torchvision's
    // models.
    let step = Step::Normalize { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
    check(&reference(), "normalize_imagenet", step, true);
}
