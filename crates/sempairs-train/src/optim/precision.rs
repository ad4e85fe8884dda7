use burn::tensor::{DType, Device};
use sempairs_kernels::check_sums;
use serde::{Deserialize, Serialize};

use crate::ConfigError;

/// Dtype of the networks' matrix products and convolutions. Weights, normalisation, features, loss
/// and optimiser always use 32-bit floats; see [`sempairs_backbone::Backbone`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// 32-bit floats; on NVIDIA GPUs tensor cores round the inputs of a product to TF32, with a
    /// 10-bit mantissa.
    #[default]
    F32,
    /// bfloat16: the range of 32-bit floats with eight bits of precision, so loss scaling is not
    /// needed (Kalamkar et al., arXiv 1905.12322).
    Bf16,
}

impl Precision {
    /// Dtype of the views.
    pub fn dtype(self) -> DType {
        match self {
            Self::F32 => DType::F32,
            Self::Bf16 => DType::BF16,
        }
    }

    /// Checks that a device supports the dtype and accumulates the products of convolutions in 32
    /// bits.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if the device does not.
    pub fn check(self, device: &Device) -> Result<(), ConfigError> {
        if !device.supports_dtype(self.dtype()) {
            return Err(ConfigError::new(
                "precision",
                "this device does not support bfloat16; use f32",
            ));
        }
        check_sums(device, self.dtype()).map_err(|reason| ConfigError::new("precision", reason))
    }
}
