//! Options of residual networks.

use serde::{Deserialize, Serialize};

/// Stem of a residual network: the layers before its first block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stem {
    /// 7x7 convolution of stride 2, then 3x3 max pooling of stride 2. It reduces the resolution to
    /// a quarter, for images of at least 64 pixels (arXiv 1512.03385, table 1).
    Imagenet,
    /// 3x3 convolution of stride 1 without pooling. It keeps the resolution, for images of 32
    /// pixels (SimCLR's network for CIFAR-10, arXiv 2002.05709, appendix B.9).
    Small,
    /// 3x3 convolution of stride 2 without pooling. It halves the resolution, which makes the
    /// network four times cheaper than with `Small`.
    Strided,
}

impl Stem {
    /// Kernel size and stride of the stem's convolution.
    pub(crate) fn kernel_and_stride(self) -> (usize, usize) {
        match self {
            Self::Imagenet => (7, 2),
            Self::Small => (3, 1),
            Self::Strided => (3, 2),
        }
    }
}

/// Kind of the blocks of a residual network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BlockKind {
    /// Two 3x3 convolutions.
    Basic,
    /// 1x1, 3x3 and 1x1 convolutions, the last with four times the channels.
    Bottleneck,
}

impl BlockKind {
    /// Number of output channels of a block of `width`: `width` or `4 * width` (arXiv 1512.03385,
    /// table 1).
    pub fn channels_out(self, width: usize) -> usize {
        match self {
            Self::Basic => width,
            Self::Bottleneck => 4 * width,
        }
    }
}

/// Distribution of the initial convolution weights of a residual network.
///
/// Before a normalisation layer, the norm of a filter does not affect the features. It does affect
/// the effective learning rate of optimisers with a fixed step size, such as Adam: at equal fan-in
/// and fan-out, the filters of `torchvision` have 2.4 times the norm of those of `torch`, and learn
/// correspondingly more slowly at the same learning rate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InitialFilters {
    /// N(0, 2 / (out height width)), as in torchvision's residual networks (He et al., arXiv
    /// 1502.01852).
    #[default]
    Torchvision,
    /// U(-1/sqrt(n), 1/sqrt(n)) with n = in height width, the default of `torch.nn.Conv2d`.
    Torch,
}
