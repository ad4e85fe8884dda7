//! Valid ranges of the settings of protocols: far wider than the values in publications, but
//! narrow enough to avoid overflow.

use std::ops::RangeInclusive;

/// Number of neighbours; the maximum exceeds the number of pictures of any training set.
pub(crate) const NEIGHBOURS: RangeInclusive<usize> = 1..=1 << 24;

/// Batch size. If it exceeds the number of pictures, an epoch is one step.
pub(crate) const BATCHES: RangeInclusive<usize> = 1..=1 << 24;

/// Number of epochs.
pub(crate) const EPOCHS: RangeInclusive<usize> = 0..=1_000_000;

/// Learning rates; the same range as for pre-training.
pub(crate) const RATES: RangeInclusive<f64> = 1e-12..=1e6;

/// Number of blocks of a vision transformer.
pub(crate) const BLOCKS: RangeInclusive<usize> = 1..=sempairs_backbone::limits::MAX_DEPTH;

/// Regularisation strengths.
pub(crate) const STRENGTHS: RangeInclusive<f64> = 1e-12..=1e12;

/// Number of values in the grid of regularisation strengths.
pub(crate) const GRID: RangeInclusive<usize> = 1..=1_000;

/// Number of iterations of a fit.
pub(crate) const ITERATIONS: RangeInclusive<usize> = 1..=1_000_000;

/// Number of milestones of a learning-rate schedule.
pub(crate) const MILESTONES: RangeInclusive<usize> = 0..=1_000;
