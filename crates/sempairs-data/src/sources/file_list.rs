//! Listing of the picture files below a folder.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use sempairs_internal::ProgressBar;

use crate::decode::{HEADER_BYTES, begins_as_picture, decode_planned, format_of};
use crate::limits::MAX_FILE_BYTES;
use crate::{DataError, Picture, Region, RegionPicture, Stamp, decode, interrupt};
use sempairs_internal::progress_count;

/// Extensions of files that accompany pictures in published data sets. A file with such an
/// extension is ignored unless its content begins like a picture. Every other file counts as a
/// picture, whatever its name; a text file named `.jpg` is therefore reported as a bad picture
/// instead of being ignored.
const IGNORED_EXTENSIONS: [&str; 28] = [
    "aae", "cache", "csv", "db", "gz", "htm", "html", "ini", "json", "jsonl", "log", "mat", "md",
    "npy", "npz", "pdf", "pickle", "pkl", "py", "rst", "tar", "toml", "tsv", "txt", "xml", "xmp",
    "yaml", "yml",
];

/// Files and folders that operating systems and network drives create. They are ignored; case does
/// not matter.
const SYSTEM: [&str; 13] = [
    "__MACOSX",
    "@eaDir",
    "#recycle",
    "@Recycle",
    "#snapshot",
    "@Recently-Snapshot",
    "$RECYCLE.BIN",
    "RECYCLER",
    "System Volume Information",
    "lost+found",
    "Network Trash Folder",
    "Temporary Items",
    "Icon\r",
];

/// Returns true for hidden files and folders, and for the entries of [`SYSTEM`].
pub(super) fn is_ignored(name: &str) -> bool {
    name.starts_with('.') || SYSTEM.iter().any(|system| system.eq_ignore_ascii_case(name))
}

/// Picture files by their paths relative to a root, with `/` as the separator on every system.
#[derive(Debug)]
pub(crate) struct Files {
    pub(crate) root: PathBuf,
    pub(crate) names: Vec<String>,
    /// Ignored files, also relative to the root.
    pub(crate) ignored: Vec<String>,
    /// Entries of `names` that the listing found not to be pictures, with the reason.
    invalid: BTreeMap<String, String>,
}

impl Files {
    /// Lists all pictures below `root`, sorted by the bytes of their names.
    pub(crate) fn below(root: &Path) -> Result<Self, DataError> {
        let (root_path, invalid) = (root.to_path_buf(), BTreeMap::new());
        let mut files = Self { root: root_path, names: Vec::new(), ignored: Vec::new(), invalid };
        let found = progress_count("listing files");
        files.walk(root, "", &mut Vec::new(), &found)?;
        files.names.sort_unstable();
        files.ignored.sort_unstable();
        Ok(files)
    }

    fn walk(
        &mut self,
        folder: &Path,
        prefix: &str,
        above: &mut Vec<PathBuf>,
        found: &ProgressBar,
    ) -> Result<(), DataError> {
        let itself = folder.canonicalize().map_err(|error| DataError::io(folder, error))?;
        if above.contains(&itself) {
            let reason = "a link to a folder that contains it; remove the link".into();
            self.add_invalid(prefix.trim_end_matches('/').into(), reason);
            return Ok(());
        }
        above.push(itself);
        for entry in fs::read_dir(folder).map_err(|error| DataError::io(folder, error))? {
            let entry = entry.map_err(|error| DataError::io(folder, error))?;
            found.inc(1);
            interrupt::check()?;
            let path = entry.path();
            let listed = entry.file_name();
            let name = listed.to_string_lossy();
            if is_ignored(&name) {
                continue;
            }
            let relative = format!("{prefix}{name}");
            let mut kind = entry.file_type().map_err(|error| DataError::io(&path, error))?;
            if kind.is_symlink() {
                match fs::metadata(&path) {
                    Ok(target) => kind = target.file_type(),
                    Err(_) if has_ignored_extension(&name) => {
                        self.ignored.push(relative);
                        continue;
                    }
                    Err(error) => {
                        let target = fs::read_link(&path).unwrap_or_default();
                        let target = target.display();
                        self.add_invalid(relative, format!("a broken link to {target}: {error}"));
                        continue;
                    }
                }
            }
            let is_text = listed.to_str().is_some();
            if kind.is_dir() {
                if !is_text {
                    let reason = "its name is not UTF-8, so a manifest cannot name its pictures; \
                                  rename it";
                    return Err(DataError::layout(&path, reason));
                }
                self.walk(&path, &format!("{relative}/"), above, found)?;
            } else if has_ignored_extension(&name) && !(kind.is_file() && holds_picture(&path)) {
                self.ignored.push(relative);
            } else if !is_text {
                let reason = "its name is not UTF-8, so a manifest cannot name it; rename it";
                self.add_invalid(relative, reason.into());
            } else {
                self.names.push(relative);
            }
        }
        above.pop();
        Ok(())
    }

