use burn::module::{Initializer, Module, Param};
use burn::tensor::{Device, Tensor};
use sempairs_kernels::linear;

/// Patch embedding: maps an image to one token per patch.
#[derive(Module, Debug)]
pub struct PatchEmbed {
    /// Linear projection of a patch.
    pub proj: PatchProjection,
}

/// Linear projection of patches: a convolution whose stride equals its kernel size.
#[derive(Module, Debug)]
pub struct PatchProjection {
    /// The weights, `[dim, 3, patch, patch]`.
    pub weight: Param<Tensor<4>>,
    /// The bias, `[dim]`.
    pub bias: Param<Tensor<1>>,
}

impl PatchEmbed {
    /// Creates an embedding for patches of `patch` pixels and tokens of dimension `dim`.
    pub fn new(patch: usize, dim: usize, device: &Device) -> Self {
        let bound = (3.0 * (patch * patch) as f64).sqrt().recip();
        let uniform = Initializer::Uniform { min: -bound, max: bound };
        let weight = uniform.init([dim, 3, patch, patch], device);
        Self { proj: PatchProjection { weight, bias: uniform.init([dim], device) } }
    }

    /// Computes the tokens of the patches, row by row.
    ///
    /// # Shapes
    /// - images: `[batch, 3, height, width]`
    /// - output: `[batch, height / patch * width / patch, dim]`
    ///
    /// # Panics
    ///
    /// Panics if the patch size does not divide height and width.
    pub fn forward(&self, images: Tensor<4>) -> Tensor<3> {
        let [batch, channels, height, width] = images.dims();
        let patch = self.proj.patch();
        assert!(
            height.is_multiple_of(patch) && width.is_multiple_of(patch),
            "{width}x{height} pixels are not divisible into patches of {patch} pixels"
        );
        let [rows, columns] = [height / patch, width / patch];
        let values = channels * patch * patch;
        let patches = images
            .reshape([batch, channels, rows, patch, columns, patch])
            .permute([0, 2, 4, 1, 3, 5])
            .reshape([batch * rows * columns, values]);
        let weight = self.proj.weight.val();
        let [dim, ..] = weight.dims();
        let weight = weight.reshape([dim, values]).transpose();
        linear(patches, weight, self.proj.bias.val()).reshape([batch, rows * columns, dim])
    }
}

impl PatchProjection {
    /// Side of a patch in pixels.
    pub fn patch(&self) -> usize {
        self.weight.lazy_shape().as_slice()[3]
    }
}
