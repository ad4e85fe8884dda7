//! Grids of experiments.

mod record;

pub use record::{GridAxis, GridRecord, PointRecord};
