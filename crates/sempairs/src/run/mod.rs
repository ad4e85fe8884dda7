//! Execution of studies: one arm with one seed, or all arms with all seeds. A run is prepared
//! (pairs, checks, identity), trained and scored, and its results are stored in its folder.
//! [`summarise`] builds a [`Comparison`](crate::comparison::Comparison) from these folders, without
//! pictures or weights.

mod caches;
mod check;
mod checkpoint_mismatch;
mod columns;
mod compare;
mod examples;
mod finish;
mod kept;
mod measure;
mod prepare;
mod pretrain;
mod ready;
mod record;
mod runner;
mod score;
mod score_log;
mod summarise;
mod timing;
mod train;

pub use finish::Finished;
pub use kept::RunState;
pub(crate) use ready::{Attempt, Ready};
pub(crate) use record::{read as read_json, write as write_json};
pub use runner::Runner;
pub use summarise::{ComparisonFiles, Summary, summarise};
pub(crate) use summarise::{stored_examples, stored_if_any};
