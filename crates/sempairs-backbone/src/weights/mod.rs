//! Loading and saving of weights as `.safetensors` and PyTorch `.pth` files, with the parameter
//! names of torchvision and timm.
//!
//! ```no_run
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use burn::tensor::Device;
//! use sempairs_backbone::{ResNetConfig, weights::{self, LoadOptions, Prefix}};
//!
//! let backbone = ResNetConfig::resnet50().init(&Device::flex());
//! let options = LoadOptions { prefix: Prefix::Common };
//! let backbone = weights::load(backbone, "moco_v2_800ep.pth".as_ref(), &options)?;
//! weights::save(&backbone, "backbone.safetensors".as_ref())?;
//! # Ok(())
//! # }
//! ```
//!
//! The functions work for any module whose fields have the same names as in the corresponding
//! PyTorch module. The weight of a [`burn::nn::Linear`] is transposed, since Burn stores `[in,
//! out]` and PyTorch `[out, in]`.

mod absence;
mod error;
mod file;
mod first_word;
mod group;
mod load;
mod named;
mod output;
mod pickle;
mod place;
mod prefix;
mod save;
mod zip;

pub use absence::Absence;
pub use error::{Misfit, WeightsError};
pub use group::Group;
pub use load::{LoadOptions, Loaded, load, load_with_report};
pub use prefix::Prefix;
pub use save::save;
