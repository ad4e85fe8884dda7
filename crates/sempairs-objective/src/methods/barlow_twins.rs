use burn::module::Module;
use burn::tensor::{Device, Tensor, assert_shape};
use sempairs_backbone::Backbone;
use sempairs_kernels::redundancy;
use serde::{Deserialize, Serialize};

use crate::limits::FACTORS;
use crate::{Clock, ConfigError, Encoder, HeadNorm, Loss, Method, ProjectorConfig, Views};

/// Added to a variance before the square root: the default of PyTorch's BatchNorm, which the
/// authors' code uses.
const EPSILON: f64 = 1e-5;

/// Hyper-parameters of Barlow Twins.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BarlowTwinsConfig {
    /// Weight of the redundancy reduction term, `lambda` in [`barlow_twins_loss`].
    pub lambda: f64,
    /// Factor of the whole loss: 1 in the paper, 0.1 in solo-learn's settings for CIFAR.
    #[serde(default = "one")]
    pub scale: f64,
    /// Projection head.
    pub projector: ProjectorConfig,
}

fn one() -> f64 {
    1.0
}

impl BarlowTwinsConfig {
    /// Values for ImageNet: lambda 0.0051, a head 8192-8192-8192 without a bias in the last layer
    /// (arXiv 2103.03230, sections 2.2 and 4; the authors' `main.py`).
    pub fn paper() -> Self {
        let projector = ProjectorConfig::new([8192, 8192], 8192, HeadNorm::Hidden);
        Self { lambda: 0.0051, scale: 1.0, projector: projector.without_last_bias() }
    }

    /// Returns an error for a value that is out of range.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] with the key of the first such value.
    pub fn check(&self) -> Result<(), ConfigError> {
        ConfigError::unless_within("lambda", self.lambda, FACTORS)?;
        ConfigError::unless_within("scale", self.scale, FACTORS)?;
        self.projector.check("projector")
    }

    /// Builds the method from a backbone and a newly initialised head. The seed determines the
    /// head's weights.
    pub fn init<B: Backbone>(&self, backbone: B, seed: u64, device: &Device) -> BarlowTwins<B> {
        BarlowTwins {
            encoder: Encoder::new(backbone, &self.projector, seed, device),
            lambda: self.lambda,
            scale: self.scale,
            width: self.projector.output,
        }
    }
}

/// Barlow Twins loss: distance of the cross-correlation matrix of the two views' embeddings from
/// the identity matrix.
///
/// With `y` the columns of `left` and `right`, each standardised (mean subtracted, divided by the
/// square root of its biased variance plus 1e-5), and `C_ij = 1/n sum_b y0_bi y1_bj`:
///
/// `L = sum_i (1 - C_ii)^2 + lambda sum_i sum_{j != i} C_ij^2`
///
/// Source: Zbontar et al., "Barlow Twins" (arXiv 2103.03230), equations 1 and 2.
///
/// # Shapes
/// - left, right: `[n, d]`
/// - output: `[1]`; `d` if no column of one view correlates with any column of the other
///
/// # Panics
///
/// If the shapes differ.
pub fn barlow_twins_loss(left: Tensor<2>, right: Tensor<2>, lambda: f64) -> Tensor<1> {
    let [n, d] = left.dims();
    assert_shape!(right, [n, d]);
    let [left, right] = [left, right].map(standardise);
    let correlation = left.transpose().matmul(right) / n as f64; // [d, d]
    redundancy(correlation, lambda)
}

/// Standardises each column: BatchNorm without affine parameters.
fn standardise(x: Tensor<2>) -> Tensor<2> {
    let centred = x.clone() - x.mean_dim(0);
    let variance = centred.clone().square().mean_dim(0);
    centred / (variance + EPSILON).sqrt()
}

/// Barlow Twins: corresponding components of the two views correlate, different components do not.
///
/// Source: Zbontar et al., "Barlow Twins: Self-Supervised Learning via Redundancy Reduction"
/// (arXiv 2103.03230).
#[derive(Module, Debug)]
pub struct BarlowTwins<B: Backbone> {
    encoder: Encoder<B>,
    lambda: f64,
    scale: f64,
    width: usize,
}

impl<B: Backbone> Method for BarlowTwins<B> {
    type Backbone = B;

    fn loss(&self, views: Views, _clock: Clock) -> Loss {
        // Each view is a forward pass of its own, so BatchNorm uses the statistics of that view, as
        // in the authors' code.
        let [left, right] = [views.left, views.right].map(|view| self.encoder.forward(view));
        let embeddings = Tensor::cat(vec![left.clone(), right.clone()], 0);
        Loss::new(barlow_twins_loss(left, right, self.lambda) * self.scale, embeddings)
    }

    fn backbone(&self) -> &B {
        &self.encoder.backbone
    }

    fn chance(&self, _batch: usize) -> Option<f64> {
        Some(self.scale * self.width as f64)
    }
}
