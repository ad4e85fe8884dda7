use burn::module::Module;
use burn::tensor::{Device, Tensor};
use sempairs_kernels::fork;

use crate::{BatchNorm, BatchNormConfig, BlockKind, Conv};

/// Residual block, `relu(residual(x) + shortcut(x))`. The residual branch has two 3x3 convolutions
/// (basic block), or 1x1, 3x3 and 1x1 convolutions with the stride at the 3x3 one (bottleneck
/// block), each followed by batch normalisation.
///
/// He et al., "Deep Residual Learning for Image Recognition" (arXiv 1512.03385). The position of
/// the bottleneck's stride is torchvision's, known as ResNet v1.5.
#[derive(Module, Debug)]
pub struct Block {
    conv1: Conv,
    bn1: BatchNorm,
    conv2: Conv,
    bn2: BatchNorm,
    conv3: Option<Conv>,
    bn3: Option<BatchNorm>,
    downsample: Option<(Conv, BatchNorm)>,
}

impl Block {
    /// Creates a block from `channels` input channels to [`BlockKind::channels_out`] of `width`.
    /// The shortcut is the identity if the stride is 1 and the numbers of channels are equal,
    /// otherwise a 1x1 convolution.
    pub(crate) fn new(
        kind: BlockKind,
        channels: usize,
        width: usize,
        stride: usize,
        zero_init_last: bool,
        device: &Device,
    ) -> Self {
        let out = kind.channels_out(width);
        let norm = |features| BatchNormConfig::new(features).init(device);
        let last = || {
            let mut last = norm(out);
            if zero_init_last {
                last.weight = burn::module::Initializer::Zeros.init([out], device);
            }
            last
        };
        let downsample = (stride != 1 || channels != out)
            .then(|| (Conv::new([channels, out], 1, stride, device), norm(out)));
        match kind {
            BlockKind::Basic => Self {
                conv1: Conv::new([channels, width], 3, stride, device),
                bn1: norm(width),
                conv2: Conv::new([width, width], 3, 1, device),
                bn2: last(),
                conv3: None,
                bn3: None,
                downsample,
            },
            BlockKind::Bottleneck => Self {
                conv1: Conv::new([channels, width], 1, 1, device),
                bn1: norm(width),
                conv2: Conv::new([width, width], 3, stride, device),
                bn2: norm(width),
                conv3: Some(Conv::new([width, out], 1, 1, device)),
                bn3: Some(last()),
                downsample,
            },
        }
    }

    /// Computes the block's output for a batch.
    ///
    /// # Shapes
    /// - input: `[batch, channels, height, width]`
    /// - output: `[batch, out, ceil(height / stride), ceil(width / stride)]`
    pub fn forward(&self, input: Tensor<4>) -> Tensor<4> {
        let [input, shortcut] = fork(input);
        let shortcut = match &self.downsample {
            Some((conv, norm)) => norm.forward_map(conv.forward(shortcut)),
            None => shortcut,
        };
        let hidden = self.bn1.forward_relu(self.conv1.forward(input));
        let hidden = self.conv2.forward(hidden);
        match (&self.conv3, &self.bn3) {
            (Some(conv3), Some(bn3)) => {
                bn3.forward_add_relu(conv3.forward(self.bn2.forward_relu(hidden)), shortcut)
            }
            _ => self.bn2.forward_add_relu(hidden, shortcut),
        }
    }
}
