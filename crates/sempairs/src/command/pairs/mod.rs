//! The command `sempairs pairs`.

mod build;
mod check;
mod classes;
mod make;
mod show;

use clap::Subcommand;
use sempairs::Error;

/// Subcommands of `sempairs pairs`.
#[derive(Subcommand)]
pub enum Pairs {
    /// Draw disjoint pairs from a folder, N of each class and no picture twice, and write them to a
    /// manifest.
    Build(build::Build),
    /// Draw random pairs from a folder and write them to a manifest.
    Make(make::Make),
    /// Check a manifest: report every invalid row, or summarise the pairs.
    Check(check::Check),
    /// Draw a contact sheet with pairs of a manifest.
    Show(show::Show),
}

impl Pairs {
    pub fn run(self) -> Result<(), Error> {
        match self {
            Self::Build(args) => args.run(),
            Self::Make(args) => args.run(),
            Self::Check(args) => args.run(),
            Self::Show(args) => args.run(),
        }
    }
}
