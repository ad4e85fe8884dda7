//! Limits of the size of a configured network.
//!
//! They are generous: no published network is larger. Without them, a mistyped value would lead to
//! an allocation failure that ends the process without naming the key. A value within the limits
//! may still exceed the available memory.

pub use sempairs_data::MAX_VIEW_SIDE as MAX_SIDE;

use crate::{BackboneConfig, BlockKind, ConfigError, NetworkConfig, Stem};

/// Maximum channels of a stage, or embedding dimension: four times the width of ResNet-50 (4x), the
/// widest network in the paper of SimCLR (arXiv 2002.05709, figure 1).
pub const MAX_WIDTH: usize = 8_192;

/// Maximum number of blocks of a transformer: five times that of the largest known one (arXiv
/// 2302.05442).
pub const MAX_DEPTH: usize = 256;

/// Maximum number of values of a tensor kept in training, such as a weight or a queue: 1 GiB, four
/// times the largest published matrix (8192 by 8192, arXiv 2103.03230).
pub const MAX_VALUES: u64 = 1 << 28;

/// Maximum number of parameters of a network with its heads: 8 GiB, twice the size of the largest
/// network trained without labels (ViT-g, arXiv 2304.07193).
pub const MAX_PARAMETERS: u64 = 1 << 31;

/// Maximum number of attention weights of an image, heads times squared number of tokens: 4 GiB.
pub const MAX_ATTENTION: u64 = 1 << 30;

impl BackboneConfig {
    /// Number of features per image.
    pub fn features(&self) -> usize {
        match self.network() {
            NetworkConfig::Residual(it) => it.block.channels_out(it.widths[3]),
            NetworkConfig::Transformer(it) => it.dim,
        }
    }

    /// Number of parameters, without those of normalisation layers and without biases.
    pub fn parameters(&self) -> u64 {
        match self.network() {
            NetworkConfig::Residual(it) => {
                let kernel = match it.stem {
                    Stem::Imagenet => 7 * 7,
                    Stem::Small | Stem::Strided => 3 * 3,
                };
                let mut before = it.widths[0] as u64;
                let mut all = product([3 * kernel, before]);
                for (stage, (width, blocks)) in it.widths.into_iter().zip(it.layers).enumerate() {
                    let (width, after) = (width as u64, it.block.channels_out(width) as u64);
                    for block in 0..blocks {
                        let convolutions = match it.block {
                            BlockKind::Basic => product([9, width, before + width]),
                            BlockKind::Bottleneck => product([width, before + 9 * width + after]),
                        };
                        // All stages but the first begin with a stride.
                        let is_projected = block == 0 && (stage > 0 || before != after);
                        let shortcut = if is_projected { product([before, after]) } else { 0 };
                        all = all.saturating_add(convolutions).saturating_add(shortcut);
                        before = after;
                    }
                }
                all
            }
            NetworkConfig::Transformer(it) => {
                let [patch, dim] = [it.patch as u64, it.dim as u64];
                let tokens = product([positions(it.size, it.patch), dim]);
                let blocks = product([it.depth as u64, 12, dim, dim]);
                product([3, patch, patch, dim]).saturating_add(tokens).saturating_add(blocks)
            }
        }
    }

    /// Checks that no size exceeds its limit, given that all are at least 1.
    pub(crate) fn check_sizes(&self) -> Result<(), ConfigError> {
        if let NetworkConfig::Transformer(it) = self.network() {
            for (rows, columns, key) in [
                (3 * (it.patch * it.patch) as u64, it.dim as u64, "dim"),
                (positions(it.size, it.patch), it.dim as u64, "patch"),
                (it.dim as u64, 4 * it.dim as u64, "dim"),
            ] {
                if product([rows, columns]) > MAX_VALUES {
                    let reason = format!(
                        "makes a tensor of {rows} by {columns} values, more than {MAX_VALUES}"
                    );
                    return Err(ConfigError::new(key, reason));
                }
            }
            self.check_attention(it.size).map_err(|error| error.under("size"))?;
        }
        let parameters = self.parameters();
        if parameters > MAX_PARAMETERS {
            let key = if self.name.is_transformer() { "depth" } else { "widths" };
            let reason =
                format!("makes a network of {parameters} parameters, more than {MAX_PARAMETERS}");
            return Err(ConfigError::new(key, reason));
        }
        Ok(())
    }

    /// Checks that the attention weights for images of `size` pixels do not exceed
    /// [`MAX_ATTENTION`]. Always succeeds for networks without attention.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] without a key, which the caller adds with [`ConfigError::under`].
    pub fn check_attention(&self, size: usize) -> Result<(), ConfigError> {
        let NetworkConfig::Transformer(it) = self.network() else { return Ok(()) };
        let tokens = positions(size, it.patch);
        if product([it.heads as u64, tokens, tokens]) <= MAX_ATTENTION {
            return Ok(());
        }
        let reason = format!(
            "is {size}, which gives {tokens} tokens with patches of {}: the attention weights of \
             {} heads would have more than {MAX_ATTENTION} values; use a smaller size or larger \
             patches",
            it.patch, it.heads
        );
        Err(ConfigError::new("", reason))
    }
}

/// Number of tokens of an image, including the class token.
fn positions(size: usize, patch: usize) -> u64 {
    let side = (size / patch.max(1)) as u64;
    side * side + 1
}

fn product(factors: impl IntoIterator<Item = u64>) -> u64 {
    factors.into_iter().fold(1, u64::saturating_mul)
}

#[cfg(test)]
mod tests {
    use burn::module::{Module, ModuleVisitor, Param};
    use burn::tensor::{Device, Tensor};

    use super::*;
    use crate::Architecture;

    /// Number of values in parameters of more than one dimension.
    struct Matrices(u64);

    impl ModuleVisitor for Matrices {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let shape = param.lazy_shape();
            if shape.num_dims() > 1 {
                self.0 += shape.num_elements() as u64;
            }
        }
    }

    #[test]
    fn the_number_of_parameters_is_that_of_the_network_without_norms_and_biases() {
        let device = Device::flex();
        for config in [
            BackboneConfig::new(Architecture::Resnet18),
            BackboneConfig::new(Architecture::Resnet10Narrow),
            BackboneConfig {
                stem: Some(Stem::Small),
                ..BackboneConfig::new(Architecture::Resnet50)
            },
            BackboneConfig::transformer(Architecture::VitTiny, 8, 64),
        ] {
            let mut counted = Matrices(0);
            config.init(&device).visit(&mut counted);
            let class_token =
                if config.name.is_transformer() { config.features() as u64 } else { 0 };
            assert_eq!(config.parameters() + class_token, counted.0, "{config:?}");
        }
    }
}
