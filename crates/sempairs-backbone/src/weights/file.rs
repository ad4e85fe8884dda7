use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use burn::store::pytorch_reader::{DType as PytorchType, PytorchError, PytorchReader, Tensor};
use burn::tensor::{DType, TensorData};
use safetensors::Dtype as SafetensorsType;
use safetensors::tensor::Metadata;
use sempairs_internal::caught;

use super::WeightsError;

/// An opened file of weights: names and shapes are read at once, values on demand.
pub(super) struct WeightsFile {
    /// Shape and dtype of each tensor, by name.
    pub(super) entries: BTreeMap<String, Entry>,
    content: Content,
}

/// Shape and dtype of a tensor.
pub(super) struct Entry {
    pub(super) shape: Vec<usize>,
    /// The floating-point dtype, or the name of another dtype as an error.
    pub(super) dtype: Result<DType, String>,
}

enum Content {
    /// The file, and for each tensor the begin and end of its data in bytes.
    Safetensors(File, HashMap<String, [u64; 2]>),
    Pytorch(HashMap<String, Tensor>),
}

/// Length of the field before a safetensors header, which gives the header's length.
const LENGTH: usize = 8;

/// Maximum length of a safetensors header in bytes, as defined by the format.
const MAX_HEADER: u64 = 100_000_000;

impl WeightsFile {
    /// Opens a file. The format is recognised from the content, not from the name.
    pub(super) fn open(path: &Path) -> Result<Self, WeightsError> {
        let io = |error| WeightsError::Io { path: path.into(), error };
        let mut file = File::open(path).map_err(io)?;
        let mut start = Vec::new();
        file.by_ref().take(LENGTH as u64 + 1).read_to_end(&mut start).map_err(io)?;
        if start.is_empty() {
            return Err(damaged(path, "the file is empty"));
        }
        match start.get(LENGTH) {
            Some(b'{') => Self::safetensors(path, file),
            _ => Self::pytorch(path),
        }
    }

    /// Reads only the header, since a checkpoint may contain much more than is needed.
    fn safetensors(path: &Path, mut file: File) -> Result<Self, WeightsError> {
        let io = |error| WeightsError::Io { path: path.into(), error };
        let all = file.metadata().map_err(io)?.len();
        file.rewind().map_err(io)?;
        let mut length = [0; LENGTH];
        file.read_exact(&mut length).map_err(io)?;
        let length = u64::from_le_bytes(length);
        let data = length.saturating_add(LENGTH as u64);
        if length > MAX_HEADER || data > all {
            return Err(damaged(
                path,
                format!("it has {all} bytes, but states a header of {length} bytes"),
            ));
        }
        let mut header = Vec::new();
        file.by_ref().take(length).read_to_end(&mut header).map_err(io)?;
        // Deserialisation also checks that the tensors' sizes match their shapes and that there are
        // no gaps between them.
        let header: Metadata = serde_json::from_slice(&header)
            .map_err(|e| damaged(path, format!("the header: {e}")))?;
        let held = header.data_len() as u64;
        if data.checked_add(held) != Some(all) {
            let missing = format!(
                "it has {all} bytes, but its header states {held} bytes of data after byte {data}"
            );
            return Err(damaged(path, missing));
        }
        Self::by_header(path, file, &header, data)
    }

    fn by_header(
        path: &Path,
        file: File,
        header: &Metadata,
        data: u64,
    ) -> Result<Self, WeightsError> {
        let (mut entries, mut ranges) = (BTreeMap::new(), HashMap::new());
        for (name, tensor) in header.tensors() {
            let dtype = match tensor.dtype {
                SafetensorsType::F64 => Ok(DType::F64),
                SafetensorsType::F32 => Ok(DType::F32),
                SafetensorsType::F16 => Ok(DType::F16),
                SafetensorsType::BF16 => Ok(DType::BF16),
                other => Err(format!("{other:?}")),
            };
            entries.insert(name.clone(), Entry { shape: tensor.shape.clone(), dtype });
            let (start, end) = tensor.data_offsets;
            let place = [start, end].map(|offset| data.checked_add(offset as u64));
            let [Some(start), Some(end)] = place else {
                return Err(damaged(path, format!("{name} lies beyond the end of the file")));
            };
            ranges.insert(name, [start, end]);
        }
        Ok(Self { entries, content: Content::Safetensors(file, ranges) })
    }

    fn pytorch(path: &Path) -> Result<Self, WeightsError> {
        let tensors = match guarded(path, || PytorchReader::new(path))? {
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

    /// Reads the values of existing tensors, in the order of `names`.
    pub(super) fn values(
        &self,
        path: &Path,
        names: &[String],
    ) -> Result<Vec<Vec<f32>>, WeightsError> {
        names.iter().map(|name| self.value(path, name)).collect()
    }

    fn value(&self, path: &Path, name: &str) -> Result<Vec<f32>, WeightsError> {
        let entry = &self.entries[name];
        let dtype = entry.dtype.clone().map_err(|other| damaged(path, other))?;
        let bytes = match &self.content {
            Content::Pytorch(tensors) => {
                guarded(path, || tensors[name].read())?.map_err(|e| damaged(path, e))?
            }
            Content::Safetensors(file, ranges) => {
                read(file, ranges[name]).map_err(|e| damaged(path, format!("{name}: {e}")))?
            }
        };
        let data = TensorData::try_from_bytes_vec(bytes, entry.shape.clone(), dtype)
            .map_err(|e| damaged(path, format!("{name}: {e:?}")))?;
        let values = data.convert::<f32>().try_into_vec::<f32>();
        values.map_err(|e| damaged(path, format!("{name}: {e:?}")))
    }
}

/// Reads a range of a file, which must lie within the file.
fn read(mut file: &File, [start, end]: [u64; 2]) -> std::io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = vec![0; (end - start) as usize];
    file.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// Runs a reader that may panic; a panic is returned as an error for the file.
fn guarded<T>(path: &Path, work: impl FnOnce() -> T) -> Result<T, WeightsError> {
    caught(work).map_err(|panic| damaged(path, format!("the reader failed ({panic})")))
}

fn damaged(path: &Path, reason: impl ToString) -> WeightsError {
    WeightsError::Format { path: path.into(), reason: reason.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_of_a_reader_is_an_error_for_its_file() {
        let path = Path::new("weights.pth");
        assert_eq!(guarded(path, || 1).unwrap(), 1);
        let message = guarded(path, || -> u8 { panic!("no storage") }).unwrap_err().to_string();
        assert!(message.starts_with("weights.pth: "), "{message}");
        assert!(message.ends_with("the reader failed (no storage)"), "{message}");
    }
}
