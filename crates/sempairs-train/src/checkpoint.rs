use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use burn::module::Module;
use burn::store::ModuleRecord;
use burn::tensor::Bytes;
use sempairs_internal::{caught, failpoint, write_atomically};
use serde::{Deserialize, Serialize};

use crate::{Optimizer, TrainError, Unlogged};

/// File signature; the last byte is the format version.
const MAGIC: &[u8; 8] = b"sempckp2";

/// Complete state of a run between two steps: the module's parameters and buffers, the optimiser
/// state, and the step. Everything else is determined by the configuration and the step.
///
/// File format: 8 bytes of signature, the length of the header (u32), the header as JSON, the
/// module record, the optimiser state, and the CRC-32 of all preceding bytes; integers are
/// little-endian.
pub struct Checkpoint {
    /// Number of completed steps.
    pub step: usize,
    /// Measurements of the steps that `metrics.jsonl` does not cover yet, if the run was
    /// interrupted between two lines.
    pub unlogged: Option<Unlogged>,
    module: Vec<u8>,
    optimizer: Vec<u8>,
    path: Option<PathBuf>,
}

#[derive(Serialize, Deserialize)]
struct Header {
    step: usize,
    identity: String,
    module: usize,
    optimizer: usize,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    unlogged: Option<Unlogged>,
}

impl Checkpoint {
    /// Captures the state of a module and its optimiser after `step` steps.
    pub fn take<M: Module>(step: usize, module: &M, optimizer: &Optimizer) -> Self {
        // Burn defers the last update of a running statistic until its synchronised value is read,
        // so a record would be one update behind. `valid` synchronises the statistics in place.
        drop(module.valid());
        let module = module.clone().into_record().into_bytes();
        // Writing to memory fails only if memory runs out.
        Self {
            step,
            unlogged: None,
            module: module.expect("a module's record is serialisable").to_vec(),
            optimizer: optimizer.to_bytes(),
            path: None,
        }
    }

    /// Path of the file that the checkpoint was loaded from; `None` if it was not loaded.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Restores the state of the module and of the optimiser.
    ///
    /// # Errors
    ///
    /// Returns the reason if the records do not match the module or the optimiser.
    pub fn restore<M: Module>(
        self,
        module: M,
        optimizer: Optimizer,
    ) -> Result<(M, Optimizer), String> {
        // Burn panics on some records that it did not write.
        caught(|| self.restore_into(module, optimizer))
            .unwrap_or_else(|_| Err("its records cannot be decoded".into()))
    }

    fn restore_into<M: Module>(
        self,
        module: M,
        optimizer: Optimizer,
    ) -> Result<(M, Optimizer), String> {
        let record = ModuleRecord::from_bytes(Bytes::from_bytes_vec(self.module))
            .map_err(|e| e.to_string())?;
        let module = module.try_load_record(record).map_err(|e| e.to_string())?;
        Ok((module, optimizer.with_bytes(self.optimizer)?))
    }

    fn encode(&self, identity: &str) -> Vec<u8> {
        let header = Header {
            step: self.step,
            identity: identity.into(),
            module: self.module.len(),
            optimizer: self.optimizer.len(),
            unlogged: self.unlogged.clone(),
        };
        let header = serde_json::to_vec(&header).expect("plain numbers and strings");
        let mut out =
            Vec::with_capacity(20 + header.len() + self.module.len() + self.optimizer.len());
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&(header.len() as u32).to_le_bytes());
        out.extend_from_slice(&header);
        out.extend_from_slice(&self.module);
        out.extend_from_slice(&self.optimizer);
        out.extend_from_slice(&crc32fast::hash(&out).to_le_bytes());
        out
    }

    fn decode(bytes: &[u8]) -> Result<(Self, String), String> {
        let [name @ .., version] = MAGIC;
        if let Some(&other) = bytes.strip_prefix(name).and_then(<[u8]>::first)
            && other != *version
            && other.is_ascii_digit()
        {
            return Err(format!(
                "it has format version {}, but this program reads version {}",
                char::from(other),
                char::from(*version)
            ));
        }
        let (body, crc) = bytes
            .split_last_chunk::<4>()
            .filter(|_| bytes.starts_with(MAGIC))
            .ok_or("it does not start with the signature of a checkpoint")?;
        if crc32fast::hash(body) != u32::from_le_bytes(*crc) {
            return Err("its checksum does not match its content".into());
        }
        let cut = |start: usize, len: usize| {
            body.get(start..start.saturating_add(len)).ok_or("it is too short")
        };
        let length = cut(8, 4)?.try_into().map(u32::from_le_bytes).expect("four bytes") as usize;
        let header: Header = serde_json::from_slice(cut(12, length)?).map_err(|e| e.to_string())?;
        let module = cut(12 + length, header.module)?.to_vec();
        let optimizer = cut(12 + length + header.module, header.optimizer)?.to_vec();
        let Header { step, unlogged, identity, .. } = header;
        Ok((Self { step, unlogged, module, optimizer, path: None }, identity))
    }
}

