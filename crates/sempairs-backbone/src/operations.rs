//! Floating-point operations of a training step.

use crate::{BackboneConfig, NetworkConfig, VisionTransformerConfig};

impl BackboneConfig {
    /// Floating-point operations of the convolutions and matrix products in a forward and backward
    /// pass over `images` images of `size` pixels; a multiply-add counts as two.
    ///
    /// Convolutions are counted by their definition, `2 n c_out h' w' c_in k²` per pass, whatever
    /// algorithm computes them. Of the first layer there is no gradient of the input.
    /// Recomputation is not counted.
    pub fn training_operations(&self, images: usize, size: usize) -> f64 {
        match self.network() {
            NetworkConfig::Residual(it) => {
                let all = it.convolutions(size);
                let first = all[0].operations(images);
                3.0 * all.iter().map(|it| it.operations(images)).sum::<f64>() - first
            }
            NetworkConfig::Transformer(it) => images as f64 * it.training_operations(size),
        }
    }
}

impl VisionTransformerConfig {
    /// See [`BackboneConfig::training_operations`], for one image.
    fn training_operations(&self, size: usize) -> f64 {
        let [patch, dim, depth] = [self.patch, self.dim, self.depth].map(|it| it as f64);
        let patches = ((size / self.patch.max(1)) as f64).powi(2);
        let tokens = patches + 1.0;
        let embedding = 2.0 * patches * 3.0 * patch * patch * dim;
        // Queries, keys, values and their projection: 4 d²; the MLP: 8 d².
        let layers = 2.0 * tokens * 12.0 * dim * dim;
        let attention = 2.0 * 2.0 * tokens * tokens * dim;
        3.0 * depth * (layers + attention) + 2.0 * embedding
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Architecture;

    /// 341.7 GFLOP are the convolutions of 512 images in one pass (see `convolutions`), of which
    /// the first takes `2 · 512 · 64 · 32² · 3 · 7²`.
    #[test]
    fn a_step_of_a_resnet_50_has_three_passes_of_all_convolutions_but_the_first() {
        let network = BackboneConfig::new(Architecture::Resnet50);
        let first = 2.0 * 512.0 * 64.0 * 32.0 * 32.0 * 3.0 * 49.0;
        let expected = 3.0 * 341.7e9 - first;
        let actual = network.training_operations(512, 64);
        assert!((actual / expected - 1.0).abs() < 1e-3, "{actual} and {expected}");
    }

    /// Computed by hand from the sizes of the matrices: 65 tokens of 384 values in 12 blocks.
    #[test]
    fn a_step_of_a_vision_transformer_counts_its_linear_layers_and_attention() {
        let network = BackboneConfig::transformer(Architecture::VitSmall, 8, 64);
        let [t, d] = [65.0, 384.0];
        let linear = t * (d * 3.0 * d + d * d + d * 4.0 * d + 4.0 * d * d);
        let attention = 6.0 * (t * 64.0 * t + t * t * 64.0);
        let embedding = 64.0 * (3.0 * 8.0 * 8.0) * d;
        let expected = 2.0 * (3.0 * 12.0 * (linear + attention) + 2.0 * embedding);
        assert_eq!(network.training_operations(1, 64), expected);
        assert_eq!(network.training_operations(32, 64), 32.0 * expected);
    }
}
