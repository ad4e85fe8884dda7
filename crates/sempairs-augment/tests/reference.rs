//! Every operation compared with the results of torchvision. They are read from the folder in the
//! environment variable `SEMPAIRS_REFERENCE`, or from the copy in this repository. The names of the
//! tensors contain the parameters.

use std::path::PathBuf;

use safetensors::{Dtype, SafeTensors};
use sempairs_augment::{Crop, CropWindow, Interpolation, Plan, Scratch, Step};
use sempairs_data::Picture;

/// Tolerance for operations that only add, multiply and compare.
const EXACT: f32 = 1e-5;
/// Maximum and mean tolerances for all other operations.
const LARGEST: f32 = 2.0 / 255.0;
const AVERAGE: f32 = 0.5 / 255.0;

struct Reference(Vec<u8>);

impl Reference {
    fn read() -> Self {
        let folder = std::env::var_os("SEMPAIRS_REFERENCE").map_or_else(
            || concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/reference").into(),
            PathBuf::from,
        );
        let path = folder.join("augment/functional.safetensors");
        Self(std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
    }

    fn tensors(&self) -> SafeTensors<'_> {
        SafeTensors::deserialize(&self.0).expect("reference/augment/functional.safetensors")
    }

    fn floats(&self, name: &str) -> (Vec<usize>, Vec<f32>) {
        let tensors = self.tensors();
        let tensor = tensors.tensor(name).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(tensor.dtype(), Dtype::F32, "{name}");
        let values = tensor.data().chunks_exact(4);
        (
            tensor.shape().to_vec(),
            values.map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect(),
        )
    }

    fn integers(&self, name: &str) -> Vec<usize> {
        let tensors = self.tensors();
        let tensor = tensors.tensor(name).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(tensor.dtype(), Dtype::I64, "{name}");
        let values = tensor.data().chunks_exact(8);
        values.map(|b| i64::from_le_bytes(b.try_into().unwrap()) as usize).collect()
    }

    /// The numbers after `prefix` in the names of tensors, of which there must be at least one.
    fn parameters(&self, prefix: &str) -> Vec<(String, f32)> {
        let tensors = self.tensors();
        let named = tensors
            .names()
            .into_iter()
            .filter_map(|name| Some((name.to_owned(), name.strip_prefix(prefix)?.parse().ok()?)));
        let found: Vec<_> = named.collect();
        assert!(!found.is_empty(), "no tensor is named {prefix}NUMBER");
        found
    }

    /// Applies a step to the tensor `base` and compares the result with the tensor `name`.
    fn check(&self, name: &str, step: Step, exact: bool) {
        let (shape, mut view) = self.floats("base");
        let size = shape[1];
        assert_eq!(shape, [3, size, size]);
        let crop = Crop { left: 0, top: 0, width: size, height: size };
        let frame = CropWindow::of_crop(crop, size, Interpolation::Bilinear);
        Plan { frame, steps: vec![step] }.apply_planar(&mut view, &mut Scratch::default());
        compare(name, &view, &self.floats(name).1, exact);
    }
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
    let reference = Reference::read();
    let (shape, image) = reference.floats("image");
    let [3, height, width] = shape[..] else { panic!("image {shape:?}") };
    let plane = width * height;
    let bytes: Vec<u8> =
        (0..3 * plane).map(|i| (image[i % 3 * plane + i / 3] * 255.0).round() as u8).collect();
    let picture = Picture::new(width, height, bytes);
    let mut boxes: Vec<_> = reference
        .parameters("resized_crop")
        .into_iter()
        .map(|(name, _)| {
            let corners = reference.integers(&format!("{name}.box"));
            (name, corners)
        })
        .collect();
    boxes.push(("base".into(), vec![0, 0, height, width]));
    for (name, corners) in boxes {
        let [top, left, height, width] = corners[..] else { panic!("{name}.box {corners:?}") };
        let (shape, theirs) = reference.floats(&name);
        let crop = Crop { left, top, width, height };
        let frame = CropWindow::of_crop(crop, shape[1], Interpolation::Bilinear);
        let mut ours = vec![0.0; theirs.len()];
        Plan { frame, steps: vec![] }.apply(&picture, &mut ours, &mut Scratch::default());
        compare(&name, &ours, &theirs, true);
        // A flip during resampling gives the same result as a separate one.
        let mut mirrored = vec![0.0; theirs.len()];
        let plan = Plan { frame, steps: vec![Step::Flip] };
        plan.apply(&picture, &mut mirrored, &mut Scratch::default());
        plan.apply_planar(&mut mirrored, &mut Scratch::default());
        assert_eq!(mirrored, ours, "{name} mirrored twice");
    }
}

#[test]
fn reference_flip() {
    Reference::read().check("hflip", Step::Flip, true);
}

#[test]
fn reference_brightness() {
    let reference = Reference::read();
    for (name, factor) in reference.parameters("brightness_") {
        reference.check(&name, Step::Brightness { factor }, true);
    }
}

#[test]
fn reference_contrast() {
    let reference = Reference::read();
    for (name, factor) in reference.parameters("contrast_") {
        reference.check(&name, Step::Contrast { factor }, true);
    }
}

#[test]
fn reference_saturation() {
    let reference = Reference::read();
    for (name, factor) in reference.parameters("saturation_") {
        reference.check(&name, Step::Saturation { factor }, true);
    }
}

#[test]
fn reference_hue() {
    let reference = Reference::read();
    for (name, shift) in reference.parameters("hue_") {
        reference.check(&name, Step::Hue { shift }, false);
    }
}

#[test]
fn reference_grayscale() {
    Reference::read().check("grayscale", Step::Grayscale, true);
}

#[test]
fn reference_blur() {
    let reference = Reference::read();
    for (name, sigma) in reference.parameters("gaussian_blur_k7_") {
        reference.check(&name, Step::Blur { kernel: 7, sigma }, false);
    }
}

#[test]
fn reference_solarize() {
    let reference = Reference::read();
    for (name, threshold) in reference.parameters("solarize_") {
        reference.check(&name, Step::Solarize { threshold }, true);
    }
}

#[test]
fn reference_rotation() {
    let reference = Reference::read();
    for (name, degrees) in reference.parameters("rotate_") {
        reference.check(&name, Step::Rotate { degrees }, false);
    }
}

#[test]
fn reference_normalize() {
    // The tensor's name refers to ImageNet: the mean and standard deviation of torchvision's
    // models.
    let step = Step::Normalize { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
    Reference::read().check("normalize_imagenet", step, true);
}
