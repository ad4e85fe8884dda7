//! Ranges of the hyper-parameters: far wider than values in publications, but narrow enough that no
//! allocation aborts the process and no loss is NaN.

use std::ops::RangeInclusive;

use sempairs_backbone::limits::MAX_VALUES;

/// Temperatures, which divide cosines. Publications use 0.04 to 1.
pub(crate) const TEMPERATURES: RangeInclusive<f64> = 1e-4..=1e4;

/// Values of epsilon in [`sinkhorn()`](crate::sinkhorn()), which underflows for smaller ones. SwAV
/// uses 0.03 to 0.05.
pub(crate) const EPSILONS: RangeInclusive<f64> = 0.01..=1e4;

/// Weights of the terms of a loss.
pub(crate) const FACTORS: RangeInclusive<f64> = 1e-9..=1e9;

/// Width of a layer of a head: at most sixteen times DINO's 65,536.
pub(crate) const WIDTHS: RangeInclusive<usize> = 1..=1 << 20;

/// Number of prototypes. With a single one every picture has the same assignment.
pub(crate) const PROTOTYPES: RangeInclusive<usize> = 2..=1 << 20;

/// Number of hidden layers of a head.
pub(crate) const LAYERS: RangeInclusive<usize> = 0..=64;

/// Number of embeddings in a queue: at most the maximum number of elements of a tensor.
pub(crate) const QUEUES: RangeInclusive<usize> = 1..=MAX_VALUES as usize;

/// Number of iterations of [`sinkhorn()`](crate::sinkhorn()).
pub(crate) const ITERATIONS: RangeInclusive<usize> = 1..=1_000;

/// Number of equal groups that a batch is split into for BatchNorm.
pub(crate) const GROUPS: RangeInclusive<usize> = 1..=1 << 16;

/// Duration in epochs.
pub(crate) const EPOCHS: RangeInclusive<usize> = 0..=1_000_000;

/// Duration in steps.
pub(crate) const STEPS: RangeInclusive<usize> = 0..=1_000_000_000;
