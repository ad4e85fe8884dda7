//! Flags for a folder of pictures.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, ValueEnum};
use sempairs::Error;
use sempairs::data::{
    BadPicture, DataError, FlatSource, FolderSource, OnBadPicture, PictureSource, Subset, validate,
    validate_headers,
};
use sempairs_internal::note;

/// A folder of pictures.
#[derive(Args)]
pub struct FolderFlags {
    /// Folder with one subfolder per class.
    pub folder: PathBuf,
    /// The folder contains pictures without class subfolders.
    #[arg(long)]
    pub flat: bool,
    /// What to do with a picture that cannot be decoded.
    #[arg(long, value_enum, default_value_t = OnBad::Error)]
    on_bad_picture: OnBad,
}

/// A function that finds pictures that cannot be decoded.
type Find =
    fn(Arc<dyn PictureSource>, OnBadPicture) -> Result<(Subset, Vec<BadPicture>), DataError>;

#[derive(Clone, Copy, ValueEnum)]
enum OnBad {
    Error,
    Skip,
}

impl FolderFlags {
    /// The value of `--on-bad-picture`.
    pub fn on_bad(&self) -> OnBadPicture {
        match self.on_bad_picture {
            OnBad::Error => OnBadPicture::Error,
            OnBad::Skip => OnBadPicture::Skip,
        }
    }

    /// Opens the folder, and reports on standard error which files were skipped: files of other
    /// types, and with `skip` files without the header of a picture.
    pub fn open(&self) -> Result<Arc<dyn PictureSource>, Error> {
        self.without_bad(self.list()?, validate_headers)
    }

    /// As [`open`](Self::open), but decodes every picture, so that with `skip` truncated ones are
    /// also skipped.
    pub fn open_decoded(&self) -> Result<Arc<dyn PictureSource>, Error> {
        self.without_bad(self.list()?, validate)
    }

    /// As [`open`](Self::open), or with `decode` as [`open_decoded`](Self::open_decoded), but for a
    /// part of the pictures that [`list`](Self::list) has returned.
    pub fn checked(
        &self,
        part: Arc<dyn PictureSource>,
        decode: bool,
    ) -> Result<Arc<dyn PictureSource>, Error> {
        self.without_bad(part, if decode { validate } else { validate_headers })
    }

    fn without_bad(
        &self,
        listed: Arc<dyn PictureSource>,
        find: Find,
    ) -> Result<Arc<dyn PictureSource>, Error> {
        let (source, bad) = find(listed, self.on_bad())
            .map_err(|error| self.on_bad().explain(error, "`--on-bad-picture skip`"))?;
        match bad.len() {
            0 => {}
            1 => note!("1 file was left out:"),
            count => note!("{count} files were left out:"),
        }
        for file in &bad {
            note!("  {file}");
        }
        Ok(Arc::new(source))
    }

    /// As [`open`](Self::open), but without checking the headers: every file counts as a picture
    /// unless it is hidden or has the extension of another file type.
    pub fn list(&self) -> Result<Arc<dyn PictureSource>, Error> {
        Ok(match self.flat {
            true => {
                let source = FlatSource::open(&self.folder)?;
                note_ignored(source.root(), source.ignored());
                Arc::new(source)
            }
            false => {
                let source = FolderSource::open(&self.folder)?;
                note_ignored(source.root(), source.ignored());
                Arc::new(source)
            }
        })
    }
}

fn note_ignored(folder: &Path, ignored: &[String]) {
    if let Some(notice) = notice(folder, ignored) {
        note!("{notice}");
    }
}

/// The message about skipped files of other types; `None` if there are none.
fn notice(folder: &Path, ignored: &[String]) -> Option<String> {
    let (folder, first) = (folder.display(), ignored.first()?);
    Some(match ignored.len() {
        1 => format!("{folder}: skipped a file of another type, {first}"),
        count => format!("{folder}: skipped {count} files of other types, such as {first}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_notice_counts_skipped_files_and_names_one() {
        let notice = |files: &[&str]| {
            let files: Vec<String> = files.iter().map(ToString::to_string).collect();
            notice(Path::new("pictures"), &files)
        };
        assert_eq!(notice(&[]), None);
        assert_eq!(notice(&["a.txt"]).unwrap(), "pictures: skipped a file of another type, a.txt");
        assert_eq!(
            notice(&["a.txt", "b/c.csv"]).unwrap(),
            "pictures: skipped 2 files of other types, such as a.txt"
        );
    }
}
