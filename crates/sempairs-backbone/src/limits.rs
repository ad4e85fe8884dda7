//! Limits of the size of a configured network.
//!
//! They are generous: no published network is larger. Without them, a mistyped value would lead to
//! an allocation failure that ends the process without naming the key. A value within the limits
//! may still exceed the available memory.

pub use sempairs_data::MAX_VIEW_SIDE as MAX_SIDE;

/// Maximum channels of a stage, or embedding dimension: four times the width of ResNet-50 (4x), the
/// widest network in the paper of SimCLR (arXiv 2002.05709, figure 1).
pub const MAX_WIDTH: usize = 8_192;

/// Maximum number of blocks of a transformer: five times that of the largest known one (arXiv
/// 2302.05442).
pub const MAX_DEPTH: usize = 256;

/// Maximum number of values of a tensor kept in training, such as a weight or a queue: 1 GiB, four
/// times the largest published matrix (8192 by 8192, arXiv 2103.03230).
pub const MAX_VALUES: u64 = 1 << 28;

/// Maximum number of parameters of a network with its heads: 8 GiB, twice the size of the largest
/// network trained without labels (ViT-g, arXiv 2304.07193).
pub const MAX_PARAMETERS: u64 = 1 << 31;

/// Maximum number of attention weights of an image, heads times squared number of tokens: 4 GiB.
pub const MAX_ATTENTION: u64 = 1 << 30;