    fn add_invalid(&mut self, name: String, reason: String) {
        self.names.push(name.clone());
        self.invalid.insert(name, reason);
    }

    pub(crate) fn path(&self, index: usize) -> PathBuf {
        self.root.join(&self.names[index])
    }

    pub(crate) fn read(&self, index: usize) -> Result<Picture<'static>, DataError> {
        let name = self.path(index).display().to_string();
        let bytes = self.bytes(index).map_err(|reason| DataError::picture(&name, reason))?;
        decode(&bytes, &name)
    }

    pub(crate) fn read_planned(
        &self,
        index: usize,
        plan: &mut dyn FnMut([usize; 2]) -> Region,
    ) -> Result<RegionPicture<'static>, DataError> {
        let name = self.path(index).display().to_string();
        let bytes = self.bytes(index).map_err(|reason| DataError::picture(&name, reason))?;
        decode_planned(&bytes, &name, plan)
    }

    fn bytes(&self, index: usize) -> Result<Vec<u8>, String> {
        self.open(index).and_then(|(file, start)| content(file, start))
    }

    /// Checks that a file begins like a picture.
    pub(crate) fn check_header(&self, index: usize) -> Result<(), DataError> {
        let picture = |reason| DataError::picture(self.path(index).display().to_string(), reason);
        self.open(index).map(drop).map_err(picture)
    }

    /// Opens a picture's file and reads its first bytes, or returns the reason why it cannot be a
    /// picture.
    fn open(&self, index: usize) -> Result<(File, Vec<u8>), String> {
        if let Some(reason) = self.invalid.get(&self.names[index]) {
            return Err(reason.clone());
        }
        let path = self.path(index);
        // Opening a pipe may block forever, and a device may have no end.
        if !fs::metadata(&path).map_err(unreadable)?.is_file() {
            return Err("not a regular file, but a pipe, a socket, a device or a folder".into());
        }
        let mut file = File::open(&path).map_err(unreadable)?;
        let mut start = Vec::new();
        Read::by_ref(&mut file).take(HEADER_BYTES).read_to_end(&mut start).map_err(unreadable)?;
        format_of(&start)?;
        Ok((file, start))
    }

    /// Stamp of a picture's file; `None` if the file no longer exists.
    pub(crate) fn stamp(&self, index: usize) -> Option<Stamp> {
        fs::metadata(self.path(index)).ok().map(|file| Stamp::of(&file))
    }
}

/// Reads the rest of a file whose first bytes are `start`, and returns all bytes.
fn content(file: File, start: Vec<u8>) -> Result<Vec<u8>, String> {
    let length = file.metadata().map_err(unreadable)?.len();
    let too_long = |length| {
        Err(format!("the file has {length} bytes, more than the limit of {MAX_FILE_BYTES}"))
    };
    if length > MAX_FILE_BYTES {
        return too_long(length);
    }
    let mut bytes = start;
    bytes.reserve((length as usize + 1).saturating_sub(bytes.len()));
    // The file may grow while it is read.
    file.take(MAX_FILE_BYTES + 1 - bytes.len() as u64)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    let length = bytes.len() as u64;
    if length > MAX_FILE_BYTES { too_long(length) } else { Ok(bytes) }
}

fn unreadable(error: io::Error) -> String {
    format!("it cannot be read: {error}")
}

fn has_ignored_extension(name: &str) -> bool {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    ending.is_some_and(|ending| IGNORED_EXTENSIONS.contains(&ending.as_str()))
}

/// Returns true if the content of a file with an ignored extension begins like a picture; false if
/// it cannot be read.
fn holds_picture(path: &Path) -> bool {
    let mut start = Vec::new();
    let read = File::open(path).and_then(|file| file.take(HEADER_BYTES).read_to_end(&mut start));
    read.is_ok() && begins_as_picture(&start)
}
