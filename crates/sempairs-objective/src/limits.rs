//! How far the numbers of a method may go: far beyond all publications', and short of what ends a
//! process or makes a loss that is no number.

use std::ops::RangeInclusive;

use sempairs_backbone::limits::MAX_VALUES;

/// Temperatures: publications have 0.04 to 1. Logits are cosines over them.
pub(crate) const TEMPERATURES: RangeInclusive<f64> = 1e-4..=1e4;

/// Temperatures of [`sinkhorn()`](crate::sinkhorn()), which underflows below: SwAV has 0.03 to
/// 0.05.
pub(crate) const EPSILONS: RangeInclusive<f64> = 0.01..=1e4;

/// Weights of a loss's terms.
pub(crate) const FACTORS: RangeInclusive<f64> = 1e-9..=1e9;

/// Values of a layer of a head, and prototypes: sixteen times DINO's 65,536.
pub(crate) const WIDTHS: RangeInclusive<usize> = 1..=1 << 20;

/// Prototypes: one alone is every picture's.
pub(crate) const PROTOTYPES: RangeInclusive<usize> = 2..=1 << 20;

/// Hidden layers of a head.
pub(crate) const LAYERS: RangeInclusive<usize> = 0..=64;

/// Embeddings in a queue: as many as a tensor may have values, one apiece.
pub(crate) const QUEUES: RangeInclusive<usize> = 1..=MAX_VALUES as usize;

/// Iterations of [`sinkhorn()`](crate::sinkhorn()).
pub(crate) const ITERATIONS: RangeInclusive<usize> = 1..=1_000;

/// Equal groups of a batch.
pub(crate) const GROUPS: RangeInclusive<usize> = 1..=1 << 16;

/// Epochs that something lasts.
pub(crate) const EPOCHS: RangeInclusive<usize> = 0..=1_000_000;

/// Steps that something lasts.
pub(crate) const STEPS: RangeInclusive<usize> = 0..=1_000_000_000;
