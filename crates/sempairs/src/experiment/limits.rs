//! Upper bounds of settings. Larger values cannot train anything useful, and without these checks
//! the allocation that follows would abort the process without naming the key. The bounds are
//! generous; a setting within them may still need more memory than is available. The bounds of
//! networks, methods, training and protocols are in their crates.

pub use sempairs_backbone::limits::{
    MAX_ATTENTION, MAX_PARAMETERS, MAX_SIDE, MAX_VALUES, MAX_WIDTH,
};

/// Maximum number of bytes of rendered scenes in memory: 64 GiB, about as many pictures as ImageNet
/// has at 128 pixels.
pub const MAX_SCENE_BYTES: usize = 64 << 30;

/// Largest random seed: the largest integer of TOML.
pub const MAX_SEED: u64 = i64::MAX as u64;

/// Maximum number of pictures per class.
pub const MAX_PER_CLASS: usize = u32::MAX as usize;

/// Maximum number of bytes of the views of a batch: 64 GiB.
pub const MAX_BATCH_BYTES: u64 = 64 << 30;

/// Maximum number of local crops per pair: ten times the largest number in the DINO paper.
pub const MAX_LOCALS: usize = 128;

/// Maximum number of steps at which a run is scored.
pub const MAX_SCORES: usize = 100_000;

/// Maximum number of threads.
pub const MAX_THREADS: usize = *sempairs_train::limits::WORKERS.end();