/// Store of the two newest checkpoints of a run, `latest.ckpt` and `previous.ckpt`.
#[derive(Clone, Debug)]
pub struct Checkpoints {
    folder: PathBuf,
    identity: String,
}

impl Checkpoints {
    /// Creates the store in `folder` for the run with this identity, a hash of its configuration.
    pub fn new(folder: impl Into<PathBuf>, identity: impl Into<String>) -> Self {
        Self { folder: folder.into(), identity: identity.into() }
    }

    /// Path of the newest checkpoint, whether or not the file exists.
    pub fn latest(&self) -> PathBuf {
        self.folder.join("latest.ckpt")
    }

    /// Path of the checkpoint before the newest, whether or not the file exists.
    pub fn previous(&self) -> PathBuf {
        self.folder.join("previous.ckpt")
    }

    /// Writes `checkpoint` as the newest checkpoint; the one that was newest becomes the previous.
    /// Returns the path of the file.
    ///
    /// # Errors
    ///
    /// [`TrainError::Io`] if a file cannot be written or renamed; the checkpoint that was newest
    /// before can still be loaded.
    pub fn save(&self, checkpoint: &Checkpoint) -> Result<PathBuf, TrainError> {
        let (latest, previous) = (self.latest(), self.previous());
        let bytes = checkpoint.encode(&self.identity);
        // The new file is completely on disk before an old one is renamed, and a run that is killed
        // between the two renames still finds the previous checkpoint.
        let next = self.folder.join("next.ckpt");
        write_atomically(&next, |out| out.write_all(&bytes))
            .map_err(|e| TrainError::io(&next, e))?;
        failpoint("checkpoint_written", checkpoint.step);
        if latest.exists() {
            fs::rename(&latest, &previous).map_err(|e| TrainError::io(&previous, e))?;
        }
        failpoint("checkpoint_moved", checkpoint.step);
        fs::rename(&next, &latest).map_err(|e| TrainError::io(&latest, e))?;
        failpoint("checkpoint", checkpoint.step);
        Ok(latest)
    }

    /// Loads the newest checkpoint; `None` if there is none.
    ///
    /// # Errors
    ///
    /// [`TrainError::Io`] if the file cannot be read, [`TrainError::Damaged`] if it is not a valid
    /// checkpoint, and [`TrainError::OtherRun`] if it belongs to another run. A damaged file is an
    /// error even if the previous checkpoint is valid.
    pub fn load(&self) -> Result<Option<Checkpoint>, TrainError> {
        let (latest, previous) = (self.latest(), self.previous());
        let path = if latest.exists() { latest } else { previous.clone() };
        if !path.exists() {
            return Ok(None);
        }
        let (mut checkpoint, identity) = read(&path)?.map_err(|reason| TrainError::Damaged {
            path: path.clone(),
            reason,
            previous: (path != previous && matches!(read(&previous), Ok(Ok(_))))
                .then(|| previous.clone()),
        })?;
        if identity != self.identity {
            return Err(TrainError::OtherRun {
                path,
                found: identity,
                expected: self.identity.clone(),
            });
        }
        checkpoint.path = Some(path);
        Ok(Some(checkpoint))
    }

    /// Loads the newest checkpoint in a folder, whichever run wrote it, with the identity of that
    /// run; `None` if there is no checkpoint.
    ///
    /// # Errors
    ///
    /// [`TrainError::Io`] and [`TrainError::Damaged`].
    pub fn load_any(
        folder: impl Into<PathBuf>,
    ) -> Result<Option<(Checkpoint, String)>, TrainError> {
        let Some(path) = Self::new(folder, "").newest() else { return Ok(None) };
        let (mut checkpoint, identity) = read(&path)?.map_err(|reason| TrainError::Damaged {
            path: path.clone(),
            reason,
            previous: None,
        })?;
        checkpoint.path = Some(path);
        Ok(Some((checkpoint, identity)))
    }

    /// Path of the newest existing checkpoint; `None` if there is none.
    pub fn newest(&self) -> Option<PathBuf> {
        [self.latest(), self.previous()].into_iter().find(|path| path.exists())
    }
}

fn read(path: &Path) -> Result<Result<(Checkpoint, String), String>, TrainError> {
    let bytes = fs::read(path).map_err(|e| TrainError::io(path, e))?;
    Ok(Checkpoint::decode(&bytes))
}
