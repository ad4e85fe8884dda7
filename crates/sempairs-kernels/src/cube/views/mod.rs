//! The views of a whole batch, made on the device from 8-bit pixels and plans.
//!
//! The host uploads bytes and two small tables, [`Program`]. Two launches follow: one weighs the rows of every crop down to
//! those of its view; in the other a cube takes a view, weighs its columns, and does the steps of its plan in order,
//! handing pixels on through memory only where a step moves them.

mod colour;
mod moves;
mod program;
pub(in crate::cube) mod resample;
pub(in crate::cube) mod run;

pub(crate) use run::views;
