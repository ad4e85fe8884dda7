//! The command `sempairs cache`.

use std::path::PathBuf;

use burn_train::Interrupter;
use clap::Args;
use sempairs::Error;
use sempairs::data::CachedSource;
use sempairs::signals::stop_on_signals;
use sempairs_internal::{counted, say};

use super::flags::up_to;
use super::folder::FolderFlags;

/// Arguments of `sempairs cache`.
#[derive(Args)]
pub struct CacheArgs {
    #[command(flatten)]
    source: FolderFlags,
    /// File to write.
    #[arg(long)]
    out: PathBuf,
    /// Length in pixels that the shorter side of a larger picture is reduced to.
    #[arg(long, default_value = "128", value_parser = up_to(u32::MAX as usize))]
    short_side: usize,
}

impl CacheArgs {
    pub fn run(self) -> Result<(), Error> {
        stop_on_signals(&Interrupter::new())?;
        let on_bad = self.source.on_bad();
        // All files are listed, because the identity of the cache must not depend on which of them
        // can be decoded.
        let source = self.source.list()?;
        let report = CachedSource::build(&source, self.short_side, &self.out, on_bad)
            .map_err(|error| on_bad.explain(error, "`--on-bad-picture skip`"))?;
        let pictures = counted(report.pictures, "picture");
        say!(
            "{}: {pictures}, {} of them shrunk, {:.1} MB",
            self.out.display(),
            report.shrunk,
            report.bytes as f64 / 1e6
        );
        match report.bad.len() {
            0 => {}
            1 => say!("1 picture was left out:"),
            count => say!("{count} pictures were left out:"),
        }
        for picture in &report.bad {
            say!("  {picture}");
        }
        Ok(())
    }
}
