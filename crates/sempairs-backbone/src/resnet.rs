use burn::module::Module;
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use crate::seed::{Rule, seed_by};
use crate::{Backbone, BatchNorm, BatchNormConfig, Block, BlockKind, Conv, InitialFilters, Stem};

/// Full configuration of a residual network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResNetConfig {
    /// Kind of all blocks.
    pub block: BlockKind,
    /// Number of blocks in each of the four stages.
    pub layers: [usize; 4],
    /// Width (inner channels) of the blocks in each stage; the stem has that of the first stage.
    pub widths: [usize; 4],
    /// The stem.
    pub stem: Stem,
    /// Whether the weight of the last normalisation layer in every block is initialised to zero, so
    /// that each block starts as its shortcut (Goyal et al., arXiv 1706.02677, section 5.1).
    #[serde(default)]
    pub zero_init_last: bool,
    /// Distribution from which [`init_seeded`](Self::init_seeded) draws the convolution weights.
    #[serde(default)]
    pub initial_filters: InitialFilters,
}

impl ResNetConfig {
    /// ResNet-18: 512 features (arXiv 1512.03385, table 1).
    pub fn resnet18() -> Self {
        Self {
            block: BlockKind::Basic,
            layers: [2, 2, 2, 2],
            widths: [64, 128, 256, 512],
            stem: Stem::Imagenet,
            zero_init_last: false,
            initial_filters: InitialFilters::default(),
        }
    }

    /// ResNet-50: 2048 features (arXiv 1512.03385, table 1).
    pub fn resnet50() -> Self {
        Self { block: BlockKind::Bottleneck, layers: [3, 4, 6, 3], ..Self::resnet18() }
    }

    /// A narrow ResNet-10 with a strided stem, for training on images of 32 pixels on a CPU. It has
    /// 512 features like a ResNet-18 with a small stem, at a twentieth of the cost.
    pub fn resnet10_narrow() -> Self {
        Self {
            layers: [1, 1, 1, 1],
            widths: [32, 64, 128, 512],
            stem: Stem::Strided,
            ..Self::resnet18()
        }
    }

    /// Creates the network. Its weights are drawn from Burn's global random number generator when
    /// they are first used.
    ///
    /// # Panics
    ///
    /// Panics if a stage has no blocks or no channels.
    pub fn init(&self, device: &Device) -> ResNet {
        assert!(
            self.layers.iter().chain(&self.widths).all(|&n| n > 0),
            "every stage must have blocks and channels: {self:?}"
        );
        let mut channels = self.widths[0];
        let (kernel, stride) = self.stem.kernel_and_stride();
        let conv1 = Conv::new([3, channels], kernel, stride, device);
        let bn1 = BatchNormConfig::new(channels).init(device);
        let [layer1, layer2, layer3, layer4] = std::array::from_fn(|stage| {
            (0..self.layers[stage])
                .map(|index| {
                    let width = self.widths[stage];
                    let stride = if stage > 0 && index == 0 { 2 } else { 1 };
                    let block = Block::new(
                        self.block,
                        channels,
                        width,
                        stride,
                        self.zero_init_last,
                        device,
                    );
                    channels = self.block.channels_out(width);
                    block
                })
                .collect()
        });
        let pooled = self.stem == Stem::Imagenet;
        ResNet { conv1, bn1, layer1, layer2, layer3, layer4, pooled, features: channels }
    }

    /// Creates the network with initial weights that depend only on `seed`, on any device and
    /// whatever was drawn before. See [`seed_parameters`](crate::seed_parameters).
    pub fn init_seeded(&self, device: &Device, seed: u64) -> ResNet {
        let rule = match self.initial_filters {
            InitialFilters::Torchvision => Rule::Residual,
            InitialFilters::Torch => Rule::Plain,
        };
        seed_by(rule, self.init(device), seed)
    }
}

/// Residual network without the classifier, whose features are averaged over all positions (global
/// average pooling).
///
/// The parameters have torchvision's names: `conv1.weight`, `layer1.0.bn2.running_mean`,
/// `layer2.0.downsample.0.weight`.
#[derive(Module, Debug)]
pub struct ResNet {
    conv1: Conv,
    bn1: BatchNorm,
    layer1: Vec<Block>,
    layer2: Vec<Block>,
    layer3: Vec<Block>,
    layer4: Vec<Block>,
    pooled: bool,
    features: usize,
}

impl ResNet {
    /// Computes the feature map of the last stage, before global average pooling.
    ///
    /// # Shapes
    /// - images: `[batch, 3, height, width]`
    /// - output: `[batch, features, height / r, width / r]`, rounded up, where r is 32 for the
    ///   `imagenet` stem, 16 for `strided` and 8 for `small`
    pub fn forward_map(&self, images: Tensor<4>) -> Tensor<4> {
        let mut hidden = self.bn1.forward_relu(self.conv1.forward(images));
        if self.pooled {
            hidden = sempairs_kernels::max_pool2d(hidden, [3, 3], [2, 2], [1, 1]);
        }
        [&self.layer1, &self.layer2, &self.layer3, &self.layer4]
            .into_iter()
            .flatten()
            .fold(hidden, |hidden, block| block.forward(hidden))
    }
}

impl Backbone for ResNet {
    fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        sempairs_kernels::global_average_pool(self.forward_map(images))
    }

    fn features(&self) -> usize {
        self.features
    }
}
