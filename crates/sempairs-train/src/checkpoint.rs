use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use burn::module::Module;
use burn::store::ModuleRecord;
use burn::tensor::Bytes;
use sempairs_internal::{caught, failpoint, write_whole};
use serde::{Deserialize, Serialize};

use crate::{Optimizer, TrainError, Unlogged};

/// The last letter is the version.
const MAGIC: &[u8; 8] = b"sempckp2";

/// The whole state of a run between two steps: the module's parameters and buffers, the optimiser's
/// state, and the step. Everything else follows from the configuration and the step.
///
/// On disk: 8 bytes of magic, the length of the header (u32), the header as JSON, the module's
/// record, the optimiser's state, and the CRC-32 of all that; numbers little-endian.
pub struct Checkpoint {
    /// Steps done.
    pub step: usize,
    /// Steps among them that `metrics.jsonl` has no line of yet, if the run was interrupted between
    /// two lines.
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
    /// The state after `step` steps.
    pub fn take<M: Module>(step: usize, module: &M, optimizer: &Optimizer) -> Self {
        // Burn keeps the last update of a running statistic apart until somebody asks for a
        // synchronised value; a record would be one update behind. `valid` synchronises them in
        // place.
        drop(module.valid());
        let module = module.clone().into_record().into_bytes();
        // Writing to memory can only fail for lack of it.
        Self {
            step,
            unlogged: None,
            module: module.expect("a module's record is serialisable").to_vec(),
            optimizer: optimizer.to_bytes(),
            path: None,
        }
    }

    /// The file that it was loaded from, if it was.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Puts the state back.
    ///
    /// # Errors
    ///
    /// The reason, if the records do not fit the module.
    pub fn restore<M: Module>(
        self,
        module: M,
        optimizer: Optimizer,
    ) -> Result<(M, Optimizer), String> {
        // Burn panics at some records that are none of its own.
        caught(|| self.restore_into(module, optimizer))
            .unwrap_or_else(|_| Err("its records are not as they were written".into()))
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
                "it is of version {}, and this program reads version {}",
                char::from(other),
                char::from(*version)
            ));
        }
        let (body, crc) = bytes
            .split_last_chunk::<4>()
            .filter(|_| bytes.starts_with(MAGIC))
            .ok_or("it does not start as a checkpoint does")?;
        if crc32fast::hash(body) != u32::from_le_bytes(*crc) {
            return Err("its checksum does not fit its content".into());
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

/// The two newest checkpoints of a run, `latest.ckpt` and `previous.ckpt`.
#[derive(Clone, Debug)]
pub struct Checkpoints {
    folder: PathBuf,
    identity: String,
}

impl Checkpoints {
    /// The checkpoints in `folder`, of the run with this identity: a hash of its configuration.
    pub fn new(folder: impl Into<PathBuf>, identity: impl Into<String>) -> Self {
        Self { folder: folder.into(), identity: identity.into() }
    }

    /// The newest.
    pub fn latest(&self) -> PathBuf {
        self.folder.join("latest.ckpt")
    }

    /// The one before it.
    pub fn previous(&self) -> PathBuf {
        self.folder.join("previous.ckpt")
    }

    /// Makes `checkpoint` the newest; what was the newest becomes the previous one.
    ///
    /// # Errors
    ///
    /// [`TrainError::Io`], with both old checkpoints as they were.
    pub fn save(&self, checkpoint: &Checkpoint) -> Result<PathBuf, TrainError> {
        let (latest, previous) = (self.latest(), self.previous());
        let bytes = checkpoint.encode(&self.identity);
        // The new one is whole on the disk before either old one is touched, and a run that is
        // killed between the two renames still finds the previous one.
        let next = self.folder.join("next.ckpt");
        write_whole(&next, |out| out.write_all(&bytes)).map_err(|e| TrainError::io(&next, e))?;
        failpoint("checkpoint_written", checkpoint.step);
        if latest.exists() {
            fs::rename(&latest, &previous).map_err(|e| TrainError::io(&previous, e))?;
        }
        failpoint("checkpoint_moved", checkpoint.step);
        fs::rename(&next, &latest).map_err(|e| TrainError::io(&latest, e))?;
        failpoint("checkpoint", checkpoint.step);
        Ok(latest)
    }

    /// The newest checkpoint, or `None` where there is none.
    ///
    /// # Errors
    ///
    /// [`TrainError::Damaged`] and [`TrainError::OtherRun`]; a damaged file is never passed over in
    /// silence.
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

    /// The identity of the run that wrote the newest checkpoint of a folder; `None` where there is
    /// none.
    ///
    /// # Errors
    ///
    /// [`TrainError::Io`] and [`TrainError::Damaged`].
    pub fn identity_of(folder: impl Into<PathBuf>) -> Result<Option<String>, TrainError> {
        let Some(path) = Self::new(folder, "").newest() else { return Ok(None) };
        let damaged = |reason| TrainError::Damaged { path: path.clone(), reason, previous: None };
        Ok(Some(read(&path)?.map_err(damaged)?.1))
    }

    /// The newest checkpoint's path, if there is one.
    pub fn newest(&self) -> Option<PathBuf> {
        [self.latest(), self.previous()].into_iter().find(|path| path.exists())
    }
}

fn read(path: &Path) -> Result<Result<(Checkpoint, String), String>, TrainError> {
    let bytes = fs::read(path).map_err(|e| TrainError::io(path, e))?;
    Ok(Checkpoint::decode(&bytes))
}
