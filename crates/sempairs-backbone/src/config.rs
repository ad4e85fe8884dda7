use std::path::PathBuf;

use burn::tensor::Device;
use serde::{Deserialize, Serialize};

use crate::limits::{MAX_DEPTH, MAX_SIDE, MAX_WIDTH};
use crate::vit::DropPath;
use crate::{AnyBackbone, ResNetConfig, VisionTransformerConfig};

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

impl Stem {
    /// Of its convolution.
    pub(crate) fn kernel_and_stride(self) -> (usize, usize) {
        match self {
            Self::Imagenet => (7, 2),
            Self::Small => (3, 1),
            Self::Strided => (3, 2),
        }
    }
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

/// The networks known by name.
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
    /// [`VisionTransformerConfig::tiny`].
    VitTiny,
    /// [`VisionTransformerConfig::small`].
    VitSmall,
    /// [`VisionTransformerConfig::base`].
    VitBase,
}

impl Architecture {
    /// The names in an experiment's file, in the order of the variants.
    pub const NAMES: [&'static str; 6] =
        ["resnet18", "resnet50", "resnet10_narrow", "vit_tiny", "vit_small", "vit_base"];

    /// The name in an experiment's file.
    pub fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }

    /// Whether it is a vision transformer.
    pub fn is_transformer(self) -> bool {
        matches!(self, Self::VitTiny | Self::VitSmall | Self::VitBase)
    }
}

/// A backbone by name, the form an experiment's file has it in.
///
/// ```
/// # use sempairs_backbone::{BackboneConfig, NetworkConfig, Stem, VisionTransformerConfig};
/// let config: BackboneConfig = toml::from_str("name = 'resnet18'\nstem = 'small'").unwrap();
/// assert!(matches!(config.network(), NetworkConfig::Residual(r) if r.stem == Stem::Small));
/// let config: BackboneConfig = toml::from_str("name = 'vit_small'\npatch = 8\nsize = 64").unwrap();
/// let small = VisionTransformerConfig::small(8, 64);
/// assert_eq!(config.network(), NetworkConfig::Transformer(small));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackboneConfig {
    /// Which network.
    pub name: Architecture,
    /// A residual network's stem; its own (`imagenet`, or `strided` for the narrow one) if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stem: Option<Stem>,
    /// Channels of a residual network's four stages (of the stem, those of the first); its own if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub widths: Option<[usize; 4]>,
    /// See [`ResNetConfig::zero_init_last`].
    #[serde(default)]
    pub zero_init_last: bool,
    /// See [`ResNetConfig::initial_filters`].
    #[serde(default)]
    pub initial_filters: InitialFilters,
    /// Pixels along a side of a transformer's patch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patch: Option<usize>,
    /// Pixels along a side of the pictures that a transformer's position embedding is laid out for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<usize>,
    /// Values of a transformer's token; its own if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dim: Option<usize>,
    /// A transformer's blocks; its own if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub depth: Option<usize>,
    /// Attention heads of a transformer's block; its own if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heads: Option<usize>,
    /// Stochastic depth of a transformer that is DINO's student; none if left out.
    #[serde(default, skip_serializing_if = "is_off")]
    pub drop_path: DropPath,
    /// A file of weights that pre-training starts from; random initial weights if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weights: Option<PathBuf>,
}

fn is_off(drop_path: &DropPath) -> bool {
    drop_path.is_off()
}

/// A network spelt out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NetworkConfig {
    /// A residual network.
    Residual(ResNetConfig),
    /// A vision transformer.
    Transformer(VisionTransformerConfig),
}

/// A key of a [`BackboneConfig`] whose value cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{key}`: {reason}")]
pub struct BackboneError {
    /// The key.
    pub key: String,
    /// What is wrong with its value.
    pub reason: String,
}

impl BackboneConfig {
    /// A residual network with its own stem and ordinary initial weights, or a transformer that lacks its
    /// patch and size.
    pub fn new(name: Architecture) -> Self {
        Self {
            name,
            stem: None,
            widths: None,
            zero_init_last: false,
            initial_filters: InitialFilters::default(),
            patch: None,
            size: None,
            dim: None,
            depth: None,
            heads: None,
            drop_path: DropPath::default(),
            weights: None,
        }
    }

    /// A transformer for pictures of `size` pixels a side, cut into patches of `patch`.
    pub fn transformer(name: Architecture, patch: usize, size: usize) -> Self {
        Self { patch: Some(patch), size: Some(size), ..Self::new(name) }
    }

