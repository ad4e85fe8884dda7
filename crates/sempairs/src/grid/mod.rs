//! Execution of grids: all runs of a file with `[[vary]]` tables, over one or several processes.
//!
//! [`GridRuns::open`] checks every experiment of a [`Grid`](crate::experiment::Grid), opens its
//! data and finds the state of every run; nothing is written before all of this has succeeded.
//! [`GridRuns::execute`] runs what is left and writes the report, [`DryRun`] lists it instead.
//!
//! The runs of the first seed come first, point by point and arm by arm, then those of the second,
//! so that an interrupted grid has complete seeds. Processes that share a folder divide the runs:
//! each run is locked by the process that runs it (see
//! [`RunDirectory`](crate::train::RunDirectory)), and the system releases the locks of a process
//! that dies. A [`Shard`] restricts a process to a part of the runs.

mod display;
mod dry_run;
mod execute;
mod needs;
mod open;
pub(crate) mod record;
mod report;
mod shard;

pub use dry_run::DryRun;
pub use execute::GridOutcome;
pub use open::{GridRuns, PlannedRun};
pub use record::{GridAxis, GridRecord, PointRecord};
pub use report::rewrite;
pub use shard::Shard;
