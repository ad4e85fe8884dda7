//! How large a number may be that a person writes. Beyond these nothing is learned, and what would
//! follow is an allocation that ends the process without a word about the key. They are generous,
//! and no promise that the memory is there. Those of networks, methods, training and protocols are
//! in their crates.

pub use sempairs_backbone::limits::{
    MAX_ATTENTION, MAX_PARAMETERS, MAX_SIDE, MAX_VALUES, MAX_WIDTH,
};

// Views and networks look at the same pictures.
const _: () = assert!(sempairs_augment::MAX_SIDE == MAX_SIDE);

/// Bytes of scenes that are drawn into memory, 64 GiB: ImageNet's number of pictures at 128 pixels.
pub const MAX_SCENE_BYTES: usize = 64 << 30;

/// Seeds: the largest whole number of TOML.
pub const MAX_SEED: u64 = i64::MAX as u64;

/// Pictures of each class.
pub const MAX_PER_CLASS: usize = u32::MAX as usize;

/// Bytes of the views of a batch, 64 GiB.
pub const MAX_BATCH_BYTES: u64 = 64 << 30;

/// Local crops of a pair: ten times the most that DINO has tried.
pub const MAX_LOCALS: usize = 128;

/// Scores of a run over time.
pub const MAX_SCORES: usize = 100_000;

/// Threads.
pub const MAX_THREADS: usize = *sempairs_train::limits::WORKERS.end();