    /// Whether the network can be built.
    ///
    /// # Errors
    ///
    /// [`BackboneError`] with the first key that is out of its range, missing, or none of this network's.
    pub fn check(&self) -> Result<(), BackboneError> {
        let refuse = |key: String, reason: String| Err(BackboneError { key, reason });
        let (transformer, name) = (self.name.is_transformer(), self.name.name());
        for (key, is_there, of_transformers) in [
            ("stem", self.stem.is_some(), false),
            ("widths", self.widths.is_some(), false),
            ("zero_init_last", self.zero_init_last, false),
            ("initial_filters", self.initial_filters != InitialFilters::default(), false),
            ("patch", self.patch.is_some(), true),
            ("size", self.size.is_some(), true),
            ("dim", self.dim.is_some(), true),
            ("depth", self.depth.is_some(), true),
            ("heads", self.heads.is_some(), true),
            ("drop_path", !self.drop_path.is_off(), true),
        ] {
            if is_there && of_transformers != transformer {
                return refuse(key.into(), format!("a {name} has no such setting"));
            }
            if !is_there && transformer && matches!(key, "patch" | "size") {
                return refuse(key.into(), format!("is missing; a {name} needs it"));
            }
        }
        let named = [
            ("patch", self.patch, MAX_SIDE),
            ("size", self.size, MAX_SIDE),
            ("dim", self.dim, MAX_WIDTH),
            ("depth", self.depth, MAX_DEPTH),
            ("heads", self.heads, MAX_WIDTH),
        ];
        let stage = |i| Some((format!("widths[{i}]"), self.widths?[i], MAX_WIDTH));
        let named = named.map(|(key, value, most)| Some((key.to_owned(), value?, most)));
        for (key, value, most) in (0..4).map(stage).chain(named).flatten() {
            if !(1..=most).contains(&value) {
                return refuse(key, format!("must be from 1 to {most}, not {value}"));
            }
        }
        if !(0.0..1.0).contains(&self.drop_path.0) {
            let reason = format!("must be at least 0 and less than 1, not {}", self.drop_path.0);
            return refuse("drop_path".into(), reason);
        }
        match self.network() {
            NetworkConfig::Transformer(vit) if !vit.size.is_multiple_of(vit.patch) => {
                let reason = format!("is {}, which patches of {} do not tile", vit.size, vit.patch);
                refuse("size".into(), reason)
            }
            NetworkConfig::Transformer(vit) if !vit.dim.is_multiple_of(vit.heads) => {
                let reason = format!("is {}, which {} heads cannot share", vit.dim, vit.heads);
                refuse("dim".into(), reason)
            }
            _ => self.check_sizes(),
        }
    }

    /// The network spelt out.
    pub fn network(&self) -> NetworkConfig {
        let (patch, size) = (self.patch.unwrap_or(0), self.size.unwrap_or(0));
        let residual = |named: ResNetConfig| {
            let stem = self.stem.unwrap_or(named.stem);
            let widths = self.widths.unwrap_or(named.widths);
            let Self { zero_init_last, initial_filters, .. } = *self;
            NetworkConfig::Residual(ResNetConfig {
                stem,
                widths,
                zero_init_last,
                initial_filters,
                ..named
            })
        };
        let transformer = |named: VisionTransformerConfig| {
            NetworkConfig::Transformer(VisionTransformerConfig {
                dim: self.dim.unwrap_or(named.dim),
                depth: self.depth.unwrap_or(named.depth),
                heads: self.heads.unwrap_or(named.heads),
                drop_path: self.drop_path,
                ..named
            })
        };
        match self.name {
            Architecture::Resnet18 => residual(ResNetConfig::resnet18()),
            Architecture::Resnet50 => residual(ResNetConfig::resnet50()),
            Architecture::Resnet10Narrow => residual(ResNetConfig::resnet10_narrow()),
            Architecture::VitTiny => transformer(VisionTransformerConfig::tiny(patch, size)),
            Architecture::VitSmall => transformer(VisionTransformerConfig::small(patch, size)),
            Architecture::VitBase => transformer(VisionTransformerConfig::base(patch, size)),
        }
    }

    /// The network with lazy initial weights.
    ///
    /// # Panics
    ///
    /// If it does not pass its [`check`](Self::check).
    pub fn init(&self, device: &Device) -> AnyBackbone {
        match self.network() {
            NetworkConfig::Residual(config) => config.init(device).into(),
            NetworkConfig::Transformer(config) => config.init(device).into(),
        }
    }

    /// The network with weights that depend on `seed` alone; see [`ResNetConfig::init_seeded`] and
    /// [`VisionTransformerConfig::init_seeded`].
    ///
    /// # Panics
    ///
    /// As [`init`](Self::init).
    pub fn init_seeded(&self, device: &Device, seed: u64) -> AnyBackbone {
        match self.network() {
            NetworkConfig::Residual(config) => config.init_seeded(device, seed).into(),
            NetworkConfig::Transformer(config) => config.init_seeded(device, seed).into(),
        }
    }
}
