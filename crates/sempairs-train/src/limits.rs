//! Permitted ranges of a run's settings: far wider than any published value, but narrow enough to
//! prevent overflow and memory exhaustion.

use std::ops::RangeInclusive;

/// Number of pairs per batch. At least 2, since a single pair has no negatives; at most twice the
/// largest known batch (32,768, arXiv 2103.00020).
pub const BATCHES: RangeInclusive<usize> = 2..=1 << 16;

/// Number of steps of a run; at most 200 times 1000 epochs of ImageNet with batches of 256.
pub const STEPS: RangeInclusive<usize> = 1..=1_000_000_000;

/// Number of epochs of a run.
pub const EPOCHS: RangeInclusive<usize> = 1..=1_000_000;

/// Learning rates before scaling with the batch size.
pub(crate) const RATES: RangeInclusive<f64> = 1e-12..=1e6;

/// Weight decays and trust coefficients.
pub(crate) const DECAYS: RangeInclusive<f64> = 0.0..=1e6;

/// Maximum norm of a gradient, in gradient clipping.
pub(crate) const CLIPS: RangeInclusive<f64> = 1e-9..=1e9;

/// Number of loader threads; 0 for one per CPU core.
pub const WORKERS: RangeInclusive<usize> = 0..=1_024;

/// Number of prefetched batches. The queue is allocated when the run starts; a few batches are
/// enough to keep any device busy.
pub const AHEAD: RangeInclusive<usize> = 0..=1_000;
