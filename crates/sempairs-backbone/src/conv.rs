use burn::module::{Initializer, Module, Param};
use burn::tensor::{Device, Tensor};
use sempairs_kernels::conv2d;

/// Convolution with a square kernel and without bias. In residual networks, every convolution is
/// followed by a normalisation layer, which would cancel a bias.
#[derive(Module, Debug)]
pub struct Conv {
    /// The weights, `[out, in, kernel, kernel]`.
    pub weight: Param<Tensor<4>>,
    stride: usize,
    padding: usize,
}

impl Conv {
    /// Creates a convolution with padding `kernel / 2`, which keeps the resolution at stride 1. The
    /// weights are drawn from N(0, 2 / (out kernel²)): He et al., "Delving Deep into Rectifiers"
    /// (arXiv 1502.01852), with fan-out as in torchvision.
    ///
    /// The initialisation is Burn's: lazy, and from its global random number generator.
    /// [`seed_parameters`](crate::seed_parameters) replaces it by one that depends only on a seed.
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

    /// Convolves a batch.
    ///
    /// # Shapes
    /// - input: `[batch, in, height, width]`
    /// - output: `[batch, out, ceil(height / stride), ceil(width / stride)]` for an odd kernel
    pub fn forward(&self, input: Tensor<4>) -> Tensor<4> {
        conv2d(input, self.weight.val(), [self.stride; 2], [self.padding; 2])
    }
}
