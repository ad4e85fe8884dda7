//! Code shared by the crates of this workspace: atomic writes (`write_atomically`), lines of
//! output (`note!`, `say!`), progress bars, catching of panics (`caught`), Base64, and parts of
//! messages: numbers with a noun (`counted`) and suggestions for misspelt names (`suggestion`).
//!
//! This is not an interface for other programs; anything here may change in any release.

#![doc(hidden)]
#![deny(clippy::print_stdout, clippy::print_stderr)]

mod atomic_write;
pub mod base64;
mod caught;
mod counted;
mod failpoint;
mod join_limited;
pub mod output;
mod part;
mod progress;
mod suggest;

pub use atomic_write::write_atomically;
pub use caught::caught;
pub use counted::counted;
pub use failpoint::failpoint;
pub use join_limited::join_limited;
pub use part::remove_orphans;
pub use progress::{ProgressBar, StatusLine, progress_bar, progress_count};
pub use suggest::{nearest, suggestion};
