//! The command `sempairs presets`.

use clap::Subcommand;
use sempairs::Error;
use sempairs::presets::{PRESETS, Preset};
use sempairs_internal::say;

/// Subcommands of `sempairs presets`.
#[derive(Subcommand)]
pub enum Presets {
    /// List all presets.
    List,
    /// Print a preset with the sources of its values.
    Show {
        /// Name of the preset, such as small/byol.
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
