use burn::module::{Initializer, Module, Param};
use burn::tensor::{Device, Tensor};
use sempairs_kernels::linear;

/// What turns patches into tokens.
#[derive(Module, Debug)]
pub struct PatchEmbed {
    /// The projection of a patch.
    pub proj: PatchProjection,
}

/// A convolution whose stride is the side of its kernel: a linear map of each patch.
#[derive(Module, Debug)]
pub struct PatchProjection {
    /// The kernels, `[dim, 3, patch, patch]`.
    pub weight: Param<Tensor<4>>,
    /// The offset of each of a token's values.
    pub bias: Param<Tensor<1>>,
}

impl PatchEmbed {
    /// Patches of `patch` pixels a side, tokens of `dim` values.
    pub fn new(patch: usize, dim: usize, device: &Device) -> Self {
        let bound = (3.0 * (patch * patch) as f64).sqrt().recip();
        let uniform = Initializer::Uniform { min: -bound, max: bound };
        let weight = uniform.init([dim, 3, patch, patch], device);
        Self { proj: PatchProjection { weight, bias: uniform.init([dim], device) } }
    }

    /// The tokens of the patches, row by row.
    ///
    /// # Shapes
    /// - images: `[batch, 3, height, width]`
    /// - output: `[batch, height / patch * width / patch, dim]`
    ///
    /// # Panics
    ///
    /// If the patch does not divide height and width.
    pub fn forward(&self, images: Tensor<4>) -> Tensor<3> {
        let [batch, channels, height, width] = images.dims();
        let patch = self.proj.patch();
        assert!(
            height.is_multiple_of(patch) && width.is_multiple_of(patch),
            "patches of {patch} pixels do not tile {width}x{height}"
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
    /// Pixels along a side of a patch.
    pub fn patch(&self) -> usize {
        self.weight.lazy_shape().as_slice()[3]
    }
}
