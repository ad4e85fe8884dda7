use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::part::{Part, sweep_once};

/// Writes a file whole or not at all: `fill` writes beside it, then the result is flushed to the disk
/// and renamed into place. Whoever opens `path` sees the old content or the new, never a part,
/// however many processes write it at once; the last to finish wins.
///
/// A link is followed, and stays one. A device or a pipe is written to directly, since nothing
/// could take its place.
///
/// The file beside is hidden and of a name of its own. A process that is killed leaves it behind;
/// the next one to write a file in that folder [removes](crate::remove_orphans) it.
///
/// # Errors
///
/// Whatever `fill`, the flush or the rename meets; the file beside is removed then.
pub fn write_whole(
    path: &Path,
    fill: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> io::Result<()> {
    let path = &followed(path)?;
    if fs::metadata(path).is_ok_and(|there| !there.is_file() && !there.is_dir()) {
        let mut out = BufWriter::new(OpenOptions::new().write(true).open(path)?);
        fill(&mut out)?;
        return out.flush();
    }
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let name = path.file_name().ok_or_else(|| io::Error::other("not a file's path"))?;
    sweep_once(folder, name);
    let (part, file) = Part::create(folder, name)?;
    let mut out = BufWriter::new(file);
    fill(&mut out)?;
    out.flush()?;
    out.get_ref().sync_all()?;
    part.rename(path)?;
    // The rename itself is only safe on the disk once the folder is.
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
    Ok(())
}

/// What a path leads to: the end of its links, whether there is a file yet or not.
fn followed(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_path_buf();
    // As many as Linux follows.
    for _ in 0..40 {
        match fs::read_link(&path) {
            Ok(target) => path = path.parent().unwrap_or(Path::new("")).join(target),
            Err(_) => return Ok(path),
        }
    }
    Err(io::Error::other("too many links lead from one to the next"))
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_link_stays_a_link_and_a_pipe_a_pipe() {
        use std::os::unix::fs::{FileTypeExt, symlink};
        let folder = tempfile::tempdir().unwrap();
        let [link, target] = ["link", "elsewhere/file"].map(|name| folder.path().join(name));
        fs::create_dir(folder.path().join("elsewhere")).unwrap();
        symlink("elsewhere/file", &link).unwrap();
        for content in ["new", "newer"] {
            write_whole(&link, |out| out.write_all(content.as_bytes())).unwrap();
            assert_eq!(fs::read_to_string(&target).unwrap(), content);
            assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        }
        let pipe = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let reader = std::thread::spawn({
            let pipe = pipe.clone();
            move || fs::read_to_string(pipe).unwrap()
        });
        write_whole(&pipe, |out| out.write_all(b"through")).unwrap();
        assert_eq!(reader.join().unwrap(), "through");
        assert!(fs::metadata(&pipe).unwrap().file_type().is_fifo());
        let round = folder.path().join("round");
        symlink("round", &round).unwrap();
        assert!(write_whole(&round, |_| Ok(())).is_err());
    }

    #[test]
    fn an_error_or_a_panic_keeps_the_old_file_and_leaves_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        write_whole(&path, |out| out.write_all(b"old")).unwrap();
        let full = |out: &mut BufWriter<File>| {
            out.write_all(b"ne")?;
            Err(io::ErrorKind::StorageFull.into())
        };
        let error = write_whole(&path, full).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        let panics = || write_whole(&path, |_| panic!("a defect of `fill`"));
        assert!(catch_unwind(AssertUnwindSafe(panics)).is_err());
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
    }

    /// Threads have one process id, as processes of different containers may have.
    #[test]
    fn writers_of_one_process_id_do_not_write_into_each_other_s_part() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::thread::scope(|scope| {
            for byte in 0..8u8 {
                let path = &path;
                scope.spawn(move || {
                    let content = vec![byte; 1000 * (1 + usize::from(byte))];
                    for _ in 0..30 {
                        write_whole(path, |out| out.write_all(&content)).unwrap();
                        let found = fs::read(path).unwrap();
                        assert!(found.iter().all(|it| *it == found[0]), "a mixture");
                        assert_eq!(found.len(), 1000 * (1 + usize::from(found[0])), "a part");
                    }
                });
            }
        });
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
    }

    #[test]
    fn a_name_may_be_as_long_as_the_system_allows() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["n".repeat(250), "ü".repeat(125)] {
            write_whole(&folder.path().join(&name), |out| out.write_all(b"x")).unwrap();
            assert!(folder.path().join(name).exists());
        }
    }
}
