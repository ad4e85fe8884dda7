use std::path::PathBuf;

use clap::Args;
use sempairs::Error;
use sempairs::data::CachedSource;

use super::folder::FolderFlags;

/// Arguments of `sempairs cache`.
#[derive(Args)]
pub struct CacheArgs {
    #[command(flatten)]
    source: FolderFlags,
    /// The file to write.
    #[arg(long)]
    out: PathBuf,
    /// Pixels that the shorter side of a larger picture is brought down to.
    #[arg(long, default_value_t = 128)]
    short_side: usize,
}

impl CacheArgs {
    pub fn run(self) -> Result<(), Error> {
        let on_bad = self.source.on_bad();
        // All files: what the cache is of does not depend on which of them can be decoded.
        let source = self.source.list()?;
        let report = CachedSource::build(&source, self.short_side, &self.out, on_bad)
            .map_err(|error| on_bad.explain(error, "--on-bad-picture skip"))?;
        println!(
            "{}: {} pictures, {} of them shrunk, {:.1} MB",
            self.out.display(),
            report.pictures,
            report.shrunk,
            report.bytes as f64 / 1e6
        );
        if !report.bad.is_empty() {
            println!("{} were left out:", report.bad.len());
            for picture in &report.bad {
                println!("  {picture}");
            }
        }
        Ok(())
    }
}
