use std::path::PathBuf;

use clap::Args;
use sempairs::Error;
use sempairs::data::{DataError, Manifest};
use sempairs_internal::{counted, note, say};

use crate::command::folder::FolderFlags;

/// Arguments of `sempairs pairs check`.
#[derive(Args)]
pub struct Check {
    /// Manifest file.
    manifest: PathBuf,
    #[command(flatten)]
    source: FolderFlags,
    /// Decode every picture first, as training does, which also finds truncated pictures.
    #[arg(long)]
    decode: bool,
}

impl Check {
    pub fn run(self) -> Result<(), Error> {
        let source = match self.decode {
            true => self.source.open_decoded()?,
            false => self.source.open()?,
        };
        let manifest = Manifest::read(&self.manifest, &*source).map_err(|error| {
            let (listed, error) = all_problems(error);
            listed.lines().for_each(|line| note!("{line}"));
            error
        })?;
        say!("{}:\n{}", self.manifest.display(), manifest.summary(&*source));
        Ok(())
    }
}

/// Returns all problems of a manifest, one per line, and an error with their number. The message of
/// the original error lists only the first ones.
fn all_problems(error: DataError) -> (String, Error) {
    let DataError::Manifest { path, problems } = error else {
        return (String::new(), error.into());
    };
    let file = path.display().to_string();
    let listed = problems.iter().map(|problem| format!("{file}, {problem}\n")).collect();
    (listed, Error::invalid(file, counted(problems.len(), "problem")))
}

#[cfg(test)]
mod tests {
    use sempairs::scenes::{SceneSource, SceneSplit};

    use super::*;

    #[test]
    fn all_problems_are_listed() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pairs.csv");
        let rows: String = (0..50).map(|row| format!("{row}.png,{row}.png,,x,\n")).collect();
        std::fs::write(&file, format!("left,right,class,source,score\n{rows}")).unwrap();
        let source = SceneSource::new(SceneSplit::Pretrain, 1, 8, 0);
        let (listed, error) = all_problems(Manifest::read(&file, &source).unwrap_err());
        assert_eq!(listed.lines().count(), 100);
        for (at, line) in listed.lines().enumerate() {
            let column = ["left", "right"][at % 2];
            let (number, row) = (at / 2 + 2, at / 2);
            let problem = format!(
                "pairs.csv, line {number}: `{column}` names a picture that does not exist: \
                 {row}.png"
            );
            assert!(line.ends_with(&problem), "{line}");
        }
        assert!(error.to_string().ends_with("pairs.csv: 100 problems"), "{error}");

        let (listed, error) =
            all_problems(Manifest::read(&folder.path().join("gone"), &source).unwrap_err());
        assert!(listed.is_empty() && error.to_string().contains("gone"), "{error}");
    }
}
