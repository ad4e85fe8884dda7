//! Augmentation of a whole batch on the device, from 8-bit pixels and augmentation plans.
//!
//! The host uploads bytes and two small tables, [`Program`]. Two launches follow. The first resizes
//! every crop along its rows. In the second a cube processes a view: it resizes along the columns
//! and applies the steps of the plan in order; pixels are exchanged through memory only for steps
//! that move them.

mod colour;
mod moves;
mod program;
pub(in crate::cube) mod resample;
pub(in crate::cube) mod run;

pub(crate) use run::views;
