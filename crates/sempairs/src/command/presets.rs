use clap::Subcommand;
use sempairs::Error;
use sempairs::presets::{PRESETS, Preset};

/// The calls of `sempairs presets`.
#[derive(Subcommand)]
pub enum Presets {
    /// Name all presets.
    List,
    /// Print one, with where its numbers come from.
    Show {
        /// Its name, such as small/byol.
        name: String,
    },
}

impl Presets {
    pub fn run(self) -> Result<(), Error> {
        match self {
            Self::List => {
                for preset in PRESETS {
                    println!("{:<20} {}", preset.name, preset.title());
                }
            }
            Self::Show { name } => print!("{}", Preset::named(&name)?.text),
        }
        Ok(())
    }
}
