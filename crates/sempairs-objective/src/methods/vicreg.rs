use burn::module::Module;
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor, assert_shape};
use sempairs_backbone::Backbone;
use sempairs_kernels::off_diagonal_energy;
use serde::{Deserialize, Serialize};

use crate::limits::FACTORS;
use crate::{Clock, ConfigError, Encoder, HeadNorm, Loss, Method, ProjectorConfig, Views};

/// Target standard deviation of every component (arXiv 2105.04906, section 4.1).
const TARGET: f64 = 1.0;
/// Added to a variance before the square root (arXiv 2105.04906, section 4.1).
const EPSILON: f64 = 1e-4;

/// Combination of the variance terms of the two views.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VarianceTerm {
    /// Half their sum, as in the authors' code and in lightly.
    #[default]
    Halved,
    /// Their sum, as in equation 6 of the paper and in solo-learn.
    Whole,
}

impl VarianceTerm {
    fn factor(self) -> f64 {
        match self {
            Self::Halved => 0.5,
            Self::Whole => 1.0,
        }
    }
}

/// Weights of the terms of [`vicreg_loss`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VicRegWeights {
    /// Weight `lambda` of the invariance term, the distance between the views.
    pub invariance: f64,
    /// Weight `mu` of the variance term, the hinge on the standard deviations.
    pub variance: f64,
    /// Weight `nu` of the covariance term.
    pub covariance: f64,
    /// Combination of the variance terms of the two views.
    #[serde(default)]
    pub variance_term: VarianceTerm,
}

impl VicRegWeights {
    /// The weights 25, 25 and 1 (arXiv 2105.04906, section 4.2).
    pub fn paper(variance_term: VarianceTerm) -> Self {
        Self { invariance: 25.0, variance: 25.0, covariance: 1.0, variance_term }
    }
}

/// Hyper-parameters of VICReg.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VicRegConfig {
    /// Weights of the three terms.
    pub weights: VicRegWeights,
    /// Projection head, which the paper calls expander.
    pub projector: ProjectorConfig,
}

impl VicRegConfig {
    /// Values for ImageNet with the loss of the paper: weights 25, 25 and 1, a head 8192-8192-8192
    /// (arXiv 2105.04906, section 4.2).
    pub fn paper() -> Self {
        Self::with(VarianceTerm::Whole)
    }

    /// The same values with the loss of the authors' code, where the variance terms are halved
    /// (facebookresearch/vicreg, `main_vicreg.py`).
    pub fn code() -> Self {
        Self::with(VarianceTerm::Halved)
    }

    fn with(variance_term: VarianceTerm) -> Self {
        let projector = ProjectorConfig::new([8192, 8192], 8192, HeadNorm::Hidden);
        Self {
            weights: VicRegWeights::paper(variance_term),
            projector: projector.without_last_bias(),
        }
    }

    /// Returns an error for a value that is out of range.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] with the key of the first such value.
    pub fn check(&self) -> Result<(), ConfigError> {
        let VicRegWeights { invariance, variance, covariance, .. } = self.weights;
        ConfigError::unless_within("weights.invariance", invariance, FACTORS)?;
        ConfigError::unless_within("weights.variance", variance, FACTORS)?;
        ConfigError::unless_within("weights.covariance", covariance, FACTORS)?;
        self.projector.check("projector")
    }

    /// Builds the method from a backbone and a newly initialised head. The seed determines the
    /// head's weights.
    pub fn init<B: Backbone>(&self, backbone: B, seed: u64, device: &Device) -> VicReg<B> {
        VicReg {
            encoder: Encoder::new(backbone, &self.projector, seed, device),
            weights: self.weights,
        }
    }
}

/// VICReg loss: invariance, variance and covariance terms.
///
/// With `x` the rows of `left` and `right`, `var_j` the unbiased variance of component `j` and `C`
/// the unbiased covariance matrix of a view:
///
/// `L = lambda s + mu (v(left) + v(right)) [/ 2] + nu (c(left) + c(right))`, where
///
/// - `s = 1/(nd) sum_ij (left_ij - right_ij)^2`,
/// - `v = 1/d sum_j max(0, 1 - sqrt(var_j + 1e-4))`,
/// - `c = 1/d sum_i sum_{j != i} C_ij^2`,
///
/// and the half is that of [`VarianceTerm::Halved`]. Source: Bardes et al., "VICReg" (arXiv
/// 2105.04906), equations 1 to 6; `s` is the mean over all elements as in the authors' code,
/// whereas equation 5 of the paper has a sum over components.
///
/// # Shapes
/// - left, right: `[n, d]`, at least two rows
/// - output: `[1]`
///
/// # Panics
///
/// If the shapes differ or there is a single row.
pub fn vicreg_loss(left: Tensor<2>, right: Tensor<2>, weights: &VicRegWeights) -> Tensor<1> {
    let [n, d] = left.dims();
    assert_shape!(right, [n, d]);
    assert!(n > 1, "the variance needs at least two rows");
    let invariance = (left.clone() - right.clone()).square().mean();
    let [a, b] = [left, right].map(variance_and_covariance_terms);
    let variance = (a.0 + b.0) * weights.variance_term.factor();
    let covariance = a.1 + b.1;
    invariance * weights.invariance + variance * weights.variance + covariance * weights.covariance
}

/// The variance term `v` (hinge on the standard deviations) and the covariance term `c` of one
/// view, both divided by the number of components.
fn variance_and_covariance_terms(x: Tensor<2>) -> (Tensor<1>, Tensor<1>) {
    let [n, d] = x.dims();
    let centred = x.clone() - x.mean_dim(0);
    let variance = centred.clone().square().sum_dim(0) / (n - 1) as f64; // [1, d]
    let hinge = relu((variance + EPSILON).sqrt() * -1.0 + TARGET).mean();
    let covariance = centred.clone().transpose().matmul(centred) / (n - 1) as f64; // [d, d]
    (hinge, off_diagonal_energy(covariance) / d as f64)
}

/// VICReg: regularisation of invariance, variance and covariance. There are no negatives.
///
/// Source: Bardes et al., "VICReg: Variance-Invariance-Covariance Regularization for
/// Self-Supervised Learning" (arXiv 2105.04906).
#[derive(Module, Debug)]
pub struct VicReg<B: Backbone> {
    encoder: Encoder<B>,
    #[module(skip)]
    weights: VicRegWeights,
}

impl<B: Backbone> Method for VicReg<B> {
    type Backbone = B;

    fn loss(&self, views: Views, _clock: Clock) -> Loss {
        // Each view is a forward pass of its own, so BatchNorm uses the statistics of that view, as
        // in the authors' code.
        let [left, right] = [views.left, views.right].map(|view| self.encoder.forward(view));
        let embeddings = Tensor::cat(vec![left.clone(), right.clone()], 0);
        Loss::new(vicreg_loss(left, right, &self.weights), embeddings)
    }

    fn backbone(&self) -> &B {
        &self.encoder.backbone
    }

    /// The variance terms of constant embeddings.
    fn chance(&self, _batch: usize) -> Option<f64> {
        let VicRegWeights { variance, variance_term, .. } = self.weights;
        Some(2.0 * variance_term.factor() * variance * (TARGET - EPSILON.sqrt()))
    }
}
