//! How large a network may be that a person writes.
//!
//! Beyond these nothing has been learned that is known of, and what would follow is an allocation
//! that ends the process without a word about the key. They are generous, and no promise that the
//! memory is there.

use crate::{BackboneConfig, BackboneError, BlockKind, NetworkConfig, Stem};

/// Channels of a stage, values of a token: four times the last stage's of ResNet-50 (4x), the
/// widest network of SimCLR's paper (arXiv 2002.05709, figure 1).
pub const MAX_WIDTH: usize = 8_192;

/// Pixels along a side that a network looks at: eighteen times the 224 of ImageNet's networks.
pub const MAX_SIDE: usize = 4_096;

/// Blocks of a transformer: five times those of the largest one known (arXiv 2302.05442).
pub const MAX_DEPTH: usize = 256;

/// Numbers of one tensor that training keeps, a weight or a queue: 1 GiB, four times the largest
/// matrix of a publication (8192 by 8192, arXiv 2103.03230).
pub const MAX_VALUES: u64 = 1 << 28;

/// Weights of a network with its heads: 8 GiB, twice those of the largest one that was trained
/// without labels (ViT-g, arXiv 2304.07193).
pub const MAX_PARAMETERS: u64 = 1 << 31;

/// Numbers of the attention of one picture, heads times the square of the tokens: 4 GiB.
pub const MAX_ATTENTION: u64 = 1 << 30;

impl BackboneConfig {
    /// Features of a picture.
    pub fn features(&self) -> usize {
        match self.network() {
            NetworkConfig::Residual(it) => it.block.channels_out(it.widths[3]),
            NetworkConfig::Transformer(it) => it.dim,
        }
    }

    /// Weights of the network, those of its norms left aside.
    pub fn parameters(&self) -> u64 {
        match self.network() {
            NetworkConfig::Residual(it) => {
                let kernel = match it.stem {
                    Stem::Imagenet => 7 * 7,
                    Stem::Small | Stem::Strided => 3 * 3,
                };
                let mut before = it.widths[0] as u64;
                let mut all = product([3 * kernel, before]);
                for (width, blocks) in it.widths.into_iter().zip(it.layers) {
                    let (width, after) = (width as u64, it.block.channels_out(width) as u64);
                    for block in 0..blocks {
                        let convolutions = match it.block {
                            BlockKind::Basic => product([9, width, before + width]),
                            BlockKind::Bottleneck => product([width, before + 9 * width + after]),
                        };
                        let shortcut = if block == 0 { product([before, after]) } else { 0 };
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

    /// Whether no size is beyond its limit; all are at least 1.
    pub(crate) fn check_sizes(&self) -> Result<(), BackboneError> {
        let refuse = |key: &str, reason: String| Err(BackboneError { key: key.into(), reason });
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
                    return refuse(key, reason);
                }
            }
            if let Err(reason) = self.check_attention(it.size) {
                return refuse("size", reason);
            }
        }
        let parameters = self.parameters();
        if parameters > MAX_PARAMETERS {
            let key = if self.name.is_transformer() { "depth" } else { "widths" };
            let reason =
                format!("makes a network of {parameters} parameters, more than {MAX_PARAMETERS}");
            return refuse(key, reason);
        }
        Ok(())
    }

    /// Whether the attention to pictures of so many pixels a side has a size that can be held; it
    /// has in a network without attention.
    ///
    /// # Errors
    ///
    /// The reason, to stand behind the key of the size.
    pub fn check_attention(&self, size: usize) -> Result<(), String> {
        let NetworkConfig::Transformer(it) = self.network() else { return Ok(()) };
        let tokens = positions(size, it.patch);
        match product([it.heads as u64, tokens, tokens]) > MAX_ATTENTION {
            true => Err(format!(
                "is {size}, which patches of {} make {tokens} tokens of: the attention of {} heads among them \
                 has more than {MAX_ATTENTION} values",
                it.patch, it.heads
            )),
            false => Ok(()),
        }
    }
}

/// Tokens of a picture, the class's among them.
fn positions(size: usize, patch: usize) -> u64 {
    let side = (size / patch.max(1)) as u64;
    side * side + 1
}

fn product(factors: impl IntoIterator<Item = u64>) -> u64 {
    factors.into_iter().fold(1, u64::saturating_mul)
}

#[cfg(test)]
mod tests {
    use burn::module::Module;
    use burn::tensor::Device;

    use super::*;
    use crate::Architecture;

    #[test]
    fn the_count_of_parameters_is_the_network_s_but_for_norms_and_biases() {
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
            let (told, true_count) =
                (config.parameters() as f64, config.init(&device).num_params());
            let share = told / true_count as f64;
            assert!((0.98..=1.0).contains(&share), "{config:?}: {told} of {true_count}");
        }
    }
}
