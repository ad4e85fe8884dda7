//! The command `sempairs scenes`.

use std::fs;
use std::path::PathBuf;

use burn_train::Interrupter;
use clap::{Args, ValueEnum};
use rayon::prelude::*;
use sempairs::Error;
use sempairs::data::{Picture, PictureSource, interrupt};
use sempairs::experiment::limits::MAX_SIDE;
use sempairs::scenes::{SceneSource, SceneSplit, contact_sheet, sheet_size};
use sempairs::signals::stop_on_signals;
use sempairs_internal::{progress_bar, say};

use super::flags::up_to;

/// Arguments of `sempairs scenes`.
#[derive(Args)]
pub struct Scenes {
    /// Folder to write the scenes to, as PNG files in class folders.
    #[arg(long, required_unless_present = "sheet")]
    out: Option<PathBuf>,
    /// PNG file to write a contact sheet of semantic pairs to: one row per class, partners side by
    /// side.
    #[arg(long)]
    sheet: Option<PathBuf>,
    /// Split of the scenes, which determines classes and nuisance factors.
    #[arg(long, value_enum, default_value_t = SplitName::Pretrain)]
    split: SplitName,
    /// Number of scenes per class.
    #[arg(long, default_value = "8", value_parser = up_to(MAX_PER_CLASS))]
    per_class: usize,
    /// Side length in pixels.
    #[arg(long, default_value = "64", value_parser = up_to(MAX_SIDE))]
    size: usize,
    /// Random seed of the scenes.
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

/// Maximum number of scenes per class: file names have six digits.
const MAX_PER_CLASS: usize = 1_000_000;

/// Gap between the pictures of a sheet in pixels.
const GAP: usize = 2;

#[derive(Clone, Copy, ValueEnum)]
enum SplitName {
    Pretrain,
    DownstreamTrain,
    DownstreamTest,
    ValidationTrain,
    ValidationTest,
}

impl Scenes {
    pub fn run(self) -> Result<(), Error> {
        let split = match self.split {
            SplitName::Pretrain => SceneSplit::Pretrain,
            SplitName::DownstreamTrain => SceneSplit::DownstreamTrain,
            SplitName::DownstreamTest => SceneSplit::DownstreamTest,
            SplitName::ValidationTrain => SceneSplit::ValidationTrain,
            SplitName::ValidationTest => SceneSplit::ValidationTest,
        };
        stop_on_signals(&Interrupter::new())?;
        let source = SceneSource::new(split, self.per_class, self.size, self.seed);
        if let Some(path) = &self.sheet {
            let pairs: Vec<(usize, usize)> = source.curated_pairs();
            if pairs.is_empty() {
                return Err(Error::invalid("scenes", "--per-class must be at least 2 for pairs"));
            }
            let columns = self.per_class / 2 * 2;
            sheet_size(2 * pairs.len(), columns, self.size, GAP).map_err(|most| {
                let reason = format!("the sheet would have more than {most} pixels");
                Error::invalid("--size, --per-class", reason)
            })?;
            let bar = progress_bar("drawing scenes", 2 * pairs.len() as u64);
            let pictures: Vec<Picture<'_>> = pairs
                .par_iter()
                .flat_map_iter(|(left, right)| [*left, *right])
                .map(|index| {
                    interrupt::check()?;
                    source.read(index).inspect(|_| bar.inc(1))
                })
                .collect::<Result<_, _>>()?;
            bar.finish_and_clear();
            sempairs::png::write(path, &contact_sheet(&pictures, columns, self.size, GAP))?;
            say!("{}: {} pairs of {} classes", path.display(), pairs.len(), source.classes().len());
        }
        if let Some(folder) = &self.out {
            for class in source.classes() {
                let folder = folder.join(class);
                fs::create_dir_all(&folder).map_err(|e| Error::io(&folder, e))?;
            }
            let bar = progress_bar("drawing scenes", source.len() as u64);
            (0..source.len()).into_par_iter().try_for_each(|index| {
                interrupt::check()?;
                bar.inc(1);
                let name = source.name(index);
                let inside: PathBuf = name.split('/').skip(1).collect();
                let path = folder.join(inside).with_extension("png");
                sempairs::png::write(&path, &source.read(index)?)
            })?;
            bar.finish_and_clear();
            say!(
                "{}: {} scenes of {} classes",
                folder.display(),
                source.len(),
                source.classes().len()
            );
        }
        Ok(())
    }
}
