//! How large a number may be that a person writes. Beyond these nothing is learned, and what would follow is an
//! allocation that ends the process without a word about the key. They are generous, and no promise that the
//! memory is there.

/// Pixels along a side of a view, a scene or a cell of a sheet: eighteen times the 224 of ImageNet's networks.
pub const MAX_SIDE: usize = 4_096;

/// Channels of a stage: four times the last ones' of ResNet-50 (4x), the widest network of SimCLR's paper
/// (arXiv 2002.05709, figure 1).
pub const MAX_WIDTH: usize = 8_192;

/// Bytes of scenes that are drawn into memory, 64 GiB: ImageNet's number of pictures at 128 pixels.
pub const MAX_SCENE_BYTES: usize = 64 << 30;
