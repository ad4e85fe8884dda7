use burn::module::Module;
use burn::tensor::{Bool, Device, Tensor, assert_shape};
use sempairs_backbone::Backbone;
use serde::{Deserialize, Serialize};

use crate::limits::TEMPERATURES;
use crate::losses::log_sum_exp;
use crate::{
    Clock, ConfigError, Encoder, Loss, Method, Negatives, ProjectorConfig, Views, normalize,
};

/// Hyper-parameters of DCL, decoupled contrastive learning.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DclConfig {
    /// Temperature `t` of [`decoupled_loss`].
    pub temperature: f64,
    /// Projection head.
    pub projector: ProjectorConfig,
}

impl DclConfig {
    /// SimCLR's values for ImageNet (arXiv 2110.06848, section 4): temperature 0.1, a head of two
    /// layers.
    pub fn paper() -> Self {
        Self { temperature: 0.1, projector: ProjectorConfig::simclr() }
    }

    /// Returns an error for a value that is out of range.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] with the key of the first such value.
    pub fn check(&self) -> Result<(), ConfigError> {
        ConfigError::unless_within("temperature", self.temperature, TEMPERATURES)?;
        self.projector.check("projector")
    }

    /// Builds the method from a backbone and a newly initialised head. The seed determines the
    /// head's weights.
    pub fn init<B: Backbone>(&self, backbone: B, seed: u64, device: &Device) -> Dcl<B> {
        Dcl {
            encoder: Encoder::new(backbone, &self.projector, seed, device),
            temperature: self.temperature,
        }
    }
}

/// Decoupled contrastive loss: [`nt_xent`](crate::nt_xent()) without the positive in the
/// denominator.
///
/// With `u_1 .. u_2n` the rows of `left` and `right`, each L2-normalised, and `p(i)` the index of
/// the positive of `i`:
///
/// `L = 1/(2n) sum_i ( -u_i . u_p(i) / t + log sum_{k != i, p(i)} exp(u_i . u_k / t) )`
///
/// Source: Yeh et al., "Decoupled Contrastive Learning" (arXiv 2110.06848), equation 6, with the
/// mean over the terms where the paper has the sum, as in lightly.
///
/// # Shapes
/// - left, right: `[n, d]`, at least two rows
/// - output: `[1]`, in nats; may be negative
///
/// # Panics
///
/// If the shapes differ, there is a single row, or the temperature is not positive.
pub fn decoupled_loss(left: Tensor<2>, right: Tensor<2>, temperature: f64) -> Tensor<1> {
    let [n, d] = left.dims();
    assert_shape!(right, [n, d]);
    assert!(n > 1, "a single pair has no negatives");
    assert!(temperature > 0.0, "the temperature must be positive, not {temperature}");
    let device = left.device();
    let [left, right] = [left, right].map(normalize);
    let positive = (left.clone() * right.clone()).sum() * 2.0 / temperature;
    let unit = Tensor::cat(vec![left, right], 0); // [2n, d]
    let similarity = unit.clone().matmul(unit.transpose()) / temperature; // [2n, 2n]
    let other = Tensor::<2, Bool>::diag_mask([n, n], 0, &device);
    let others = other.repeat(&[2, 2]); // neither the view itself nor its positive
    (log_sum_exp(similarity, Some(others)).sum() - positive) / (2 * n) as f64
}

/// DCL: SimCLR without the positive in the denominator of the loss, which makes it less dependent
/// on large batches.
///
/// Source: Yeh et al., "Decoupled Contrastive Learning" (arXiv 2110.06848).
#[derive(Module, Debug)]
pub struct Dcl<B: Backbone> {
    encoder: Encoder<B>,
    temperature: f64,
}

impl<B: Backbone> Method for Dcl<B> {
    type Backbone = B;

    fn loss(&self, views: Views, _clock: Clock) -> Loss {
        let n = views.batch();
        let z = self.encoder.forward(views.joined()); // [2n, d]
        let [left, right] = [z.clone().narrow(0, 0, n), z.clone().narrow(0, n, n)];
        Loss::new(decoupled_loss(left, right, self.temperature), z)
    }

    fn backbone(&self) -> &B {
        &self.encoder.backbone
    }

    fn negatives(&self) -> Negatives {
        Negatives::Batch
    }

    fn chance(&self, batch: usize) -> Option<f64> {
        Some(((2 * batch - 2) as f64).ln())
    }
}
