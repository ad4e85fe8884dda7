use burn::tensor::{DType, Device};
use sempairs_kernels::check_sums;
use serde::{Deserialize, Serialize};

use crate::TrainError;

/// The type in which the networks make their products. Weights, normalisation, features, loss and
/// optimiser have 32 bits with either; see [`sempairs_backbone::Backbone`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// 32 bits; on NVIDIA GPUs tensor cores round the factors of a product to ten bits (TF32).
    #[default]
    F32,
    /// bfloat16: the range of 32 bits with eight bits of precision, so that no loss has to be
    /// scaled (Kalamkar et al., arXiv 1905.12322).
    Bf16,
}

impl Precision {
    /// The type of the views.
    pub fn dtype(self) -> DType {
        match self {
            Self::F32 => DType::F32,
            Self::Bf16 => DType::BF16,
        }
    }

    /// Whether a device computes in it, and adds up the products of convolutions in 32 bits.
    ///
    /// # Errors
    ///
    /// [`TrainError::Config`] if it does not.
    pub fn check(self, device: &Device) -> Result<(), TrainError> {
        if !device.supports_dtype(self.dtype()) {
            return Err(TrainError::config(
                "precision",
                "this device does not compute in bfloat16",
            ));
        }
        check_sums(device, self.dtype()).map_err(|reason| TrainError::config("precision", reason))
    }
}
