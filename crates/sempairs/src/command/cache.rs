use std::path::PathBuf;

use clap::{Args, ValueEnum};
use sempairs::Error;
use sempairs::data::{CachedSource, OnBadPicture};

use super::folder::FolderFlags;
use super::up_to;

/// Arguments of `sempairs cache`.
#[derive(Args)]
pub struct CacheArgs {
    #[command(flatten)]
    source: FolderFlags,
    /// The file to write.
    #[arg(long)]
    out: PathBuf,
    /// Pixels that the shorter side of a larger picture is brought down to.
    #[arg(long, default_value = "128", value_parser = up_to(u32::MAX as usize))]
    short_side: usize,
    /// What to do with a picture that cannot be decoded.
    #[arg(long, value_enum, default_value_t = OnBad::Error)]
    on_bad_picture: OnBad,
}

#[derive(Clone, Copy, ValueEnum)]
enum OnBad {
    Error,
    Skip,
}

impl CacheArgs {
    pub fn run(self) -> Result<(), Error> {
        let on_bad = match self.on_bad_picture {
            OnBad::Error => OnBadPicture::Error,
            OnBad::Skip => OnBadPicture::Skip,
        };
        let source = self.source.open()?;
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
