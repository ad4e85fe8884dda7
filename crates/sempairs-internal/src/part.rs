use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::Duration;

/// Text in the name of every temporary file, which no other file has.
const MARK: &str = ".sempairs-";

/// Number of characters of the target's name in the temporary file's name, which must stay below
/// 255 bytes.
const SHOWN: usize = 40;

/// Age after which an unlocked temporary file is an orphan even if it was written on another
/// machine, whose locks may not be visible here.
const LONG: Duration = Duration::from_secs(24 * 3600);

/// Number of attempts to create a temporary file.
const TRIES: usize = 100;

/// Identifier of the running kernel (its boot id). All processes of a kernel see each other's file
/// locks, whatever containers they run in. Sixteen hexadecimal digits; zeros if it is unknown.
static KERNEL: LazyLock<String> = LazyLock::new(|| {
    let id = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let digits: String = id.chars().filter(char::is_ascii_hexdigit).take(DIGITS).collect();
    format!("{digits:0<DIGITS$}").to_ascii_lowercase()
});

/// Number of hexadecimal digits of [`KERNEL`].
const DIGITS: usize = 16;

/// A temporary file in the folder of the file that it will replace. It is removed when dropped,
/// unless it has been renamed.
///
/// Its name is `.NAME.sempairs-KERNEL-RANDOM.part`. The random part is needed because process ids
/// are not unique: containers that share a folder may have the same ones. The writer holds a lock
/// on the file, which shows other processes that it is alive.
pub(crate) struct Part {
    path: PathBuf,
    renamed: bool,
}

impl Part {
    /// Creates a temporary file for the file `name` in `folder`, open for writing.
    ///
    /// # Errors
    ///
    /// An error of the file system, or that no attempt succeeded because other processes took or
    /// removed each file.
    pub(crate) fn create(folder: &Path, name: &OsStr) -> io::Result<(Self, File)> {
        let shown: String = name.to_string_lossy().chars().take(SHOWN).collect();
        for _ in 0..TRIES {
            let random = RandomState::new().build_hasher().finish();
            let path = folder.join(format!(".{shown}{MARK}{}-{random:016x}.part", *KERNEL));
            let file = match OpenOptions::new().write(true).create_new(true).open(&path) {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => continue,
                created => created?,
            };
            let part = Self { path, renamed: false };
            // A process that removes orphans may have locked or removed the file in the meantime.
            match file.try_lock() {
                Err(TryLockError::WouldBlock) => continue,
                // Without support for locks, processes that remove orphans ignore the file.
                Ok(()) | Err(TryLockError::Error(_)) => {}
            }
            if is_at(&file, &part.path) {
                return Ok((part, file));
            }
        }
        Err(io::Error::other(format!(
            "cannot create a temporary file in {}: each of {TRIES} attempts was locked or removed \
             by another process",
            folder.display()
        )))
    }

    /// Renames the file to `path`, replacing an existing file.
    pub(crate) fn rename(mut self, path: &Path) -> io::Result<()> {
        fs::rename(&self.path, path)?;
        self.renamed = true;
        Ok(())
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if !self.renamed {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Returns true if an open file is the one at `path`. The number of links would not be enough,
/// since some file systems always report 0.
fn is_at(file: &File, path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let id = |it: fs::Metadata| (it.dev(), it.ino());
        match (file.metadata(), fs::metadata(path)) {
            (Ok(open), Ok(there)) => id(open) == id(there),
            _ => false,
        }
    }
    #[cfg(not(unix))]
    {
        let _ = (file, path);
        true
    }
}

/// Removes temporary files that killed processes have left in a folder when they used
/// [`write_atomically`](crate::write_atomically).
///
/// A temporary file is removed if nobody holds a lock on it; if it was written under another
/// kernel, it must also not have been modified for a day. Without support for locks in the file
/// system, nothing is removed. Other files are never removed, whatever their names, and errors are
/// ignored.
pub fn remove_orphans(folder: &Path) {
    sweep(folder);
}

/// Like [`remove_orphans`], once per folder and process. Earlier versions named temporary files by
/// the process id only; those of `target` are also removed, when `target` is first written. A
/// folder is listed only once, however many targets it has.
pub(crate) fn sweep_once(folder: &Path, target: &OsStr) {
    /// For each folder, the temporary files with names of the earlier form that were listed and do
    /// not belong to any target written so far.
    static OLD: Mutex<BTreeMap<PathBuf, Vec<OsString>>> = Mutex::new(BTreeMap::new());
    let place = std::path::absolute(folder).unwrap_or_else(|_| folder.to_path_buf());
    let claimed: Vec<OsString> = {
        let mut old = OLD.lock().unwrap_or_else(PoisonError::into_inner);
        let names = old.entry(place).or_insert_with(|| sweep(folder));
        names.extract_if(.., |name| target_of_old(name).is_some_and(|it| it == target)).collect()
    };
    for name in claimed {
        remove_if_dead(&folder.join(name), Writer::Elsewhere);
    }
}

/// Removes the orphans of a folder, and returns the files with names of the earlier form. Only the
/// writers of their targets know whether these are temporary files.
fn sweep(folder: &Path) -> Vec<OsString> {
    let mut old = Vec::new();
    let Ok(entries) = fs::read_dir(folder) else { return old };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let is_file = || entry.file_type().is_ok_and(|kind| kind.is_file());
        match Writer::of(&name) {
            Some(writer) if is_file() => remove_if_dead(&entry.path(), writer),
            None if target_of_old(&name).is_some() && is_file() => old.push(name),
            _ => {}
        }
    }
    old
}

/// The target of a temporary file with a name of the earlier form, `.NAME.PROCESS.part`, whose
/// writer held no lock.
fn target_of_old(name: &OsStr) -> Option<&str> {
    let inside = name.to_str()?.strip_prefix('.')?.strip_suffix(".part")?;
    let (target, process) = inside.rsplit_once('.')?;
    let is_number = !process.is_empty() && process.bytes().all(|it| it.is_ascii_digit());
    is_number.then_some(target)
}

/// Machine on which a temporary file was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Writer {
    /// Under this kernel: if the file is not locked, its writer is dead.
    Here,
    /// On another machine, before the last boot of this one, or under an unknown kernel.
    Elsewhere,
}

