use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sempairs_internal::{note, remove_orphans, write_whole};

use crate::TrainError;

/// Takes the lock that this file stands for.
fn lock(path: &Path) -> Result<File, TrainError> {
    let file = File::options().create(true).append(true).open(path);
    let file = file.map_err(|e| TrainError::io(path, e))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(TrainError::Busy { path: path.into() }),
        Err(TryLockError::Error(error)) if has_no_locks(&error) => {
            note!(
                "warning: {}: this file system has no locks ({error}), so nothing keeps a second \
                 process from working on the same run; see to it that there is none",
                path.display()
            );
            Ok(file)
        }
        Err(TryLockError::Error(error)) => Err(TrainError::io(path, error)),
    }
}

/// Whether a lock was refused because there are none: on some network file systems, and where the
/// service that keeps them does not run.
fn has_no_locks(error: &io::Error) -> bool {
    #[cfg(unix)]
    if error.raw_os_error() == Some(nix::libc::ENOLCK) {
        return true;
    }
    error.kind() == ErrorKind::Unsupported
}

/// All that training and evaluation share: a folder with fixed names, every file of which is
/// written whole or not at all.
///
/// ```text
/// experiment.toml       what was asked for
/// checkpoint/           the state of the run, for resuming
/// backbone.safetensors  the result, under torchvision's names
/// metrics.jsonl         one line a logged step
/// scores.jsonl          one line a score
/// .lock                 held while a process works on the run
/// ```
#[derive(Clone, Debug)]
pub struct RunDirectory {
    root: PathBuf,
    /// Released when the last clone is dropped, and by the system if the process dies.
    _lock: Arc<File>,
}

impl RunDirectory {
    /// Creates the folder if need be, and keeps other processes out of it until it is dropped.
    /// Where the file system has no locks it cannot, and says so on standard error.
    ///
    /// # Errors
    ///
    /// [`TrainError::Io`] if it cannot be created, [`TrainError::Busy`] if a run is going on in it.
    pub fn create(root: impl Into<PathBuf>) -> Result<Self, TrainError> {
        let root = root.into();
        let checkpoint = root.join("checkpoint");
        fs::create_dir_all(&checkpoint).map_err(|e| TrainError::io(&checkpoint, e))?;
        let lock = lock(&root.join(".lock"))?;
        remove_orphans(&root);
        remove_orphans(&checkpoint);
        Ok(Self { root, _lock: Arc::new(lock) })
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// `experiment.toml`.
    pub fn experiment(&self) -> PathBuf {
        self.root.join("experiment.toml")
    }

    /// `checkpoint/`.
    pub fn checkpoint(&self) -> PathBuf {
        self.root.join("checkpoint")
    }

    /// `backbone.safetensors`.
    pub fn backbone(&self) -> PathBuf {
        self.root.join("backbone.safetensors")
    }

    /// `metrics.jsonl`.
    pub fn metrics(&self) -> PathBuf {
        self.root.join("metrics.jsonl")
    }

    /// `scores.jsonl`.
    pub fn scores(&self) -> PathBuf {
        self.root.join("scores.jsonl")
    }

    /// Writes one of its files whole.
    ///
    /// # Errors
    ///
    /// [`TrainError::Io`] with the file's path.
    pub fn write(&self, path: &Path, content: &[u8]) -> Result<(), TrainError> {
        write_whole(path, |out| out.write_all(content)).map_err(|e| TrainError::io(path, e))
    }
}
