use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::Duration;

/// What the name of every part has in its middle, and nobody else's file.
const MARK: &str = ".sempairs-";

/// Characters of the file's own name that the part's name shows, so that it stays below 255 bytes.
const SHOWN: usize = 40;

/// A part that nobody has written to for so long, and nobody holds a lock on, is an orphan even if
/// its writer ran on another machine, from where its lock may not be seen.
const LONG: Duration = Duration::from_secs(24 * 3600);

/// Names that are tried for a part before it is given up.
const TRIES: usize = 100;

/// The running kernel: locks of all its processes, whatever container they run in, are seen by all
/// of them. Sixteen hexadecimal digits, zeros where it cannot be told.
static KERNEL: LazyLock<String> = LazyLock::new(|| {
    let id = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let digits: String = id.chars().filter(char::is_ascii_hexdigit).take(DIGITS).collect();
    format!("{digits:0<DIGITS$}").to_ascii_lowercase()
});
const DIGITS: usize = 16;

/// A file that is being written, beside the one whose place it will take. It is removed when
/// dropped, unless it has taken that place.
///
/// Its name, `.NAME.sempairs-KERNEL-RANDOM.part`, is its own, since process ids are not: containers
/// that share a folder have equal ones. The writer holds a lock on it, which tells others that it
/// is alive.
pub(crate) struct Part {
    path: PathBuf,
    renamed: bool,
}

impl Part {
    /// A new part of the file `name` in `folder`, open for writing.
    ///
    /// # Errors
    ///
    /// What the system says, or that every part that was tried was taken away at once.
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
            // Somebody who removes orphans may have come between, and then has it still, or had it.
            match file.try_lock() {
                Err(TryLockError::WouldBlock) => continue,
                // Without locks it is left alone by all who remove orphans.
                Ok(()) | Err(TryLockError::Error(_)) => {}
            }
            if is_at(&file, &part.path) {
                return Ok((part, file));
            }
        }
        Err(io::Error::other(format!(
            "no temporary file stays in {}: {TRIES} were tried, and each was taken, locked or \
             removed at once",
            folder.display()
        )))
    }

    /// Puts it in the place of `path`.
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

/// Whether an open file is the one at `path`. Its number of links would not tell: some file systems
/// say 0 of every file.
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

/// Removes the parts from a folder that writers of [`write_whole`](crate::write_whole) have left
/// behind who were killed. A part is removed if nobody holds the lock that its writer held, and,
/// where that writer ran under another kernel, if nobody has written to it for a day; never where
/// the file system has no locks. Other files stay, whatever their names, and so does what cannot be
/// removed.
pub fn remove_orphans(folder: &Path) {
    sweep(folder);
}

/// As [`remove_orphans`], once for each folder in the life of the process. Earlier versions named
/// the parts of a file by their process alone; those of `target` are removed, too, when it is first
/// written. However many targets a folder has, it is listed once.
pub(crate) fn sweep_once(folder: &Path, target: &OsStr) {
    /// The parts, named as before, that each folder had when it was listed and no target has
    /// claimed yet.
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

/// Removes the orphans of a folder, and returns the files that are named as parts were before:
/// whether they are parts only the writers of their targets know.
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

/// The file of a part as it was named before, `.NAME.PROCESS.part`. Its writer held no lock.
fn target_of_old(name: &OsStr) -> Option<&str> {
    let inside = name.to_str()?.strip_prefix('.')?.strip_suffix(".part")?;
    let (target, process) = inside.rsplit_once('.')?;
    let is_number = !process.is_empty() && process.bytes().all(|it| it.is_ascii_digit());
    is_number.then_some(target)
}

/// Where the writer of a part ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Writer {
    /// Under this kernel: if it holds no lock it is dead.
    Here,
    /// On another machine, before the last start of this one, or where kernels have no names.
    Elsewhere,
}

impl Writer {
    /// Of a part with this name; `None` for every other file.
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
    // For writing, since network file systems lock nothing else.
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

    /// A part that a dead writer left, last written to so many hours ago.
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
    fn parts_of_dead_writers_go_and_those_of_living_ones_stay() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let (living, file) = Part::create(folder, OsStr::new("cache")).unwrap();
        file.set_modified(SystemTime::now() - 2 * LONG).unwrap();
        let dead = left(folder, &name(&KERNEL), 0);
        let of_another_machine = left(folder, &name("00000000000000aa"), 1);
        remove_orphans(folder);
        assert!(living.path.exists(), "its writer is alive, if slow");
        assert_eq!(dead.exists(), KERNEL.bytes().all(|digit| digit == b'0'));
        assert!(of_another_machine.exists(), "its lock may not be seen from here");
        left(folder, &name("00000000000000aa"), 25);
        remove_orphans(folder);
        assert!(!of_another_machine.exists(), "untouched for a day");
    }

    #[test]
    fn nothing_else_is_removed() {
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
        assert!(old.exists(), "only the writer of `cache` knows that it is a part of it");
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
    fn a_removed_file_is_told_from_another_of_its_name() {
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
    fn a_part_that_was_removed_while_it_was_made_is_made_again() {
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
                crate::write_whole(&path, |out| out.write_all(b"x"))
            };
            let written: io::Result<()> = (0..300).try_for_each(write);
            done.store(true, Ordering::Relaxed);
            written
        });
        written.unwrap();
    }
}
