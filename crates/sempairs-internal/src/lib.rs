//! Utilities shared by the crates of this workspace: atomic writes (`write_whole`), lines of output
//! (`note!`, `say!`), progress bars, catching of panics (`caught`), and suggestions for misspelt
//! names (`did_you_mean`).
//!
//! This is not an interface for other programs; anything here may change in any release.

#![doc(hidden)]
#![deny(clippy::print_stdout, clippy::print_stderr)]

mod atomic_write;
mod caught;
mod failpoint;
pub mod output;
mod part;
mod progress;
mod suggest;
mod summed_up;

pub use atomic_write::write_whole;
pub use caught::caught;
pub use failpoint::failpoint;
pub use part::remove_orphans;
pub use progress::{ProgressBar, progress_bar, progress_count};
pub use suggest::{did_you_mean, nearest, suggestion};
pub use summed_up::summed_up;
