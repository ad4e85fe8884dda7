use burn::module::Module;
use burn::tensor::{Bool, Device, Tensor, TensorData, assert_shape};
use sempairs_backbone::Backbone;
use serde::{Deserialize, Serialize};

use crate::limits::TEMPERATURES;
use crate::losses::log_sum_exp;
use crate::{
    Clock, ConfigError, Encoder, HeadNorm, Loss, Method, Negatives, ProjectorConfig, Views,
    normalize,
};

/// Hyper-parameters of SupCon.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SupConConfig {
    /// Temperature `t` of [`sup_con_loss`].
    pub temperature: f64,
    /// Projection head.
    pub projector: ProjectorConfig,
}

impl SupConConfig {
    /// Values for ImageNet: temperature 0.1, a head 2048-128 without BatchNorm (arXiv 2004.11362,
    /// sections 3.1 and 4). The default temperature of the authors' code is 0.07.
    pub fn paper() -> Self {
        let projector = ProjectorConfig::new([2048], 128, HeadNorm::None);
        Self { temperature: 0.1, projector }
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
    pub fn init<B: Backbone>(&self, backbone: B, seed: u64, device: &Device) -> SupCon<B> {
        SupCon {
            encoder: Encoder::new(backbone, &self.projector, seed, device),
            temperature: self.temperature,
        }
    }
}

/// Supervised contrastive loss: the positives of a view are all other views of its class.
///
/// With `u_1 .. u_2n` the rows of `left` and `right`, each L2-normalised, and `P(i)` the other rows
/// of the class of `i`:
///
/// `L = -1/(2n) sum_i 1/|P(i)| sum_{p in P(i)} log( exp(s_ip) / sum_{k != i} exp(s_ik) )`, where
/// `s_ik = u_i . u_k / t`.
///
/// If no two pairs share a class this is [`nt_xent`](crate::nt_xent()). Source: Khosla et al.,
/// "Supervised Contrastive Learning" (arXiv 2004.11362), equation 2.
///
/// # Shapes
/// - left, right: `[n, d]`
/// - classes: `n` values, one per row
/// - output: `[1]`, in nats
///
/// # Panics
///
/// If the shapes differ, the number of classes is not `n`, or the temperature is not positive.
pub fn sup_con_loss(
    left: Tensor<2>,
    right: Tensor<2>,
    classes: &[u32],
    temperature: f64,
) -> Tensor<1> {
    let [n, d] = left.dims();
    assert_shape!(right, [n, d]);
    assert_eq!(classes.len(), n, "one class per pair");
    assert!(temperature > 0.0, "the temperature must be positive, not {temperature}");
    let device = left.device();
    let unit = normalize(Tensor::cat(vec![left, right], 0)); // [2n, d]
    let similarity = unit.clone().matmul(unit.transpose()) / temperature; // [2n, 2n]
    let attraction = (similarity.clone() * positives(classes, &device)).sum();
    let others = Tensor::<2, Bool>::diag_mask([2 * n, 2 * n], 0, &device);
    (log_sum_exp(similarity, Some(others)).sum() - attraction) / (2 * n) as f64
}

/// Weights of the similarities, `[2n, 2n]`: `1/|P(i)|` for the positives of row `i`, 0 elsewhere.
fn positives(classes: &[u32], device: &Device) -> Tensor<2> {
    let n = classes.len();
    let mut values = vec![0f32; 4 * n * n];
    for (i, row) in values.chunks_exact_mut(2 * n).enumerate() {
        let class = classes[i % n];
        let share = 2 * classes.iter().filter(|other| **other == class).count() - 1;
        for (k, value) in row.iter_mut().enumerate() {
            if k != i && classes[k % n] == class {
                *value = 1.0 / share as f32;
            }
        }
    }
    Tensor::from_data(TensorData::new(values, [2 * n, 2 * n]), device)
}

/// SupCon: SimCLR with labels, where all views of a class are positives. It is an upper bound for
/// training with pairs of the same class.
///
/// The class of a pair is that of its left picture. Source: Khosla et al., "Supervised Contrastive
/// Learning" (arXiv 2004.11362).
#[derive(Module, Debug)]
pub struct SupCon<B: Backbone> {
    encoder: Encoder<B>,
    temperature: f64,
}

impl<B: Backbone> Method for SupCon<B> {
    type Backbone = B;

    fn loss(&self, mut views: Views, _clock: Clock) -> Loss {
        let classes = views.classes.take().expect("SupCon needs pictures with classes");
        let n = views.batch();
        let z = self.encoder.forward(views.joined()); // [2n, d]
        let [left, right] = [z.clone().narrow(0, 0, n), z.clone().narrow(0, n, n)];
        Loss::new(sup_con_loss(left, right, &classes, self.temperature), z)
    }

    fn backbone(&self) -> &B {
        &self.encoder.backbone
    }

    fn negatives(&self) -> Negatives {
        Negatives::OtherClasses
    }

    fn chance(&self, batch: usize) -> Option<f64> {
        Some(((2 * batch - 1) as f64).ln())
    }

    fn needs_classes(&self) -> bool {
        true
    }
}
