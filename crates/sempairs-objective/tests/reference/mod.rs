//! Reads folders of reference numbers and says where to compute.

use std::path::PathBuf;

use burn::tensor::{Device, Tensor, TensorData};
use safetensors::SafeTensors;

/// One file of reference numbers, in the folder that `SEMPAIRS_REFERENCE` names or the project's own.
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

/// The device that `SEMPAIRS_DEVICE` names, and how far values may be from PyTorch's on it: sums are
/// taken in another order on a GPU, and by approximate exponentials.
pub fn device() -> (Device, f32) {
    match std::env::var("SEMPAIRS_DEVICE").as_deref() {
        #[cfg(feature = "wgpu")]
        Ok("wgpu") => (Device::wgpu(burn::tensor::DeviceKind::DefaultDevice), 1e-4),
        Ok("flex") | Err(_) => (Device::flex(), 1e-5),
        Ok(other) => panic!("SEMPAIRS_DEVICE: {other} was not compiled into this test"),
    }
}

pub fn assert_close(ours: &[f32], theirs: &[f32], tolerance: f32, what: &str) {
    assert_eq!(ours.len(), theirs.len(), "{what}");
    for (i, (a, b)) in ours.iter().zip(theirs).enumerate() {
        let bound = tolerance * b.abs().max(1.0);
        assert!((a - b).abs() <= bound, "{what}[{i}]: {a} is not PyTorch's {b} within {bound}");
    }
}
