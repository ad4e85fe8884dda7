//! Reads reference values and selects the device.

#[path = "../../../sempairs-backbone/tests/support/device.rs"]
mod device;

use std::path::PathBuf;

use burn::tensor::{Device, Tensor, TensorData};
use safetensors::SafeTensors;

/// A file of reference values, in the folder of `SEMPAIRS_REFERENCE` or else the project's own.
pub struct Reference {
    path: PathBuf,
    bytes: Vec<u8>,
}

impl Reference {
    pub fn open(name: &str) -> Self {
        let folder = std::env::var_os("SEMPAIRS_REFERENCE").map_or_else(
            || concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/reference").into(),
            PathBuf::from,
        );
        let path = folder.join(format!("{name}.safetensors"));
        let bytes = std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        Self { path, bytes }
    }

    fn tensor(&self, name: &str) -> (Vec<usize>, Vec<f32>) {
        let file = SafeTensors::deserialize(&self.bytes).unwrap();
        let view =
            file.tensor(name).unwrap_or_else(|e| panic!("{}: {name}: {e}", self.path.display()));
        assert_eq!(view.dtype(), safetensors::Dtype::F32, "{name}");
        let values = view.data().chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap()));
        (view.shape().to_vec(), values.collect())
    }

    pub fn values(&self, name: &str) -> Vec<f32> {
        self.tensor(name).1
    }

    pub fn matrix(&self, name: &str, device: &Device) -> Tensor<2> {
        let (shape, values) = self.tensor(name);
        Tensor::from_data(TensorData::new(values, shape), device)
    }
}

/// The device of `SEMPAIRS_DEVICE` and the tolerance to PyTorch's values on it. On a GPU sums have
/// another order and exponentials are approximate; CUDA's tensor cores round factors to ten bits of
/// mantissa.
pub fn device() -> (Device, f32) {
    let tolerance = match device::backend().as_str() {
        "flex" => 1e-5,
        "cuda" => 5e-3,
        _ => 1e-4,
    };
    (device::named(), tolerance)
}

/// Asserts that values equal PyTorch's within the tolerance, which is absolute on the CPU.
/// Elsewhere it is relative to the largest value, so that a large tolerance is not larger than all
/// values.
pub fn assert_close(ours: &[f32], theirs: &[f32], tolerance: f32, what: &str) {
    assert_eq!(ours.len(), theirs.len(), "{what}");
    let largest = theirs.iter().fold(0.0_f32, |largest, x| largest.max(x.abs()));
    let bound = tolerance * if tolerance > 1e-5 { largest } else { 1.0 };
    for (i, (a, b)) in ours.iter().zip(theirs).enumerate() {
        assert!((a - b).abs() <= bound, "{what}[{i}]: {a} is not PyTorch's {b} within {bound}");
    }
}
