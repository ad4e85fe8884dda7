use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::part::{Part, sweep_once};

/// Writes a file atomically. `fill` writes a temporary file in the same folder, which is then
/// flushed to the disk and renamed to `path`. Readers of `path` see either the old or the new
/// content, never a part. If several processes write the same file, the last one to finish wins.
///
/// If `path` is a symbolic link, its target is replaced. A device or a pipe is written to directly,
/// since it cannot be replaced by a file.
///
/// The temporary file is hidden and has a unique name. A process that is killed leaves it behind;
/// the next process that writes a file in the folder [removes](crate::remove_orphans) it.
///
/// # Errors
///
/// Any error of `fill`, the flush or the rename. The temporary file is removed.
pub fn write_atomically(
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
    let name = path.file_name().ok_or_else(|| io::Error::other("the path has no file name"))?;
    sweep_once(folder, name);
    let (part, file) = Part::create(folder, name)?;
    let mut out = BufWriter::new(file);
    fill(&mut out)?;
    out.flush()?;
    out.get_ref().sync_all()?;
    part.rename(path)?;
    // The rename is only permanent once the folder has been flushed, too.
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
    Ok(())
}

/// Resolves the symbolic links of a path, whether or not their target exists.
fn followed(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_path_buf();
    // The same limit as in Linux.
    for _ in 0..40 {
        match fs::read_link(&path) {
            Ok(target) => path = path.parent().unwrap_or(Path::new("")).join(target),
            Err(_) => return Ok(path),
        }
    }
    Err(io::Error::other("too many levels of symbolic links"))
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_link_remains_a_link_and_a_pipe_a_pipe() {
        use std::os::unix::fs::{FileTypeExt, symlink};
        let folder = tempfile::tempdir().unwrap();
        let [link, target] = ["link", "elsewhere/file"].map(|name| folder.path().join(name));
        fs::create_dir(folder.path().join("elsewhere")).unwrap();
        symlink("elsewhere/file", &link).unwrap();
        for content in ["new", "newer"] {
            write_atomically(&link, |out| out.write_all(content.as_bytes())).unwrap();
            assert_eq!(fs::read_to_string(&target).unwrap(), content);
            assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        }
        let pipe = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let reader = std::thread::spawn({
            let pipe = pipe.clone();
            move || fs::read_to_string(pipe).unwrap()
        });
        write_atomically(&pipe, |out| out.write_all(b"through")).unwrap();
        assert_eq!(reader.join().unwrap(), "through");
        assert!(fs::metadata(&pipe).unwrap().file_type().is_fifo());
        let round = folder.path().join("round");
        symlink("round", &round).unwrap();
        assert!(write_atomically(&round, |_| Ok(())).is_err());
    }

    #[test]
    fn an_error_or_a_panic_keeps_the_old_file_and_leaves_no_temporary_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        write_atomically(&path, |out| out.write_all(b"old")).unwrap();
        let full = |out: &mut BufWriter<File>| {
            out.write_all(b"ne")?;
            Err(io::ErrorKind::StorageFull.into())
        };
        let error = write_atomically(&path, full).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        let panics = || write_atomically(&path, |_| panic!("a panic in `fill`"));
        assert!(catch_unwind(AssertUnwindSafe(panics)).is_err());
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary file remains");
    }

    /// All threads have the same process id, as processes in different containers may have.
    #[test]
    fn writers_with_the_same_process_id_do_not_share_a_temporary_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::thread::scope(|scope| {
            for byte in 0..8u8 {
                let path = &path;
                scope.spawn(move || {
                    let content = vec![byte; 1000 * (1 + usize::from(byte))];
                    for _ in 0..30 {
                        write_atomically(path, |out| out.write_all(&content)).unwrap();
                        let found = fs::read(path).unwrap();
                        assert!(found.iter().all(|it| *it == found[0]), "mixed content");
                        assert_eq!(found.len(), 1000 * (1 + usize::from(found[0])), "incomplete");
                    }
                });
            }
        });
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary file remains");
    }

    #[test]
    fn names_may_be_as_long_as_the_system_allows() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["n".repeat(250), "ü".repeat(125)] {
            write_atomically(&folder.path().join(&name), |out| out.write_all(b"x")).unwrap();
            assert!(folder.path().join(name).exists());
        }
    }
}
