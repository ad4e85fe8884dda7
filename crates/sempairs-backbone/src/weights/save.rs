use std::borrow::Cow;
use std::collections::HashMap;
use std::io::{self, Write};
use std::path::Path;

use burn::module::Module;
use safetensors::{Dtype, View};
use sempairs_internal::write_atomically;

use super::named::values;
use super::output::{Entry, Values};
use super::zip::ZipWriter;
use super::{WeightsError, pickle};

/// Saves a module's weights in f32, as `.safetensors` or as a PyTorch state dict (`.pth` or `.pt`),
/// which `torch.load` can read with `weights_only=True`.
///
/// Normalisation layers with running statistics also get PyTorch's `num_batches_tracked`, with the
/// value zero: batches are not counted here, and PyTorch only uses the number for cumulative
/// averages. The file is written atomically.
///
/// # Errors
///
/// [`WeightsError::Extension`] if the path has another extension; [`WeightsError::Io`] if the file
/// cannot be written.
pub fn save<M: Module>(module: &M, path: &Path) -> Result<(), WeightsError> {
    let format = match path.extension().and_then(|extension| extension.to_str()) {
        Some("safetensors") => write_safetensors,
        Some("pth" | "pt") => write_pth,
        _ => return Err(WeightsError::Extension { path: path.into() }),
    };
    let entries = entries(module);
    write_atomically(path, |out| format(out, &entries))
        .map_err(|error| WeightsError::Io { path: path.into(), error })
}

fn entries<M: Module>(module: &M) -> Vec<Entry> {
    let mut entries = Vec::new();
    for (name, shape, values) in values(module) {
        let counter =
            name.strip_suffix("running_var").map(|norm| format!("{norm}num_batches_tracked"));
        entries.push(Entry { name, shape, values: Values::Floats(values) });
        if let Some(name) = counter {
            entries.push(Entry { name, shape: Vec::new(), values: Values::Count(0) });
        }
    }
    entries
}

type Out = io::BufWriter<std::fs::File>;

fn write_safetensors(out: &mut Out, entries: &[Entry]) -> io::Result<()> {
    // PyTorch's own writer adds this metadata, and some readers require it.
    let metadata = HashMap::from([("format".to_owned(), "pt".to_owned())]);
    let named = entries.iter().map(|entry| (entry.name.as_str(), entry));
    let bytes = safetensors::serialize(named, Some(metadata)).map_err(io::Error::other)?;
    out.write_all(&bytes)
}

fn write_pth(out: &mut Out, entries: &[Entry]) -> io::Result<()> {
    let mut zip = ZipWriter::new(out);
    zip.file("archive/data.pkl", &pickle::state_dict(entries))?;
    zip.file("archive/byteorder", b"little")?;
    for (index, entry) in entries.iter().enumerate() {
        zip.file(&format!("archive/data/{index}"), &entry.bytes())?;
    }
    // The version of the archive format, as written by `torch.save`.
    zip.file("archive/version", b"3\n")?;
    zip.finish()
}

impl View for &Entry {
    fn dtype(&self) -> Dtype {
        match self.values {
            Values::Floats(_) => Dtype::F32,
            Values::Count(_) => Dtype::I64,
        }
    }
    fn shape(&self) -> &[usize] {
        &self.shape
    }
    fn data(&self) -> Cow<'_, [u8]> {
        self.bytes().into()
    }
    fn data_len(&self) -> usize {
        match &self.values {
            Values::Floats(values) => 4 * values.len(),
            Values::Count(_) => 8,
        }
    }
}
