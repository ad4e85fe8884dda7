use std::path::PathBuf;

use burn::tensor::Device;
use sempairs_data::ConfigError;
use serde::{Deserialize, Serialize};

use crate::limits::{MAX_DEPTH, MAX_SIDE, MAX_WIDTH};
use crate::vit::DropPath;
use crate::{AnyBackbone, InitialFilters, ResNetConfig, Stem, VisionTransformerConfig};

/// The supported architectures.
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
    /// Names of the architectures in experiment files, in the order of the variants.
    pub const NAMES: [&'static str; 6] =
        ["resnet18", "resnet50", "resnet10_narrow", "vit_tiny", "vit_small", "vit_base"];

    /// Name of the architecture in experiment files.
    pub fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }

    /// Returns true for vision transformers.
    pub fn is_transformer(self) -> bool {
        matches!(self, Self::VitTiny | Self::VitSmall | Self::VitBase)
    }
}

/// Configuration of a backbone as in an experiment file: an architecture and its options.
///
/// ```
/// # use sempairs_backbone::{BackboneConfig, NetworkConfig, Stem, VisionTransformerConfig};
/// let config: BackboneConfig = toml::from_str("name = 'resnet18'\nstem = 'small'").unwrap();
/// assert!(matches!(config.network(), NetworkConfig::Residual(r) if r.stem == Stem::Small));
/// let text = "name = 'vit_small'\npatch = 8\nsize = 64";
/// let config: BackboneConfig = toml::from_str(text).unwrap();
/// let small = VisionTransformerConfig::small(8, 64);
/// assert_eq!(config.network(), NetworkConfig::Transformer(small));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackboneConfig {
    /// The architecture.
    pub name: Architecture,
    /// Stem of a residual network; the architecture's default (`imagenet`, or `strided` for the
    /// narrow one) if `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stem: Option<Stem>,
    /// Channels of the four stages of a residual network (the stem has those of the first); the
    /// architecture's defaults if `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub widths: Option<[usize; 4]>,
    /// See [`ResNetConfig::zero_init_last`].
    #[serde(default)]
    pub zero_init_last: bool,
    /// See [`ResNetConfig::initial_filters`].
    #[serde(default)]
    pub initial_filters: InitialFilters,
    /// Side of a transformer's patches in pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patch: Option<usize>,
    /// Side of the images for which a transformer's position embedding is created, in pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<usize>,
    /// Embedding dimension of a transformer; the architecture's default if `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dim: Option<usize>,
    /// Number of blocks of a transformer; the architecture's default if `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub depth: Option<usize>,
    /// Number of attention heads per block of a transformer; the architecture's default if `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heads: Option<usize>,
    /// Rate of stochastic depth of a transformer trained as DINO's student; zero by default.
    #[serde(default, skip_serializing_if = "is_off")]
    pub drop_path: DropPath,
    /// A file of weights that pre-training starts from; random initial weights if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weights: Option<PathBuf>,
}

fn is_off(drop_path: &DropPath) -> bool {
    drop_path.is_off()
}

/// Full configuration of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NetworkConfig {
    /// A residual network.
    Residual(ResNetConfig),
    /// A vision transformer.
    Transformer(VisionTransformerConfig),
}

impl BackboneConfig {
    /// Configuration with the architecture's defaults. A transformer still needs its patch and
    /// image size.
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

    /// Configuration of a transformer for images of `size` pixels with patches of `patch` pixels.
    pub fn transformer(name: Architecture, patch: usize, size: usize) -> Self {
        Self { patch: Some(patch), size: Some(size), ..Self::new(name) }
    }

    /// Checks that the network can be built.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] for the first key that is out of range, missing, or not an option of this
    /// architecture.
    pub fn check(&self) -> Result<(), ConfigError> {
        let refuse = |key: &str, reason: String| Err(ConfigError::new(key, reason));
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
                return refuse(key, format!("{name} has no such option; remove it"));
            }
            if !is_there && transformer && matches!(key, "patch" | "size") {
                return refuse(key, format!("is missing; {name} requires it"));
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
            ConfigError::unless_within(key, value, 1..=most)?;
        }
        ConfigError::unless_share("drop_path", self.drop_path.0)?;
        match self.network() {
            NetworkConfig::Transformer(vit) if !vit.size.is_multiple_of(vit.patch) => {
                let reason = format!(
                    "is {}, which is not a multiple of the patch size {}",
                    vit.size, vit.patch
                );
                refuse("size", reason)
            }
            NetworkConfig::Transformer(vit) if !vit.dim.is_multiple_of(vit.heads) => {
                let reason =
                    format!("is {}, which is not a multiple of the {} heads", vit.dim, vit.heads);
                refuse("dim", reason)
            }
            _ => self.check_sizes(),
        }
    }

    /// The full configuration of the network.
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

    /// Creates the network with Burn's lazy random initialisation.
    ///
    /// # Panics
    ///
    /// Panics if the configuration does not pass [`check`](Self::check).
    pub fn init(&self, device: &Device) -> AnyBackbone {
        match self.network() {
            NetworkConfig::Residual(config) => config.init(device).into(),
            NetworkConfig::Transformer(config) => config.init(device).into(),
        }
    }

    /// Creates the network with initial weights that depend only on `seed`; see
    /// [`ResNetConfig::init_seeded`] and [`VisionTransformerConfig::init_seeded`].
    ///
    /// # Panics
    ///
    /// As [`init`](Self::init).
    ///
    /// As [`init`](Self::init).
    pub fn init_seeded(&self, device: &Device, seed: u64) -> AnyBackbone {
        match self.network() {
            NetworkConfig::Residual(config) => config.init_seeded(device, seed).into(),
            NetworkConfig::Transformer(config) => config.init_seeded(device, seed).into(),
        }
    }
}