impl Writer {
    /// The machine of the temporary file with this name; `None` for other files.
    fn of(name: &OsStr) -> Option<Self> {
        let inside = name.to_str()?.strip_prefix('.')?.strip_suffix(".part")?;
        let (_, ids) = inside.rsplit_once(MARK)?;
        let (kernel, random) = ids.split_once('-')?;
        let is_id = |id: &str| {
            id.len() == DIGITS && id.bytes().all(|it| matches!(it, b'0'..=b'9' | b'a'..=b'f'))
        };
        if !is_id(kernel) || !is_id(random) {
            return None;
        }
        let here = kernel == *KERNEL && kernel.bytes().any(|digit| digit != b'0');
        Some(if here { Self::Here } else { Self::Elsewhere })
    }
}

fn remove_if_dead(path: &Path, writer: Writer) {
    // Network file systems only lock files that are open for writing.
    let Ok(file) = OpenOptions::new().write(true).open(path) else { return };
    if file.try_lock().is_err() {
        return;
    }
    let modified = file.metadata().and_then(|it| it.modified()).ok();
    let is_old = modified.and_then(|at| at.elapsed().ok()).is_some_and(|age| age > LONG);
    if writer == Writer::Here || is_old {
        let _ = fs::remove_file(path);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::SystemTime;

    use super::*;

    /// A temporary file of a dead writer, last modified `hours` hours ago.
    fn left(folder: &Path, name: &str, hours: u64) -> PathBuf {
        let path = folder.join(name);
        let file = File::create(&path).unwrap();
        let at = SystemTime::now() - Duration::from_secs(hours * 3600);
        file.set_modified(at).unwrap();
        path
    }

    fn name(kernel: &str) -> String {
        format!(".cache{MARK}{kernel}-{:016x}.part", 7)
    }

    #[test]
    fn files_of_dead_writers_are_removed_and_those_of_living_ones_kept() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let (living, file) = Part::create(folder, OsStr::new("cache")).unwrap();
        file.set_modified(SystemTime::now() - 2 * LONG).unwrap();
        let dead = left(folder, &name(&KERNEL), 0);
        let of_another_machine = left(folder, &name("00000000000000aa"), 1);
        remove_orphans(folder);
        assert!(living.path.exists(), "its writer is alive, although slow");
        assert_eq!(dead.exists(), KERNEL.bytes().all(|digit| digit == b'0'));
        assert!(of_another_machine.exists(), "its lock may not be visible here");
        left(folder, &name("00000000000000aa"), 25);
        remove_orphans(folder);
        assert!(!of_another_machine.exists(), "not modified for a day");
    }

    #[test]
    fn other_files_are_not_removed() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let k = &*KERNEL;
        let names = [
            "mine.part".into(),
            ".mine.part".into(),
            ".mine.123.part".into(),
            ".cache.123.part.txt".into(),
            ".cache.x.part".into(),
            format!("cache{MARK}{k}-{:016x}.part", 7),
            format!(".cache{MARK}{k}-{:015x}.part", 7),
            format!(".cache{MARK}{k}.part"),
            format!(".cache{MARK}{k}-00000000000000XY.part"),
            format!(".cache{MARK}{k}-{:016x}.parts", 7),
        ];
        let files = names.map(|name: String| left(folder, &name, 100));
        let inside = folder.join(name(k));
        fs::create_dir(&inside).unwrap();
        let old = left(folder, ".cache.123.part", 100);
        let young = left(folder, ".cache.124.part", 1);
        let old_metrics = left(folder, ".metrics.jsonl.123.part", 100);
        let young_metrics = left(folder, ".metrics.jsonl.124.part", 1);
        remove_orphans(folder);
        assert!(old.exists(), "only the writer of `cache` knows that it is temporary");
        sweep_once(folder, OsStr::new("cache"));
        assert!(!old.exists() && young.exists());
        assert!(old_metrics.exists(), "only the writer of `metrics.jsonl` knows");
        sweep_once(folder, OsStr::new("metrics.jsonl"));
        assert!(!old_metrics.exists() && young_metrics.exists());
        for file in files.iter().chain([&inside]) {
            assert!(file.exists(), "{}", file.display());
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_removed_file_is_distinguished_from_a_new_one_of_the_same_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let file = File::create(&path).unwrap();
        assert!(is_at(&file, &path));
        fs::remove_file(&path).unwrap();
        assert!(!is_at(&file, &path));
        let other = File::create(&path).unwrap();
        assert!(!is_at(&file, &path) && is_at(&other, &path));
    }

    #[test]
    fn a_file_that_is_removed_while_it_is_created_is_created_again() {
        let folder = tempfile::tempdir().unwrap();
        let done = AtomicBool::new(false);
        let written = std::thread::scope(|scope| {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    remove_orphans(folder.path());
                }
            });
            let write = |number: usize| {
                let path = folder.path().join(number.to_string());
                crate::write_atomically(&path, |out| out.write_all(b"x"))
            };
            let written: io::Result<()> = (0..300).try_for_each(write);
            done.store(true, Ordering::Relaxed);
            written
        });
        written.unwrap();
    }
}
