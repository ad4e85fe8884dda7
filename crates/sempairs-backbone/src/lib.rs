//! Residual networks and vision transformers that turn pictures into features, with torchvision's and
//! timm's layouts and parameter names, and weights in and out of `.safetensors` and PyTorch's `.pth`.
//!
//! ```
//! use burn::tensor::{Device, Tensor};
//! use sempairs_backbone::{Backbone, ResNetConfig, Stem};
//!
//! let device = Device::flex();
//! let config = ResNetConfig { stem: Stem::Small, ..ResNetConfig::resnet18() };
//! let backbone = config.init_seeded(&device, 0);
//! let features = backbone.forward(Tensor::<4>::zeros([2, 3, 32, 32], &device));
//! assert_eq!(features.dims(), [2, backbone.features()]);
//! ```
//!
//! In training, that is on an autodiff device after [`Module::train`](burn::module::Module::train),
//! normalisation uses the statistics of the batch; after `valid()` the running ones.

#![deny(clippy::print_stdout, clippy::print_stderr)]

mod any;
mod backbone;
mod batch_norm;
mod block;
mod config;
mod conv;
mod convolutions;
mod factory;
pub mod limits;
mod resnet;
mod seed;
pub mod vit;
pub mod weights;

pub use any::{AnyBackbone, is_variant};
pub use backbone::Backbone;
pub use batch_norm::{BatchNorm, BatchNormConfig};
pub use block::Block;
pub use config::{
    Architecture, BackboneConfig, BackboneError, BlockKind, InitialFilters, NetworkConfig, Stem,
};
pub use conv::Conv;
pub use convolutions::Convolution;
pub use factory::BackboneFactory;
pub use resnet::{ResNet, ResNetConfig};
pub use seed::{seed_parameters, seed_transformer_parameters, seeded_normal};
pub use vit::{VisionTransformer, VisionTransformerConfig};
