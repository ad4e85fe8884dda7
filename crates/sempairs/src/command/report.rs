//! The command `sempairs report`.

use std::path::PathBuf;

use clap::Args;
use sempairs::Error;
use sempairs::comparison::Comparison;
use sempairs::grid;
use sempairs::run::summarise;
use sempairs_internal::say;

/// Arguments of `sempairs report`.
#[derive(Args)]
pub struct Report {
    /// Folder of a study, such as `runs/simclr_semantic`, or of a grid of studies.
    folder: PathBuf,
}

impl Report {
    pub fn run(self) -> Result<(), Error> {
        if let Some(points) = grid::rewrite(&self.folder)? {
            points.iter().for_each(say_comparison);
            say!("{}", self.folder.join("report.html").display());
            return Ok(());
        }
        let summary = summarise(&self.folder)?;
        let files = summary.write(&self.folder)?;
        say_comparison(&summary.comparison);
        say!("{}\n{}", files.json.display(), files.report.display());
        Ok(())
    }
}

fn say_comparison(comparison: &Comparison) {
    say!("{}\n{comparison}", comparison.name);
}
