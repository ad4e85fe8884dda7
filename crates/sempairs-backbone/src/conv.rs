use burn::module::{Initializer, Module, Param};
use burn::tensor::{Device, Tensor};
use sempairs_kernels::conv2d;

/// A convolution with a square kernel and no bias: normalisation follows every one of a residual
/// network, and would take a bias away again.
#[derive(Module, Debug)]
pub struct Conv {
    /// The kernels, `[out, in, kernel, kernel]`.
    pub weight: Param<Tensor<4>>,
    stride: usize,
    padding: usize,
}

impl Conv {
    /// A convolution that keeps the size at stride 1 (padding `kernel / 2`), its weights drawn from
    /// N(0, 2 / (out kernel²)): He et al., "Delving Deep into Rectifiers" (arXiv 1502.01852),
    /// with the fan of the output as in torchvision.
    ///
    /// The draw is Burn's, lazy and from its global generator; [`seed_parameters`](crate::seed_parameters)
    /// replaces it by one that depends on a seed alone.
    pub fn new(
        [channels_in, channels_out]: [usize; 2],
        kernel: usize,
        stride: usize,
        device: &Device,
    ) -> Self {
        let initializer =
            Initializer::KaimingNormal { gain: std::f64::consts::SQRT_2, fan_out_only: true };
        let area = kernel * kernel;
        let weight = initializer.init_with(
            [channels_out, channels_in, kernel, kernel],
            Some(channels_in * area),
            Some(channels_out * area),
            device,
        );
        Self { weight, stride, padding: kernel / 2 }
    }

    /// The convolution of a batch.
    ///
    /// # Shapes
    /// - input: `[batch, in, height, width]`
    /// - output: `[batch, out, ceil(height / stride), ceil(width / stride)]` for an odd kernel
    pub fn forward(&self, input: Tensor<4>) -> Tensor<4> {
        conv2d(input, self.weight.val(), [self.stride; 2], [self.padding; 2])
    }
}
