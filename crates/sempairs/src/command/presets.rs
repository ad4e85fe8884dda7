use clap::Subcommand;
use sempairs::Error;
use sempairs::presets::{PRESETS, Preset};
use sempairs_internal::say;

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
                    say!("{:<20} {}", preset.name, preset.title());
                }
            }
            Self::Show { name } => say!("{}", Preset::named(&name)?.text.trim_end()),
        }
        Ok(())
    }
}
