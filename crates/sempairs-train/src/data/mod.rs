//! Batches of views: the loader, the order of the pairs and the pipeline of each view.

mod batch;
mod loader;
mod moment;
mod order;
mod pipelines;

pub use batch::{Batch, Planned};
pub use loader::{LoaderConfig, PairLoader};
pub use moment::moment;
pub use order::order;
pub use pipelines::{Locals, LocalsFrom, MadeOn, Pipelines};
