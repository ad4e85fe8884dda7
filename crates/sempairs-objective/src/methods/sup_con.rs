use burn::module::Module;
use burn::tensor::{Bool, Device, Tensor, TensorData, assert_shape};
use sempairs_backbone::Backbone;
use serde::{Deserialize, Serialize};

use crate::limits::TEMPERATURES;
use crate::losses::log_sum_exp;
use crate::{
    Clock, Encoder, HeadNorm, Loss, Method, Negatives, ObjectiveError, ProjectorConfig, Views,
    normalize,
};

/// SupCon's constants.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SupConConfig {
    /// The temperature `t` of [`sup_con_loss`].
    pub temperature: f64,
    /// The head.
    pub projector: ProjectorConfig,
}

impl SupConConfig {
    /// The constants on ImageNet: temperature 0.1, a head 2048-128 without BatchNorm (arXiv 2004.11362,
    /// sections 3.1 and 4). The authors' code has 0.07 as its default.
    pub fn paper() -> Self {
        let projector = ProjectorConfig::new([2048], 128, HeadNorm::None);
        Self { temperature: 0.1, projector }
    }

    /// Whether all values are in their ranges.
    ///
    /// # Errors
    ///
    /// [`ObjectiveError::Config`] with the first key whose value is not.
    pub fn check(&self) -> Result<(), ObjectiveError> {
        ObjectiveError::unless_within("temperature", self.temperature, TEMPERATURES)?;
        self.projector.check("projector")
    }

    /// Joins a backbone and a fresh head, whose weights follow from the seed.
    pub fn init<B: Backbone>(&self, backbone: B, seed: u64, device: &Device) -> SupCon<B> {
        SupCon {
            encoder: Encoder::new(backbone, &self.projector, seed, device),
            temperature: self.temperature,
        }
    }
}

/// The supervised contrastive loss: every view must find all views of its class among the `2n - 1` others.
///
/// With `u_1 .. u_2n` the rows of `left` and `right`, each divided by its length, and `P(i)` the other rows of
/// `i`'s class, its partner among them:
///
/// `L = -1/(2n) sum_i 1/|P(i)| sum_{p in P(i)} log( exp(u_i . u_p / t) / sum_{k != i} exp(u_i . u_k / t) )`
///
/// If no two pairs share a class this is [`nt_xent`](crate::nt_xent()). Source: Khosla et al., "Supervised
/// Contrastive Learning" (arXiv 2004.11362), equation 2.
///
/// # Shapes
/// - left, right: `[n, d]`
/// - classes: `n` numbers, row by row
/// - output: `[1]`, in nats
///
/// # Panics
///
/// If the shapes differ, there is not a class for each row, or the temperature is not positive.
pub fn sup_con_loss(
    left: Tensor<2>,
    right: Tensor<2>,
    classes: &[u32],
    temperature: f64,
) -> Tensor<1> {
    let [n, d] = left.dims();
    assert_shape!(right, [n, d]);
    assert_eq!(classes.len(), n, "each pair has a class");
    assert!(temperature > 0.0, "the temperature is positive, not {temperature}");
    let device = left.device();
    let unit = normalize(Tensor::cat(vec![left, right], 0)); // [2n, d]
    let similarity = unit.clone().matmul(unit.transpose()) / temperature; // [2n, 2n]
    let attraction = (similarity.clone() * positives(classes, &device)).sum();
    let others = Tensor::<2, Bool>::diag_mask([2 * n, 2 * n], 0, &device);
    (log_sum_exp(similarity, Some(others)).sum() - attraction) / (2 * n) as f64
}

/// `1/|P(i)|` where a row's column is of its class, 0 elsewhere and for the row itself.
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

/// SupCon: SimCLR with the labels used, so that all views of a class attract: a ceiling for what pairs of one
/// class can teach.
///
/// A pair counts for the class of its left picture. Source: Khosla et al., "Supervised Contrastive Learning"
/// (arXiv 2004.11362).
#[derive(Module, Debug)]
pub struct SupCon<B: Backbone> {
    encoder: Encoder<B>,
    temperature: f64,
}

impl<B: Backbone> Method for SupCon<B> {
    type Backbone = B;

    fn loss(&self, mut views: Views, _clock: Clock) -> Loss {
        let classes = views.classes.take().expect("SupCon needs the classes of its pictures");
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
