use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sempairs_internal::{note, remove_orphans, write_atomically};

use crate::TrainError;

/// Number of attempts to acquire a lock, which [`RunDirectory::is_busy`] may hold for an instant,
/// and the pause between two of them.
const ATTEMPTS: usize = 5;
const PAUSE: Duration = Duration::from_millis(10);

/// Acquires the lock file.
fn lock(path: &Path) -> Result<File, TrainError> {
    let file = File::options().create(true).append(true).open(path);
    let file = file.map_err(|e| TrainError::io(path, e))?;
    let mut locked = file.try_lock();
    for _ in 1..ATTEMPTS {
        if !matches!(locked, Err(TryLockError::WouldBlock)) {
            break;
        }
        std::thread::sleep(PAUSE);
        locked = file.try_lock();
    }
    match locked {
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

    /// Returns true if a directory is locked, by another process or by a value of this one. False
    /// if there is no such directory, or if the file system has no locks.
    pub fn is_busy(root: &Path) -> bool {
        // Network file systems need a file that is open for reading for a shared lock.
        let file = File::options().read(true).append(true).open(root.join(".lock"));
        let Ok(file) = file else { return false };
        matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_busy_while_a_value_locks_it() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("run");
        assert!(!RunDirectory::is_busy(&root), "it does not exist");
        let directory = RunDirectory::create(&root).unwrap();
        let clone = directory.clone();
        assert!(RunDirectory::is_busy(&root));
        assert!(matches!(RunDirectory::create(&root), Err(TrainError::Busy { .. })));
        drop(directory);
        assert!(RunDirectory::is_busy(&root), "the clone holds the lock");
        drop(clone);
        assert!(!RunDirectory::is_busy(&root));
        RunDirectory::create(&root).unwrap();
    }

    /// Looking whether a directory is busy must not make it so for others.
    #[test]
    fn a_directory_can_be_locked_while_others_look_at_it() {
        let folder = tempfile::tempdir().unwrap();
        drop(RunDirectory::create(folder.path()).unwrap());
        let done = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !done.load(std::sync::atomic::Ordering::Relaxed) {
                    RunDirectory::is_busy(folder.path());
                    std::thread::sleep(Duration::from_micros(100));
                }
            });
            let lock = || RunDirectory::create(folder.path()).map(drop);
            let locked: Result<(), TrainError> = (0..200).try_for_each(|_| lock());
            done.store(true, std::sync::atomic::Ordering::Relaxed);
            locked.unwrap();
        });
    }
}
