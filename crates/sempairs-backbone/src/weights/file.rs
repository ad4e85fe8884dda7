use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::Path;

use burn::store::pytorch_reader::{DType as PytorchType, PytorchError, PytorchReader, Tensor};
use burn::tensor::{DType, TensorData};
use safetensors::{Dtype as SafetensorsType, SafeTensors};

use super::WeightsError;

/// The tensors of an opened file: names and shapes at once, values when asked for.
pub(super) struct WeightsFile {
    /// Shape and type by name.
    pub(super) entries: BTreeMap<String, Entry>,
    content: Content,
}

/// What a file says of a tensor.
pub(super) struct Entry {
    pub(super) shape: Vec<usize>,
    /// The floating-point type, or the name of another type.
    pub(super) dtype: Result<DType, String>,
}

enum Content {
    Safetensors(Vec<u8>),
    Pytorch(std::collections::HashMap<String, Tensor>),
}

impl WeightsFile {
    /// Opens a file by what it holds, whatever it is called.
    pub(super) fn open(path: &Path) -> Result<Self, WeightsError> {
        let io = |error| WeightsError::Io { path: path.into(), error };
        let mut start = Vec::new();
        fs::File::open(path).map_err(io)?.take(9).read_to_end(&mut start).map_err(io)?;
        if start.is_empty() {
            return Err(damaged(path, "the file is empty"));
        }
        // Eight bytes of length, then the header's JSON.
        match start.get(8) {
            Some(b'{') => Self::safetensors(path, fs::read(path).map_err(io)?),
            _ => Self::pytorch(path),
        }
    }

    fn safetensors(path: &Path, bytes: Vec<u8>) -> Result<Self, WeightsError> {
        let tensors = SafeTensors::deserialize(&bytes).map_err(|e| damaged(path, e))?;
        let entries = tensors
            .iter()
            .map(|(name, view)| {
                let dtype = match view.dtype() {
                    SafetensorsType::F64 => Ok(DType::F64),
                    SafetensorsType::F32 => Ok(DType::F32),
                    SafetensorsType::F16 => Ok(DType::F16),
                    SafetensorsType::BF16 => Ok(DType::BF16),
                    other => Err(format!("{other:?}")),
                };
                (name.to_owned(), Entry { shape: view.shape().to_vec(), dtype })
            })
            .collect();
        Ok(Self { entries, content: Content::Safetensors(bytes) })
    }

    fn pytorch(path: &Path) -> Result<Self, WeightsError> {
        let tensors = match PytorchReader::new(path) {
            Ok(reader) => reader.into_tensors(),
            Err(PytorchError::InvalidFormat(reason)) => {
                return Err(damaged(path, format!("not safetensors, and {reason}")));
            }
            Err(error) => return Err(damaged(path, error)),
        };
        let entries = tensors
            .iter()
            .map(|(name, tensor)| {
                let dtype = match tensor.dtype() {
                    PytorchType::F64 => Ok(DType::F64),
                    PytorchType::F32 => Ok(DType::F32),
                    PytorchType::F16 => Ok(DType::F16),
                    PytorchType::BF16 => Ok(DType::BF16),
                    other => Err(format!("{other:?}")),
                };
                (name.clone(), Entry { shape: tensor.shape().to_vec(), dtype })
            })
            .collect();
        Ok(Self { entries, content: Content::Pytorch(tensors) })
    }

    /// The values of tensors, in the order of their names.
    pub(super) fn values(
        &self,
        path: &Path,
        names: impl Iterator<Item = String>,
    ) -> Result<Vec<Vec<f32>>, WeightsError> {
        let safetensors = match &self.content {
            Content::Safetensors(bytes) => {
                Some(SafeTensors::deserialize(bytes).map_err(|e| damaged(path, e))?)
            }
            Content::Pytorch(_) => None,
        };
        names
            .map(|name| {
                let entry = &self.entries[&name];
                let dtype = entry.dtype.clone().map_err(|other| damaged(path, other))?;
                let bytes = match (&self.content, &safetensors) {
                    (Content::Pytorch(tensors), _) => {
                        tensors[&name].read().map_err(|e| damaged(path, e))?
                    }
                    (_, Some(tensors)) => {
                        tensors.tensor(&name).map_err(|e| damaged(path, e))?.data().to_vec()
                    }
                    (Content::Safetensors(_), None) => unreachable!("parsed above"),
                };
                let data = TensorData::try_from_bytes_vec(bytes, entry.shape.clone(), dtype)
                    .map_err(|e| damaged(path, format!("{name}: {e:?}")))?;
                let values = data.convert::<f32>().try_into_vec::<f32>();
                values.map_err(|e| damaged(path, format!("{name}: {e:?}")))
            })
            .collect()
    }
}

fn damaged(path: &Path, reason: impl ToString) -> WeightsError {
    WeightsError::Format { path: path.into(), reason: reason.to_string() }
}
