//! The files under a folder, and which of them are pictures.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use indicatif::ProgressBar;

use crate::decode::{MAX_FILE_BYTES, SNIFFED, begins_as_picture, format_of};
use crate::progress::progress_count;
use crate::{DataError, Picture, Stamp, decode, interrupt};

/// Endings of what lies beside pictures in published data sets. A file of such a name is passed over
/// unless it begins as a picture does. Everything else is taken for a picture, since the content decides
/// that and not the name; so a text file named `.jpg` is an error and is not passed over.
const SIDE_FILES: [&str; 26] = [
    "cache", "csv", "db", "gz", "htm", "html", "ini", "json", "jsonl", "log", "mat", "md", "npy",
    "npz", "pdf", "pickle", "pkl", "py", "rst", "tar", "toml", "tsv", "txt", "xml", "yaml", "yml",
];

/// Picture files by their path relative to a root, `/` between the parts on every system.
#[derive(Debug)]
pub(crate) struct Files {
    pub(crate) root: PathBuf,
    pub(crate) names: Vec<String>,
    /// Side files, relative likewise.
    pub(crate) ignored: Vec<String>,
}

impl Files {
    /// All pictures below `root`, in the order of their names' bytes.
    pub(crate) fn below(root: &Path) -> Result<Self, DataError> {
        let mut files = Self { root: root.to_path_buf(), names: Vec::new(), ignored: Vec::new() };
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
            return Err(DataError::layout(folder, "a link to a folder that it lies in"));
        }
        above.push(itself);
        for entry in fs::read_dir(folder).map_err(|error| DataError::io(folder, error))? {
            let entry = entry.map_err(|error| DataError::io(folder, error))?;
            found.inc(1);
            interrupt::check()?;
            let path = entry.path();
            let name = entry.file_name().into_string().map_err(|_| {
                DataError::layout(&path, "its name is not UTF-8, so no manifest could hold it")
            })?;
            if name.starts_with('.') || name == "__MACOSX" {
                continue;
            }
            let mut kind = entry.file_type().map_err(|error| DataError::io(&path, error))?;
            if kind.is_symlink() {
                let target = fs::metadata(&path).map_err(|error| DataError::io(&path, error))?;
                kind = target.file_type();
            }
            if kind.is_dir() {
                self.walk(&path, &format!("{prefix}{name}/"), above, found)?;
            } else if has_side_ending(&name) && !(kind.is_file() && holds_picture(&path)?) {
                self.ignored.push(format!("{prefix}{name}"));
            } else {
                self.names.push(format!("{prefix}{name}"));
            }
        }
        above.pop();
        Ok(())
    }

    pub(crate) fn path(&self, index: usize) -> PathBuf {
        self.root.join(&self.names[index])
    }

    pub(crate) fn read(&self, index: usize) -> Result<Picture<'static>, DataError> {
        let path = self.path(index);
        let name = path.display().to_string();
        match content(&path).map_err(|error| DataError::io(&path, error))? {
            Ok(bytes) => decode(&bytes, &name),
            Err(reason) => Err(DataError::picture(name, reason)),
        }
    }

    /// Of a picture's file; `None` if there is none any more.
    pub(crate) fn stamp(&self, index: usize) -> Option<Stamp> {
        fs::metadata(self.path(index)).ok().map(|file| Stamp::of(&file))
    }
}

/// A file's bytes, or why it cannot be a picture's, which is found without reading it all.
fn content(path: &Path) -> io::Result<Result<Vec<u8>, String>> {
    // Even to open a pipe may take for ever, and a device may have no end.
    if !fs::metadata(path)?.is_file() {
        return Ok(Err("no regular file, but a pipe, a socket, a device or a folder".into()));
    }
    let mut file = File::open(path)?;
    let mut bytes = Vec::new();
    Read::by_ref(&mut file).take(SNIFFED).read_to_end(&mut bytes)?;
    if let Err(reason) = format_of(&bytes) {
        return Ok(Err(reason));
    }
    let length = file.metadata()?.len();
    let too_long = |length| Err(format!("{length} bytes are over the limit of {MAX_FILE_BYTES}"));
    if length > MAX_FILE_BYTES {
        return Ok(too_long(length));
    }
    bytes.reserve(length as usize + 1);
    // A file may grow while it is read.
    file.take(MAX_FILE_BYTES + 1 - SNIFFED).read_to_end(&mut bytes)?;
    let length = bytes.len() as u64;
    Ok(if length > MAX_FILE_BYTES { too_long(length) } else { Ok(bytes) })
}

fn has_side_ending(name: &str) -> bool {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    ending.is_some_and(|ending| SIDE_FILES.contains(&ending.as_str()))
}

fn holds_picture(path: &Path) -> Result<bool, DataError> {
    let mut start = Vec::new();
    File::open(path)
        .and_then(|file| file.take(SNIFFED).read_to_end(&mut start))
        .map_err(|error| DataError::io(path, error))?;
    Ok(begins_as_picture(&start))
}
