//! How far the numbers of a protocol may go: far beyond all publications', and short of what
//! overflows.

use std::ops::RangeInclusive;

/// Neighbours: more than any training set has pictures.
pub(crate) const NEIGHBOURS: RangeInclusive<usize> = 1..=1 << 24;

/// Pictures a step; more than there are make one step.
pub(crate) const BATCHES: RangeInclusive<usize> = 1..=1 << 24;

/// Passes over the training set.
pub(crate) const EPOCHS: RangeInclusive<usize> = 0..=1_000_000;

/// Learning rates; as for pre-training.
pub(crate) const RATES: RangeInclusive<f64> = 1e-12..=1e6;

/// Blocks of a transformer.
pub(crate) const BLOCKS: RangeInclusive<usize> = 1..=sempairs_backbone::limits::MAX_DEPTH;

/// Strengths of a regularisation.
pub(crate) const STRENGTHS: RangeInclusive<f64> = 1e-12..=1e12;

/// Values of the grid that a strength is chosen from.
pub(crate) const GRID: RangeInclusive<usize> = 1..=1_000;

/// Steps of a fit.
pub(crate) const ITERATIONS: RangeInclusive<usize> = 1..=1_000_000;

/// Milestones of a learning rate.
pub(crate) const MILESTONES: RangeInclusive<usize> = 0..=1_000;
