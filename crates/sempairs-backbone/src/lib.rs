//! Backbones: residual networks and vision transformers that compute features of images.
//!
//! - [`ResNet`] and [`VisionTransformer`] have the layers and parameter names of torchvision and
//!   timm. [`AnyBackbone`] is either of them, and the trait [`Backbone`] is their common interface.
//! - [`BackboneConfig`] is the configuration in an experiment file, [`ResNetConfig`] and
//!   [`VisionTransformerConfig`] are the full configurations.
//! - [`weights`] loads and saves weights as `.safetensors` and as PyTorch checkpoints (`.pth`).
//! - [`seed_parameters`] makes initial weights that depend only on a random seed.
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
//! In training mode, that is, on an autodiff device after
//! [`Module::train`](burn::module::Module::train), batch normalisation uses the statistics of the
//! batch; after `valid()` it uses the running statistics.

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
mod operations;
mod residual;
mod resnet;
mod seed;
mod sizes;
mod variant;
pub mod vit;
pub mod weights;

pub use any::AnyBackbone;
pub use backbone::Backbone;
pub use batch_norm::{BatchNorm, BatchNormConfig};
pub use block::Block;
pub use config::{Architecture, BackboneConfig, NetworkConfig};
pub use conv::Conv;
pub use convolutions::Convolution;
pub use factory::BackboneFactory;
pub use residual::{BlockKind, InitialFilters, Stem};
pub use resnet::{ResNet, ResNetConfig};
pub use seed::{seed_parameters, seed_transformer_parameters, seeded_normal};
pub use sempairs_data::ConfigError;
pub use variant::is_variant;
pub use vit::{VisionTransformer, VisionTransformerConfig};
