use std::path::PathBuf;

use clap::Args;
use sempairs::Error;
use sempairs::data::{Manifest, Pair};
use sempairs::experiment::limits::MAX_SIDE;
use sempairs::scenes::{contact_sheet, sheet_size};
use sempairs_internal::{counted, progress_bar, say};

use crate::command::flags::up_to;
use crate::command::folder::FolderFlags;

/// Arguments of `sempairs pairs show`.
#[derive(Args)]
pub struct Show {
    /// Manifest file.
    manifest: PathBuf,
    #[command(flatten)]
    source: FolderFlags,
    /// PNG file to write.
    #[arg(long)]
    out: PathBuf,
    /// Number of pairs to show, evenly spaced over the manifest.
    #[arg(long, default_value = "24", value_parser = up_to(MAX_COUNT))]
    count: usize,
    /// Side length of a picture in pixels.
    #[arg(long, default_value = "96", value_parser = up_to(MAX_SIDE))]
    cell: usize,
}

/// Maximum number of pairs on a sheet. In the largest possible sheet this leaves 13 pixels per
/// picture.
const MAX_COUNT: usize = 500_000;

/// Number of pictures in a row of a sheet, and the gap between them in pixels.
const COLUMNS: usize = 8;
const GAP: usize = 4;

impl Show {
    pub fn run(self) -> Result<(), Error> {
        let source = self.source.open()?;
        let pairs: Vec<Pair> = Manifest::read(&self.manifest, &*source)?.pairs().collect();
        if pairs.is_empty() {
            return Err(Error::invalid(self.manifest.display().to_string(), "contains no pairs"));
        }
        let count = self.count.min(pairs.len());
        sheet_size(2 * count, COLUMNS, self.cell, GAP).map_err(|most| {
            let reason = format!("the sheet would have more than {most} pixels");
            Error::invalid("--count, --cell", reason)
        })?;
        let bar = progress_bar("reading pairs", count as u64);
        let mut pictures = Vec::new();
        for pair in (0..count).map(|shown| pairs[shown * pairs.len() / count]) {
            pictures.push(source.read(pair.left)?);
            pictures.push(source.read(pair.right)?);
            bar.inc(1);
        }
        bar.finish_and_clear();
        sempairs::png::write(&self.out, &contact_sheet(&pictures, COLUMNS, self.cell, GAP))?;
        say!("{}: {}", self.out.display(), counted(count, "pair"));
        Ok(())
    }
}
