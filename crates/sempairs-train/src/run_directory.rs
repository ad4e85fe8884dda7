use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sempairs_internal::{note, remove_orphans, write_atomically};

use crate::TrainError;

/// Acquires the lock file.
fn lock(path: &Path) -> Result<File, TrainError> {
    let file = File::options().create(true).append(true).open(path);
    let file = file.map_err(|e| TrainError::io(path, e))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(TrainError::Busy { path: path.into() }),
        Err(TryLockError::Error(error)) if has_no_locks(&error) => {
            note!(
                "warning: {}: this file system has no locks ({error}), so a second process could \
                 write to the same run directory; make sure that none does",
                path.display()
            );
            Ok(file)
        }
        Err(TryLockError::Error(error)) => Err(TrainError::io(path, error)),
    }
}

/// Returns true if the error means that the file system does not support locks, as on some network
/// file systems or when the lock service is not running.
fn has_no_locks(error: &io::Error) -> bool {
    #[cfg(unix)]
    if error.raw_os_error() == Some(nix::libc::ENOLCK) {
        return true;
    }
    error.kind() == ErrorKind::Unsupported
}

/// Directory of a run, with fixed file names. It is the only interface between training and
/// evaluation, and every file in it is written atomically.
///
/// ```text
/// experiment.toml       the configuration
/// checkpoint/           the state of the run, to resume from
/// backbone.safetensors  the trained backbone, with torchvision's parameter names
/// metrics.jsonl         one line per logged step
/// scores.jsonl          one line per score
/// .lock                 locked while a process uses the directory
/// ```
#[derive(Clone, Debug)]
pub struct RunDirectory {
    root: PathBuf,
    /// Lock; released when the last clone is dropped, or by the system if the process dies.
    _lock: Arc<File>,
}

impl RunDirectory {
    /// Creates the directory if necessary and locks it against other processes until the value is
    /// dropped. If the file system has no locks, prints a warning to standard error instead.
    ///
    /// # Errors
    ///
    /// [`TrainError::Io`] if the directory cannot be created, [`TrainError::Busy`] if another
    /// process holds the lock.
    pub fn create(root: impl Into<PathBuf>) -> Result<Self, TrainError> {
        let root = root.into();
        let checkpoint = root.join("checkpoint");
        fs::create_dir_all(&checkpoint).map_err(|e| TrainError::io(&checkpoint, e))?;
        let lock = lock(&root.join(".lock"))?;
        remove_orphans(&root);
        remove_orphans(&checkpoint);
        Ok(Self { root, _lock: Arc::new(lock) })
    }

    /// Path of the directory.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Path of `experiment.toml`.
    pub fn experiment(&self) -> PathBuf {
        self.root.join("experiment.toml")
    }

    /// Path of the folder `checkpoint/`.
    pub fn checkpoint(&self) -> PathBuf {
        self.root.join("checkpoint")
    }

    /// Path of `backbone.safetensors`.
    pub fn backbone(&self) -> PathBuf {
        self.root.join("backbone.safetensors")
    }

    /// Path of `metrics.jsonl`.
    pub fn metrics(&self) -> PathBuf {
        self.root.join("metrics.jsonl")
    }

    /// Path of `scores.jsonl`.
    pub fn scores(&self) -> PathBuf {
        self.root.join("scores.jsonl")
    }

    /// Writes a file of the directory atomically.
    ///
    /// # Errors
    ///
    /// [`TrainError::Io`] with the file's path.
    pub fn write(&self, path: &Path, content: &[u8]) -> Result<(), TrainError> {
        write_atomically(path, |out| out.write_all(content)).map_err(|e| TrainError::io(path, e))
    }
}
