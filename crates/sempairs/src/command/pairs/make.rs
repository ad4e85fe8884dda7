use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use sempairs::Error;
use sempairs::data::{Manifest, Pairing, Subset};
use sempairs::experiment::limits::MAX_PER_CLASS;
use sempairs_internal::say;

use crate::command::flags::up_to;
use crate::command::folder::FolderFlags;

/// Arguments of `sempairs pairs make`.
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

impl Make {
    pub fn run(self) -> Result<(), Error> {
        let mut source = match self.decode {
            true => self.source.open_decoded()?,
            false => self.source.open()?,
        };
        if let Some(count) = self.per_class {
            source = Arc::new(Subset::first_per_class(source, count)?);
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
