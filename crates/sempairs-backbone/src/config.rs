use burn::tensor::Device;
use serde::{Deserialize, Serialize};

use crate::{ResNet, ResNetConfig};

/// How a network takes in the picture, before its first block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stem {
    /// 7x7 convolution of stride 2, then 3x3 max pooling of stride 2: a quarter of the size, for
    /// pictures of 64 pixels and more (arXiv 1512.03385, table 1).
    Imagenet,
    /// 3x3 convolution of stride 1 and no pooling: the full size, for pictures of 32 pixels
    /// (SimCLR's CIFAR-10 network, arXiv 2002.05709, appendix B.9).
    Small,
    /// 3x3 convolution of stride 2 and no pooling: half the size, a quarter of the work of `Small`.
    Strided,
}

/// What a residual network is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BlockKind {
    /// Two 3x3 convolutions.
    Basic,
    /// 1x1, 3x3 and 1x1 convolutions, the last with four times the channels.
    Bottleneck,
}

impl BlockKind {
    /// The channels that leave a block of `width`: as many, or four times as many (arXiv 1512.03385,
    /// table 1).
    pub fn channels_out(self, width: usize) -> usize {
        match self {
            Self::Basic => width,
            Self::Bottleneck => 4 * width,
        }
    }
}

/// From which distribution the convolutions of a residual network are drawn.
///
/// Behind a normalisation the length of a filter changes no feature, but it divides every step that an optimiser of
/// fixed step length, such as Adam, makes: at equal fans `torchvision`'s filters are 2.4 times as long as `torch`'s and
/// learn as much more slowly at the same learning rate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InitialFilters {
    /// N(0, 2 / (out height width)), torchvision's choice for residual networks (He et al., arXiv 1502.01852).
    #[default]
    Torchvision,
    /// U(-1/sqrt(n), 1/sqrt(n)) with n = in height width, the default of `torch.nn.Conv2d`.
    Torch,
}

/// The residual networks known by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Architecture {
    /// [`ResNetConfig::resnet18`].
    Resnet18,
    /// [`ResNetConfig::resnet50`].
    Resnet50,
    /// [`ResNetConfig::resnet10_narrow`].
    #[serde(rename = "resnet10_narrow")]
    Resnet10Narrow,
}

/// A backbone by name, the form an experiment's file has it in.
///
/// ```
/// # use sempairs_backbone::{Architecture, BackboneConfig, Stem};
/// let config: BackboneConfig = toml::from_str("name = 'resnet18'\nstem = 'small'").unwrap();
/// assert_eq!(config.resnet().stem, Stem::Small);
/// assert!(!config.zero_init_last);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackboneConfig {
    /// Which network.
    pub name: Architecture,
    /// Its stem; the network's own (`imagenet`, or `strided` for the narrow one) if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stem: Option<Stem>,
    /// Channels of the four stages (of the stem, those of the first); the network's own if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub widths: Option<[usize; 4]>,
    /// See [`ResNetConfig::zero_init_last`].
    #[serde(default)]
    pub zero_init_last: bool,
    /// See [`ResNetConfig::initial_filters`].
    #[serde(default)]
    pub initial_filters: InitialFilters,
}

impl BackboneConfig {
    /// A network with its own stem and ordinary initial weights.
    pub fn new(name: Architecture) -> Self {
        Self {
            name,
            stem: None,
            widths: None,
            zero_init_last: false,
            initial_filters: InitialFilters::default(),
        }
    }

    /// The network spelt out.
    pub fn resnet(&self) -> ResNetConfig {
        let named = match self.name {
            Architecture::Resnet18 => ResNetConfig::resnet18(),
            Architecture::Resnet50 => ResNetConfig::resnet50(),
            Architecture::Resnet10Narrow => ResNetConfig::resnet10_narrow(),
        };
        let (stem, widths) = (self.stem.unwrap_or(named.stem), self.widths.unwrap_or(named.widths));
        let Self { zero_init_last, initial_filters, .. } = *self;
        ResNetConfig { stem, widths, zero_init_last, initial_filters, ..named }
    }

    /// See [`ResNetConfig::init`].
    pub fn init(&self, device: &Device) -> ResNet {
        self.resnet().init(device)
    }

    /// See [`ResNetConfig::init_seeded`].
    pub fn init_seeded(&self, device: &Device, seed: u64) -> ResNet {
        self.resnet().init_seeded(device, seed)
    }
}
