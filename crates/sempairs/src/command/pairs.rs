//! The command `sempairs pairs`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use sempairs::Error;
use sempairs::data::{DataError, Manifest, Pair, Pairing, PictureSource, Subset};
use sempairs::experiment::limits::{MAX_PER_CLASS, MAX_SIDE};
use sempairs::scenes::{contact_sheet, sheet_size};
use sempairs_internal::{counted, note, progress_bar, say};

use super::flags::up_to;
use super::folder::FolderFlags;

/// Subcommands of `sempairs pairs`.
#[derive(Subcommand)]
pub enum Pairs {
    /// Draw random pairs from a folder and write them to a manifest.
    Make(Make),
    /// Check a manifest: report every invalid row, or summarise the pairs.
    Check(Check),
    /// Draw a contact sheet with pairs of a manifest.
    Show(Show),
}

#[derive(Args)]
pub struct Make {
    #[command(flatten)]
    source: FolderFlags,
    /// Decode every picture first, as training does, which also finds truncated pictures.
    #[arg(long)]
    decode: bool,
    /// Manifest to write.
    #[arg(long)]
    out: PathBuf,
    /// Rule that selects partners.
    #[arg(long, value_enum, default_value_t = Kind::RandomInClass)]
    pairing: Kind,
    /// Fraction of partners from a wrong class, for `wrong-fraction`.
    #[arg(long, default_value_t = 0.1)]
    share: f64,
    /// Maximum number of pictures per class.
    #[arg(long, value_parser = up_to(MAX_PER_CLASS))]
    per_class: Option<usize>,
    /// Random seed of the draw.
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    RandomInClass,
    Shuffled,
    WrongFraction,
}

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

impl Pairs {
    pub fn run(self) -> Result<(), Error> {
        match self {
            Self::Make(args) => args.run(),
            Self::Check(args) => args.run(),
            Self::Show(args) => args.run(),
        }
    }
}

impl Make {
    fn run(self) -> Result<(), Error> {
        let mut source = match self.decode {
            true => self.source.open_decoded()?,
            false => self.source.open()?,
        };
        if let Some(count) = self.per_class {
            source = std::sync::Arc::new(Subset::first_per_class(source, count)?);
        }
        let pairing = match self.pairing {
            Kind::RandomInClass => Pairing::RandomInClass,
            Kind::Shuffled => Pairing::Shuffled,
            Kind::WrongFraction => Pairing::WrongFraction { share: self.share },
        };
        let pairs = pairing.pairs(&*source, self.seed)?;
        let manifest = Manifest::from_pairs(&*source, &pairs, pairing.name());
        manifest.write(&self.out, &*source)?;
        say!("{}:\n{}", self.out.display(), manifest.summary(&*source));
        Ok(())
    }
}

impl Check {
    fn run(self) -> Result<(), Error> {
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

impl Show {
    fn run(self) -> Result<(), Error> {
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
