//! Cache of features on disk.

use std::collections::HashMap;
use std::fs;
use std::io::{ErrorKind, Write};
use std::path::Path;

use safetensors::tensor::{Dtype, SafeTensors, TensorView, serialize};
use sempairs_data::DataError;
use sempairs_internal::write_atomically;

use crate::{EvalError, Features, Identity};

impl Features {
    /// Writes the features as `.safetensors`, atomically: `values` `[n, dim]` in f32, `labels`
    /// `[n]` in i64, and in the header the classes, a checksum and the identity of everything that
    /// the features were computed from.
    ///
    /// # Errors
    ///
    /// [`EvalError::Data`] with the file's name if it cannot be written.
    pub fn save(&self, path: &Path, identity: Identity) -> Result<(), EvalError> {
        let values: Vec<u8> = self.values.iter().flat_map(|x| x.to_le_bytes()).collect();
        let labels: Vec<u8> = self.labels.iter().flat_map(|&y| (y as i64).to_le_bytes()).collect();
        let view = |dtype, shape, bytes| TensorView::new(dtype, shape, bytes).expect("a shape");
        let tensors = [
            ("values", view(Dtype::F32, vec![self.len(), self.dim], &values)),
            ("labels", view(Dtype::I64, vec![self.len()], &labels)),
        ];
        let classes = serde_json::to_string(&self.classes).expect("a list of names");
        let header = HashMap::from([
            ("identity".to_owned(), identity.to_string()),
            ("crc32".to_owned(), checksum(&values, &labels, &classes)),
            ("classes".to_owned(), classes),
        ]);
        let bytes =
            serialize(tensors, Some(header)).map_err(|error| EvalError::file(path, error))?;
        write_atomically(path, |out| out.write_all(&bytes))
            .map_err(|error| DataError::io(path, error).into())
    }

    /// Reads a file written by [`save`](Self::save). `None` if there is no file, or if its identity
    /// differs, so that the features are out of date.
    ///
    /// # Errors
    ///
    /// [`EvalError::File`] with the file's name if it is damaged, [`EvalError::Data`] if it cannot
    /// be read.
    pub fn load(path: &Path, identity: Identity) -> Result<Option<Self>, EvalError> {
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(DataError::io(path, error).into()),
        };
        let damaged = |reason: &dyn ToString| {
            let reason = format!("damaged features ({}); delete the file", reason.to_string());
            EvalError::file(path, reason)
        };
        let (_, header) = SafeTensors::read_metadata(&bytes).map_err(|error| damaged(&error))?;
        let entries = header.metadata().as_ref();
        let entry = |key: &str| {
            let value = entries.and_then(|entries| entries.get(key));
            value.ok_or_else(|| damaged(&format!("no `{key}`")))
        };
        if *entry("identity")? != identity.to_string() {
            return Ok(None);
        }
        let tensors = SafeTensors::deserialize(&bytes).map_err(|error| damaged(&error))?;
        let tensor = |name| tensors.tensor(name).map_err(|error| damaged(&error));
        let (values, labels) = (tensor("values")?, tensor("labels")?);
        let (&[n, dim], &[count]) = (values.shape(), labels.shape()) else {
            return Err(damaged(&"wrong shapes"));
        };
        if (values.dtype(), labels.dtype(), n) != (Dtype::F32, Dtype::I64, count) {
            return Err(damaged(&"wrong dtypes or lengths"));
        }
        let classes = entry("classes")?;
        if checksum(values.data(), labels.data(), classes) != *entry("crc32")? {
            return Err(damaged(&"wrong checksum"));
        }
        let classes: Vec<String> =
            serde_json::from_str(classes).map_err(|error| damaged(&error))?;
        let values: Vec<f32> =
            values.data().as_chunks().0.iter().map(|&x| f32::from_le_bytes(x)).collect();
        let labels = labels.data().as_chunks().0.iter().map(|&y| i64::from_le_bytes(y) as usize);
        let labels: Vec<usize> = labels.collect();
        if labels.iter().any(|&label| label >= classes.len()) {
            return Err(damaged(&"a label is not the index of a class"));
        }
        Ok(Some(Self { values, dim, labels, classes }))
    }

    /// Reads the features from `path` if the file has this identity. Otherwise computes them with
    /// `make` and replaces the file.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load), [`save`](Self::save) and `make`.
    pub fn cached(
        path: &Path,
        identity: Identity,
        make: impl FnOnce() -> Result<Self, EvalError>,
    ) -> Result<Self, EvalError> {
        if let Some(features) = Self::load(path, identity)? {
            return Ok(features);
        }
        let features = make()?;
        features.save(path, identity)?;
        Ok(features)
    }
}

fn checksum(values: &[u8], labels: &[u8], classes: &str) -> String {
    let mut hasher = crc32fast::Hasher::new();
    [values, labels, classes.as_bytes()].into_iter().for_each(|bytes| hasher.update(bytes));
    format!("{:08x}", hasher.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::clouds;

    #[test]
    fn a_file_is_read_back_unless_its_identity_differs() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("features.safetensors");
        let (one, two) = (Identity::new().and(b"one"), Identity::new().and(b"two"));
        assert_eq!(Features::load(&path, one).unwrap(), None);
        let features = clouds(10, 3, 4, 1.0, 1);
        let made = Features::cached(&path, one, || Ok(features.clone())).unwrap();
        assert_eq!(made, features);
        assert_eq!(Features::cached(&path, one, || unreachable!()).unwrap(), features);
        assert_eq!(Features::load(&path, two).unwrap(), None);
        let other = clouds(7, 2, 2, 1.0, 2);
        assert_eq!(Features::cached(&path, two, || Ok(other.clone())).unwrap(), other);
        assert_eq!(Features::load(&path, one).unwrap(), None);
    }

    #[test]
    fn a_damaged_file_is_an_error_with_the_files_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("features.safetensors");
        let identity = Identity::new();
        clouds(10, 3, 4, 1.0, 1).save(&path, identity).unwrap();
        let whole = fs::read(&path).unwrap();
        let mut flipped = whole.clone();
        *flipped.last_mut().unwrap() ^= 1;
        for bytes in [&flipped[..], &whole[..whole.len() - 5], &whole[..20], &[]] {
            fs::write(&path, bytes).unwrap();
            let message = Features::load(&path, identity).unwrap_err().to_string();
            assert!(message.contains("features.safetensors") && message.contains("damaged"));
        }
    }

    #[test]
    fn an_error_names_a_missing_folder() {
        let path = Path::new("/no such folder/features.safetensors");
        let message = clouds(2, 2, 2, 1.0, 1).save(path, Identity::new()).unwrap_err().to_string();
        assert!(message.contains("no such folder"), "{message}");
    }
}
