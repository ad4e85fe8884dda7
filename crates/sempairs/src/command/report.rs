//! The command `sempairs report`.

use std::path::PathBuf;

use clap::Args;
use sempairs::Error;
use sempairs::run::summarise;
use sempairs_internal::say;

/// Arguments of `sempairs report`.
#[derive(Args)]
pub struct Report {
    /// Folder of a study, such as `runs/simclr_semantic`.
    folder: PathBuf,
}

impl Report {
    pub fn run(self) -> Result<(), Error> {
        let summary = summarise(&self.folder)?;
        let files = summary.write(&self.folder)?;
        let comparison = &summary.comparison;
        say!("{}\n{comparison}", comparison.name);
        say!("{}\n{}", files.json.display(), files.report.display());
        Ok(())
    }
}
