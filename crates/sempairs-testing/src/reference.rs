use std::collections::BTreeMap;
use std::path::PathBuf;

use burn::tensor::{Device, Tensor, TensorData};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};

/// The tensors of a file of reference values, which was computed with PyTorch.
#[derive(Debug)]
pub struct Reference {
    file: String,
    tensors: BTreeMap<String, (Vec<usize>, Values)>,
}

#[derive(Debug)]
enum Values {
    Floats(Vec<f32>),
    Integers(Vec<i64>),
}

impl Reference {
    /// The path of a reference file: in the folder named by `SEMPAIRS_REFERENCE`, or in the copy of
    /// this repository.
    pub fn path(file: &str) -> PathBuf {
        let folder = std::env::var_os("SEMPAIRS_REFERENCE").map_or_else(
            || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/reference")),
            PathBuf::from,
        );
        folder.join(file)
    }

    /// Reads a safetensors file of 32-bit floats and 64-bit integers.
    ///
    /// # Panics
    ///
    /// Panics if the file cannot be read.
    pub fn read(file: &str) -> Self {
        let path = Self::path(file);
        let bytes = std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let tensors =
            SafeTensors::deserialize(&bytes).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let read = |(name, view): (&str, TensorView<'_>)| {
            let values = match view.dtype() {
                Dtype::F32 => {
                    let floats = view.data().as_chunks().0.iter();
                    Values::Floats(floats.map(|&bytes| f32::from_le_bytes(bytes)).collect())
                }
                Dtype::I64 => {
                    let integers = view.data().as_chunks().0.iter();
                    Values::Integers(integers.map(|&bytes| i64::from_le_bytes(bytes)).collect())
                }
                other => panic!("{file}: {name} has the type {other:?}"),
            };
            (name.to_owned(), (view.shape().to_vec(), values))
        };
        Self { file: file.into(), tensors: tensors.iter().map(read).collect() }
    }

    fn entry(&self, name: &str) -> &(Vec<usize>, Values) {
        self.tensors.get(name).unwrap_or_else(|| panic!("{} has no tensor {name}", self.file))
    }

    /// The names of all tensors.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tensors.keys().map(String::as_str)
    }

    /// The shape of a tensor.
    ///
    /// # Panics
    ///
    /// Panics if there is no such tensor.
    pub fn shape(&self, name: &str) -> &[usize] {
        &self.entry(name).0
    }

    /// The values of a tensor of floats.
    ///
    /// # Panics
    ///
    /// Panics if there is no such tensor.
    pub fn floats(&self, name: &str) -> &[f32] {
        match &self.entry(name).1 {
            Values::Floats(values) => values,
            Values::Integers(_) => panic!("{}: {name} has integers", self.file),
        }
    }

    /// The values of a tensor of integers.
    ///
    /// # Panics
    ///
    /// Panics if there is no such tensor, or if a value is negative.
    pub fn integers(&self, name: &str) -> Vec<usize> {
        match &self.entry(name).1 {
            Values::Integers(values) => values
                .iter()
                .map(|&value| usize::try_from(value).expect("a value of at least 0"))
                .collect(),
            Values::Floats(_) => panic!("{}: {name} has floats", self.file),
        }
    }

    /// A tensor of floats on a device.
    ///
    /// # Panics
    ///
    /// Panics if there is no such tensor.
    pub fn tensor<const D: usize>(&self, name: &str, device: &Device) -> Tensor<D> {
        let data = TensorData::new(self.floats(name).to_vec(), self.shape(name).to_vec());
        Tensor::from_data(data, device)
    }

    /// The maximum difference between `found` and a tensor, relative to the tensor's largest
    /// absolute value.
    ///
    /// # Panics
    ///
    /// Panics if the shapes differ or a value is not finite.
    pub fn difference<const D: usize>(&self, name: &str, found: Tensor<D>) -> f32 {
        assert_eq!(found.dims().as_slice(), self.shape(name), "{name}");
        let found = found.into_data().convert::<f32>().try_into_vec::<f32>().unwrap();
        assert!(found.iter().all(|value| value.is_finite()), "{name} is finite");
        let expected = self.floats(name);
        let apart = |(a, b): (&f32, &f32)| (a - b).abs();
        let worst = found.iter().zip(expected).map(apart).fold(0.0, f32::max);
        let largest = expected.iter().fold(0.0_f32, |largest, value| largest.max(value.abs()));
        println!("{name}: {:.2e} of the largest value", worst / largest);
        worst / largest
    }

    /// One minus the cosine of the angle between `found` and a tensor.
    pub fn cosine_distance<const D: usize>(&self, name: &str, found: Tensor<D>) -> f32 {
        let (found, expected) = self.both(name, found);
        let norms = (dot(&found, &found) * dot(&expected, &expected)).sqrt();
        let distance = 1.0 - dot(&found, &expected) / norms;
        println!("{name}: cosine distance {distance:.2e}");
        distance as f32
    }

    /// The Euclidean norm of `found` relative to that of a tensor.
    pub fn relative_length<const D: usize>(&self, name: &str, found: Tensor<D>) -> f32 {
        let (found, expected) = self.both(name, found);
        let ratio = dot(&found, &found).sqrt() / dot(&expected, &expected).sqrt();
        println!("{name}: norm {ratio:.4} times that of the reference");
        ratio as f32
    }

    fn both<const D: usize>(&self, name: &str, found: Tensor<D>) -> (Vec<f64>, Vec<f64>) {
        let found = found.into_data().convert::<f64>().try_into_vec::<f64>().unwrap();
        let expected = self.floats(name).iter().map(|&value| f64::from(value)).collect();
        (found, expected)
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The tolerance to PyTorch's losses and gradients on a backend: absolute on the CPU, elsewhere
/// relative to the largest value.
///
/// On a GPU sums have another order and exponentials are approximate; CUDA's tensor cores round
/// factors to ten bits of mantissa.
pub fn loss_tolerance(backend: &str) -> f32 {
    match backend {
        "flex" => 1e-5,
        "cuda" => 5e-3,
        _ => 1e-4,
    }
}

/// Asserts that values equal PyTorch's within a tolerance, which is absolute up to 1e-5, and beyond
/// that relative to the largest value, so that a large tolerance is not larger than all values.
///
/// # Panics
///
/// Panics if a value differs by more, or if the numbers of values differ.
pub fn assert_close(ours: &[f32], theirs: &[f32], tolerance: f32, what: &str) {
    assert_eq!(ours.len(), theirs.len(), "{what}");
    let largest = theirs.iter().fold(0.0_f32, |largest, x| largest.max(x.abs()));
    let bound = tolerance * if tolerance > 1e-5 { largest } else { 1.0 };
    for (i, (a, b)) in ours.iter().zip(theirs).enumerate() {
        assert!((a - b).abs() <= bound, "{what}[{i}]: {a} is not PyTorch's {b} within {bound}");
    }
}
