//! The files under a folder, and which of them are pictures.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use sempairs_internal::ProgressBar;

use crate::decode::{MAX_FILE_BYTES, SNIFFED, begins_as_picture, format_of};
use crate::{DataError, Picture, Stamp, decode, interrupt};
use sempairs_internal::progress_count;

/// Endings of what lies beside pictures in published data sets. A file of such a name is passed
/// over unless it begins as a picture does. Everything else is taken for a picture, since the
/// content decides that and not the name; so a text file named `.jpg` is an error and is not passed
/// over.
const SIDE_FILES: [&str; 28] = [
    "aae", "cache", "csv", "db", "gz", "htm", "html", "ini", "json", "jsonl", "log", "mat", "md",
    "npy", "npz", "pdf", "pickle", "pkl", "py", "rst", "tar", "toml", "tsv", "txt", "xml", "xmp",
    "yaml", "yml",
];

/// What systems and network drives put into folders, whatever the case of its letters: no picture
/// lies there.
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

/// Whether an entry of a folder is none that a user put there: hidden, or the system's.
pub(super) fn is_passed_over(name: &str) -> bool {
    name.starts_with('.') || SYSTEM.iter().any(|system| system.eq_ignore_ascii_case(name))
}

/// Picture files by their path relative to a root, `/` between the parts on every system.
#[derive(Debug)]
pub(crate) struct Files {
    pub(crate) root: PathBuf,
    pub(crate) names: Vec<String>,
    /// Side files, relative likewise.
    pub(crate) ignored: Vec<String>,
    /// Those of `names` that the listing itself found to be no picture, and why.
    unfit: BTreeMap<String, String>,
}

impl Files {
    /// All pictures below `root`, in the order of their names' bytes.
    pub(crate) fn below(root: &Path) -> Result<Self, DataError> {
        let (root_path, unfit) = (root.to_path_buf(), BTreeMap::new());
        let mut files = Self { root: root_path, names: Vec::new(), ignored: Vec::new(), unfit };
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
            let reason = "a link to a folder that it lies in; remove it".into();
            self.unfit(prefix.trim_end_matches('/').into(), reason);
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
            if is_passed_over(&name) {
                continue;
            }
            let relative = format!("{prefix}{name}");
            let mut kind = entry.file_type().map_err(|error| DataError::io(&path, error))?;
            if kind.is_symlink() {
                match fs::metadata(&path) {
                    Ok(target) => kind = target.file_type(),
                    Err(_) if has_side_ending(&name) => {
                        self.ignored.push(relative);
                        continue;
                    }
                    Err(error) => {
                        let target = fs::read_link(&path).unwrap_or_default();
                        let target = target.display();
                        self.unfit(
                            relative,
                            format!("a link to {target} that leads nowhere: {error}"),
                        );
                        continue;
                    }
                }
            }
            let is_text = listed.to_str().is_some();
            if kind.is_dir() {
                if !is_text {
                    let reason = "its name is not UTF-8, so no manifest could name its pictures";
                    return Err(DataError::layout(&path, reason));
                }
                self.walk(&path, &format!("{relative}/"), above, found)?;
            } else if has_side_ending(&name) && !(kind.is_file() && holds_picture(&path)) {
                self.ignored.push(relative);
            } else if !is_text {
                let reason = "its name is not UTF-8, so no manifest could hold it; rename it";
                self.unfit(relative, reason.into());
            } else {
                self.names.push(relative);
            }
        }
        above.pop();
        Ok(())
    }

    fn unfit(&mut self, name: String, reason: String) {
        self.names.push(name.clone());
        self.unfit.insert(name, reason);
    }

    pub(crate) fn path(&self, index: usize) -> PathBuf {
        self.root.join(&self.names[index])
    }

    pub(crate) fn read(&self, index: usize) -> Result<Picture<'static>, DataError> {
        let name = self.path(index).display().to_string();
        match self.open(index).and_then(|(file, start)| content(file, start)) {
            Ok(bytes) => decode(&bytes, &name),
            Err(reason) => Err(DataError::picture(name, reason)),
        }
    }

    /// Whether a file begins as a picture does.
    pub(crate) fn peek(&self, index: usize) -> Result<(), DataError> {
        let picture = |reason| DataError::picture(self.path(index).display().to_string(), reason);
        self.open(index).map(drop).map_err(picture)
    }

    /// A picture's file and its first bytes, or why it cannot be a picture's.
    fn open(&self, index: usize) -> Result<(File, Vec<u8>), String> {
        if let Some(reason) = self.unfit.get(&self.names[index]) {
            return Err(reason.clone());
        }
        let path = self.path(index);
        // Even to open a pipe may take for ever, and a device may have no end.
        if !fs::metadata(&path).map_err(unreadable)?.is_file() {
            return Err("no regular file, but a pipe, a socket, a device or a folder".into());
        }
        let mut file = File::open(&path).map_err(unreadable)?;
        let mut start = Vec::new();
        Read::by_ref(&mut file).take(SNIFFED).read_to_end(&mut start).map_err(unreadable)?;
        format_of(&start)?;
        Ok((file, start))
    }

    /// Of a picture's file; `None` if there is none any more.
    pub(crate) fn stamp(&self, index: usize) -> Option<Stamp> {
        fs::metadata(self.path(index)).ok().map(|file| Stamp::of(&file))
    }
}

/// The bytes of a file of which the `start` was read.
fn content(file: File, start: Vec<u8>) -> Result<Vec<u8>, String> {
    let length = file.metadata().map_err(unreadable)?.len();
    let too_long = |length| Err(format!("{length} bytes are over the limit of {MAX_FILE_BYTES}"));
    if length > MAX_FILE_BYTES {
        return too_long(length);
    }
    let mut bytes = start;
    bytes.reserve(length as usize + 1);
    // A file may grow while it is read.
    file.take(MAX_FILE_BYTES + 1 - SNIFFED).read_to_end(&mut bytes).map_err(unreadable)?;
    let length = bytes.len() as u64;
    if length > MAX_FILE_BYTES { too_long(length) } else { Ok(bytes) }
}

fn unreadable(error: io::Error) -> String {
    format!("it cannot be read: {error}")
}

fn has_side_ending(name: &str) -> bool {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    ending.is_some_and(|ending| SIDE_FILES.contains(&ending.as_str()))
}

/// Whether a side file is a picture by its first bytes; one that cannot be read is none.
fn holds_picture(path: &Path) -> bool {
    let mut start = Vec::new();
    let read = File::open(path).and_then(|file| file.take(SNIFFED).read_to_end(&mut start));
    read.is_ok() && begins_as_picture(&start)
}
