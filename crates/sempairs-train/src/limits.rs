//! How far the numbers of a run may go: far beyond all publications', and short of what overflows
//! or ends a process.

use std::ops::RangeInclusive;

/// Pairs in a batch; one has no other to be told from. Twice the largest known (32,768, arXiv
/// 2103.00020).
pub const BATCHES: RangeInclusive<usize> = 2..=1 << 16;

/// Steps of a run: two hundred times those of 1000 epochs of ImageNet in batches of 256.
pub const STEPS: RangeInclusive<usize> = 1..=1_000_000_000;

/// Epochs of a run.
pub const EPOCHS: RangeInclusive<usize> = 1..=1_000_000;

/// Learning rates before they are scaled.
pub(crate) const RATES: RangeInclusive<f64> = 1e-12..=1e6;

/// Weight decays and trust coefficients.
pub(crate) const DECAYS: RangeInclusive<f64> = 0.0..=1e6;

/// The greatest length of a gradient.
pub(crate) const CLIPS: RangeInclusive<f64> = 1e-9..=1e9;

/// Threads of the loader; 0 for one a core.
pub const WORKERS: RangeInclusive<usize> = 0..=1_024;

/// Batches that may wait: room for them is made at the start, and a few keep any device busy.
pub const AHEAD: RangeInclusive<usize> = 0..=1_000;
