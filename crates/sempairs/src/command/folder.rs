use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use sempairs::Error;
use sempairs::data::{FlatSource, FolderSource, PictureSource, note};

/// A folder of pictures.
#[derive(Args)]
pub struct FolderFlags {
    /// A folder of class folders.
    pub folder: PathBuf,
    /// The folder holds pictures without classes.
    #[arg(long)]
    pub flat: bool,
}

impl FolderFlags {
    /// Opens the folder, and says on standard error what was passed over in it.
    pub fn open(&self) -> Result<Arc<dyn PictureSource>, Error> {
        Ok(match self.flat {
            true => {
                let source = FlatSource::open(&self.folder)?;
                tell(source.root(), source.ignored());
                Arc::new(source)
            }
            false => {
                let source = FolderSource::open(&self.folder)?;
                tell(source.root(), source.ignored());
                Arc::new(source)
            }
        })
    }
}

fn tell(folder: &Path, ignored: &[String]) {
    if let Some(notice) = notice(folder, ignored) {
        note!("{notice}");
    }
}

/// What to say about the side files; nothing if there is none.
fn notice(folder: &Path, ignored: &[String]) -> Option<String> {
    let (folder, first) = (folder.display(), ignored.first()?);
    Some(match ignored.len() {
        1 => format!("{folder}: passed over a side file, {first}"),
        count => format!("{folder}: passed over {count} side files, such as {first}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn side_files_are_counted_and_one_is_named() {
        let notice = |files: &[&str]| {
            let files: Vec<String> = files.iter().map(ToString::to_string).collect();
            notice(Path::new("pictures"), &files)
        };
        assert_eq!(notice(&[]), None);
        assert_eq!(notice(&["a.txt"]).unwrap(), "pictures: passed over a side file, a.txt");
        assert_eq!(
            notice(&["a.txt", "b/c.csv"]).unwrap(),
            "pictures: passed over 2 side files, such as a.txt"
        );
    }
}
